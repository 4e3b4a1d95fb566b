// What officials do to the alerts of AlertBook, and what becomes of what they say.
#include <utility>

#include "alerting/book.h"
#include "alerting/book_draft.h"
#include "alerting/records.h"
#include "platform/storage/keys.h"

namespace belgrand::alerting {
namespace {

using storage::v1::AlertRecord;
using storage::v1::OutcomeRecord;
using storage::v1::TrackRecordCounts;

void Count(int outcome, TrackRecordCounts& counts) {
  switch (outcome) {
    case v1::TRUE_ALERT:
      return counts.set_true_alerts(counts.true_alerts() + 1);
    case v1::FALSE_ALERT:
      return counts.set_false_alerts(counts.false_alerts() + 1);
    case v1::DATA_FAULT:
      return counts.set_data_faults(counts.data_faults() + 1);
    case v1::NO_ACTION_NEEDED:
      return counts.set_no_action_needed(counts.no_action_needed() + 1);
    default:
      return;
  }
}

}  // namespace

base::StatusOr<AlertRecord> AlertBook::CommitOne(const AlertRecord& before, const Change& change,
                                                 std::string_view by, std::string_view comment) {
  if (!change.changed) return change.alert;
  Draft draft(next_sequence_, base::FromMicros(change.alert.changed_at_us()));
  RETURN_IF_ERROR(AddChange(draft, change, by, comment));
  if (change.alert.outcome() != before.outcome()) {
    const std::string key = OutcomeKey(KeyOf(before), before.episode());
    if (change.alert.outcome() == v1::OUTCOME_UNSPECIFIED) {
      draft.batch.Delete(kOutcomes, key);
    } else {
      OutcomeRecord outcome;
      outcome.set_district_id(before.district_id());
      outcome.set_target(before.target());
      outcome.set_rule(before.rule());
      outcome.set_episode(before.episode());
      outcome.set_outcome(change.alert.outcome());
      outcome.set_at_us(base::ToMicros(draft.now));
      draft.batch.Put(kOutcomes, key, outcome.SerializeAsString());
    }
  }
  const AlertRecord after = draft.alerts.at(KeyOf(before));
  RETURN_IF_ERROR(Commit(draft));
  return after;
}

base::StatusOr<AlertRecord> AlertBook::Acknowledge(std::string_view alert_id, std::string_view by,
                                                   std::string_view comment) {
  base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const AlertRecord before, Get(alert_id));
  ASSIGN_OR_RETURN(const Change change, alerting::Acknowledge(before, by, comment, clock_.Now()));
  return CommitOne(before, change, by, comment);
}

base::StatusOr<AlertRecord> AlertBook::Escalate(std::string_view alert_id, std::string_view by,
                                                std::string_view reason) {
  base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const AlertRecord before, Get(alert_id));
  ASSIGN_OR_RETURN(const Change change, alerting::Escalate(before, by, reason, clock_.Now()));
  return CommitOne(before, change, by, reason);
}

base::StatusOr<AlertRecord> AlertBook::Close(std::string_view alert_id, Closing closing,
                                             std::string_view by, std::string_view reason,
                                             v1::AlertOutcome outcome) {
  base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const AlertRecord before, Get(alert_id));
  ASSIGN_OR_RETURN(const Change change,
                   CloseByHand(before, closing, by, reason, outcome, clock_.Now()));
  return CommitOne(before, change, by, reason);
}

base::StatusOr<AlertRecord> AlertBook::Reopen(std::string_view alert_id, std::string_view by,
                                              std::string_view reason) {
  base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const AlertRecord before, Get(alert_id));
  ASSIGN_OR_RETURN(const Change change, ReopenByHand(before, by, reason, clock_.Now()));
  return CommitOne(before, change, by, reason);
}

base::StatusOr<AlertRecord> AlertBook::RecordOutcome(std::string_view alert_id, std::string_view by,
                                                     v1::AlertOutcome outcome,
                                                     std::string_view comment) {
  base::MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const AlertRecord before, Get(alert_id));
  ASSIGN_OR_RETURN(const Change change,
                   alerting::RecordOutcome(before, by, outcome, comment, clock_.Now()));
  return CommitOne(before, change, by, comment);
}

base::StatusOr<std::vector<RuleRecord>> AlertBook::TrackRecords(std::string_view district_id,
                                                                std::string_view rule) const {
  std::string prefix;
  if (!district_id.empty()) {
    prefix = rule.empty() ? OutcomePrefix(district_id) : OutcomePrefix(district_id, rule);
  }
  std::vector<RuleRecord> records;
  auto cursor = store_.Scan(kOutcomes, prefix, prefix.empty() ? "" : storage::PrefixEnd(prefix));
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(const auto outcome, ParseRecord<OutcomeRecord>("outcome", cursor.value()));
    if (!rule.empty() && outcome.rule() != rule) continue;
    if (records.empty() || records.back().district_id != outcome.district_id() ||
        records.back().rule != outcome.rule()) {
      records.push_back({outcome.district_id(), outcome.rule(), {}});
    }
    Count(outcome.outcome(), records.back().counts);
  }
  RETURN_IF_ERROR(cursor.status());
  return records;
}

base::Status AlertBook::AddTrackRecord(AlertRecord& alert) const {
  ASSIGN_OR_RETURN(const auto records, TrackRecords(alert.district_id(), alert.rule()));
  if (!records.empty()) *alert.mutable_track_record() = records.front().counts;
  return base::OkStatus();
}

}  // namespace belgrand::alerting
