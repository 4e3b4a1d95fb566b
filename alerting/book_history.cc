// Reading the history of AlertBook, and alerts as they were.
#include <algorithm>
#include <map>
#include <utility>

#include "alerting/book.h"
#include "alerting/book_draft.h"
#include "alerting/records.h"
#include "platform/storage/keys.h"

namespace belgrand::alerting {

using storage::v1::AlertEventRecord;
using storage::v1::AlertRecord;

bool Passes(const AlertFilter& filter, const AlertRecord& alert) {
  if (!filter.states.empty() && !filter.states.contains(alert.state())) return false;
  return !filter.awaiting_outcome ||
         (IsClosed(alert.state()) && alert.outcome() == v1::OUTCOME_UNSPECIFIED);
}

void SortNewestFirst(std::vector<AlertRecord>& alerts) {
  std::ranges::stable_sort(alerts, [](const AlertRecord& a, const AlertRecord& b) {
    return a.changed_at_us() > b.changed_at_us();
  });
}

base::StatusOr<std::vector<std::uint64_t>> AlertBook::Sequences(const AlertKey& key) const {
  const std::string prefix = AlertRecordKey(key);
  std::vector<std::uint64_t> sequences;
  auto cursor = store_.Scan(kHistory, prefix, storage::PrefixEnd(prefix));
  for (; cursor.Valid(); cursor.Next()) {
    const auto sequence = SequenceOfHistoryKey(cursor.key());
    if (sequence) sequences.push_back(*sequence);
  }
  RETURN_IF_ERROR(cursor.status());
  return sequences;
}

base::StatusOr<std::vector<AlertEventRecord>> AlertBook::History(std::string_view alert_id) const {
  ASSIGN_OR_RETURN(const AlertKey key, ParseAlertId(alert_id));
  ASSIGN_OR_RETURN(const auto sequences, Sequences(key));
  std::vector<std::string> keys;
  for (const std::uint64_t sequence : sequences) keys.push_back(EventKey(sequence));
  ASSIGN_OR_RETURN(const auto values, store_.MultiGet(kEvents, keys));
  std::vector<AlertEventRecord> events;
  for (const auto& value : values) {
    if (!value) continue;  // deleted by retention between the two reads
    ASSIGN_OR_RETURN(auto event, ParseRecord<AlertEventRecord>("event", *value));
    events.push_back(std::move(event));
  }
  return events;
}

base::StatusOr<std::optional<AlertRecord>> AlertBook::NewestUpTo(
    std::span<const std::uint64_t> sequences, base::Instant as_of) const {
  for (auto sequence = sequences.rbegin(); sequence != sequences.rend(); ++sequence) {
    auto event = Event(*sequence);
    if (event.status().code() == base::StatusCode::kNotFound) continue;  // past its retention
    RETURN_IF_ERROR(event.status());
    if (event->at_us() <= base::ToMicros(as_of)) {
      return std::optional<AlertRecord>(std::move(*event->mutable_alert()));
    }
  }
  return std::optional<AlertRecord>();
}

base::StatusOr<AlertRecord> AlertBook::GetAsOf(std::string_view alert_id,
                                               base::Instant as_of) const {
  ASSIGN_OR_RETURN(const AlertKey key, ParseAlertId(alert_id));
  ASSIGN_OR_RETURN(const auto sequences, Sequences(key));
  ASSIGN_OR_RETURN(auto alert, NewestUpTo(sequences, as_of));
  if (!alert || !IsShown(*alert)) {
    return base::NotFound("no alert '{}' was known at {}", alert_id, base::FormatInstant(as_of));
  }
  return *std::move(alert);
}

base::StatusOr<std::vector<AlertRecord>> AlertBook::ListAsOf(const AlertFilter& filter) const {
  std::string from;
  if (!filter.district_id.empty()) storage::AppendText(from, filter.district_id);
  std::map<std::string, std::vector<std::uint64_t>> by_alert;
  auto cursor = store_.Scan(kHistory, from, from.empty() ? "" : storage::PrefixEnd(from));
  for (; cursor.Valid(); cursor.Next()) {
    const auto sequence = SequenceOfHistoryKey(cursor.key());
    if (!sequence) return base::DataLoss("a history entry of the alerting database is damaged");
    by_alert[std::string(cursor.key().substr(0, cursor.key().size() - sizeof(std::uint64_t)))]
        .push_back(*sequence);
  }
  RETURN_IF_ERROR(cursor.status());
  std::vector<AlertRecord> alerts;
  for (const auto& [key, sequences] : by_alert) {
    ASSIGN_OR_RETURN(auto alert, NewestUpTo(sequences, *filter.as_of));
    if (alert && IsShown(*alert) && Passes(filter, *alert)) alerts.push_back(*std::move(alert));
  }
  SortNewestFirst(alerts);
  return alerts;
}

}  // namespace belgrand::alerting
