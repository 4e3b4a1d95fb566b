#include "alerting/convert.h"

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>

#include "alerting/alert_id.h"
#include "alerting/exercise.h"
#include "alerting/lifecycle.h"
#include "alerting/notice.h"
#include "alerting/silence.h"
#include "platform/base/time.h"

namespace belgrand::alerting {
namespace {

void SetTimestamp(std::int64_t micros, google::protobuf::Timestamp* out) {
  const base::Instant instant = base::FromMicros(micros);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(instant);
  out->set_seconds(seconds.time_since_epoch().count());
  out->set_nanos(static_cast<int>((instant - seconds).count()) * 1000);
}

}  // namespace

v1::Alert ToWire(const storage::v1::AlertRecord& record) {
  v1::Alert alert;
  alert.set_alert_id(record.alert_id());
  alert.set_district_id(record.district_id());
  alert.set_target(record.target());
  alert.set_rule(record.rule());
  alert.set_kind(static_cast<detection::v1::SignalKind>(record.kind()));
  alert.set_state(static_cast<v1::AlertState>(record.state()));
  alert.set_severity(static_cast<detection::v1::Severity>(record.severity()));
  SetTimestamp(record.opened_at_us(), alert.mutable_opened_at());
  SetTimestamp(record.changed_at_us(), alert.mutable_changed_at());
  SetTimestamp(record.observed_at_us(), alert.mutable_observed_at());
  if (record.resolved_at_us() != 0) {
    SetTimestamp(record.resolved_at_us(), alert.mutable_resolved_at());
  }
  alert.set_episode(record.episode());
  alert.set_exercise(record.rule() == kExerciseRule);
  for (const auto& area : record.areas()) {
    if (area.severity() > 0) alert.add_active_areas(area.area_id());
  }
  // What this program serialised itself; an alert without its evidence is still an alert.
  if (!record.evidence().empty() && !alert.mutable_evidence()->ParseFromString(record.evidence())) {
    alert.clear_evidence();
  }
  alert.set_acknowledged_by(record.acknowledged_by());
  if (record.acknowledged_at_us() != 0) {
    SetTimestamp(record.acknowledged_at_us(), alert.mutable_acknowledged_at());
  }
  alert.set_outcome(static_cast<v1::AlertOutcome>(record.outcome()));
  alert.set_alert_class(record.alert_class() == v1::OPERATIONS     ? v1::OPERATIONS
                        : record.kind() == detection::v1::DATA_GAP ? v1::DATA
                                                                   : v1::DETECTION);
  alert.set_owner(record.owner());
  alert.set_muted_by(record.muted_by());
  if (NeedsPerson(record.state())) {
    alert.set_escalation(record.escalation_plan());
    alert.set_escalation_step(record.escalation_step());
    if (record.escalation_due_us() != 0) {
      SetTimestamp(record.escalation_due_us(), alert.mutable_next_step_at());
    }
  }
  if (record.has_track_record()) *alert.mutable_track_record() = ToWire(record.track_record());
  return alert;
}

v1::NoticeStep ToWire(const storage::v1::NoticeStepRecord& record) {
  v1::NoticeStep step;
  step.set_kind(static_cast<v1::NoticeStepKind>(record.kind()));
  SetTimestamp(record.at_us(), step.mutable_at());
  step.set_by(record.by());
  step.set_comment(record.comment());
  step.set_digest(record.digest());
  step.set_cause(record.cause());
  return step;
}

v1::Notice ToWire(const storage::v1::NoticeRecord& record) {
  v1::Notice notice;
  notice.set_notice_id(record.notice_id());
  notice.set_alert_id(FormatAlertId({record.district_id(), record.target(), record.rule()}));
  notice.set_state(static_cast<v1::NoticeState>(record.state()));
  SetTimestamp(record.changed_at_us(), notice.mutable_changed_at());
  for (const auto& released : record.releases()) {
    auto& release = *notice.add_releases();
    release.set_release_id(released.release_id());
    release.set_type(static_cast<v1::NoticeType>(released.type()));
    release.set_identifier(released.identifier());
    release.set_digest(released.digest());
    SetTimestamp(released.released_at_us(), release.mutable_released_at());
    SetTimestamp(released.expires_at_us(), release.mutable_expires_at());
    notice.set_headline(released.headline());
  }
  if (!record.has_draft()) return notice;
  notice.set_headline(record.draft().headline());
  auto& draft = *notice.mutable_draft();
  draft.set_type(static_cast<v1::NoticeType>(record.draft().type()));
  draft.set_digest(NoticeDigest(record.draft()));
  SetTimestamp(record.draft().composed_at_us(), draft.mutable_composed_at());
  SetTimestamp(record.draft().expires_at_us(), draft.mutable_expires_at());
  SetTimestamp(record.draft().waiting_since_us(), draft.mutable_waiting_since());
  draft.set_approvals(ApprovalsOf(record.draft()));
  draft.set_approvals_needed(ApprovalsNeeded(record.draft()));
  return notice;
}

v1::Silence ToWire(const storage::v1::SilenceRecord& record) {
  v1::Silence silence;
  silence.set_silence_id(record.silence_id());
  v1::SilenceMatch& match = *silence.mutable_match();
  *match.mutable_district_ids() = record.district_ids();
  *match.mutable_targets() = record.targets();
  *match.mutable_rules() = record.rules();
  for (const int kind : record.kinds())
    match.add_kinds(static_cast<detection::v1::SignalKind>(kind));
  match.set_include_critical(record.include_critical());
  silence.set_owner(record.owner());
  silence.set_reason(record.reason());
  SetTimestamp(record.created_at_us(), silence.mutable_created_at());
  SetTimestamp(record.starts_at_us(), silence.mutable_starts_at());
  SetTimestamp(record.ends_at_us(), silence.mutable_ends_at());
  silence.set_ended_by(record.ended_by());
  silence.set_awaits_consent(AwaitsConsent(record));
  silence.set_consented_by(record.consented_by());
  if (record.consented_at_us() != 0) {
    SetTimestamp(record.consented_at_us(), silence.mutable_consented_at());
  }
  return silence;
}

storage::v1::SilenceRecord FromWire(const v1::SilenceMatch& match) {
  storage::v1::SilenceRecord record;
  *record.mutable_district_ids() = match.district_ids();
  *record.mutable_targets() = match.targets();
  *record.mutable_rules() = match.rules();
  for (const int kind : match.kinds()) record.add_kinds(kind);
  record.set_include_critical(match.include_critical());
  return record;
}

v1::TrackRecord ToWire(const storage::v1::TrackRecordCounts& counts) {
  v1::TrackRecord record;
  record.set_true_alerts(counts.true_alerts());
  record.set_false_alerts(counts.false_alerts());
  record.set_data_faults(counts.data_faults());
  record.set_no_action_needed(counts.no_action_needed());
  record.set_judged(counts.true_alerts() + counts.false_alerts() + counts.data_faults() +
                    counts.no_action_needed());
  return record;
}

v1::AlertEvent ToWire(const storage::v1::AlertEventRecord& record, Repeat repeat) {
  v1::AlertEvent event;
  event.set_sequence(record.sequence());
  event.set_kind(static_cast<v1::EventKind>(record.kind()));
  SetTimestamp(record.at_us(), event.mutable_at());
  *event.mutable_alert() = ToWire(record.alert());
  event.set_by(record.by());
  event.set_comment(record.comment());
  event.set_repeat(repeat == Repeat::kYes);
  event.set_state_before(static_cast<v1::AlertState>(record.state_before()));
  event.set_cause(record.cause());
  return event;
}

v1::Delivery ToWire(const storage::v1::DeliveryRecord& record) {
  v1::Delivery delivery;
  delivery.set_event_sequence(record.event_sequence());
  delivery.set_alert_id(record.alert_id());
  delivery.set_receiver(record.receiver());
  delivery.set_state(static_cast<v1::DeliveryState>(record.state()));
  delivery.set_attempts(record.attempts());
  if (record.last_attempt_at_us() != 0) {
    SetTimestamp(record.last_attempt_at_us(), delivery.mutable_last_attempt_at());
  }
  if (record.next_attempt_at_us() != 0) {
    SetTimestamp(record.next_attempt_at_us(), delivery.mutable_next_attempt_at());
  }
  delivery.set_last_result(record.last_result());
  for (const auto& stored : record.receipts()) {
    v1::Receipt& receipt = *delivery.add_receipts();
    receipt.set_recipient(stored.recipient());
    receipt.set_state(static_cast<v1::ReceiptState>(stored.state()));
    SetTimestamp(stored.at_us(), receipt.mutable_at());
    receipt.set_result(stored.result());
  }
  return delivery;
}

}  // namespace belgrand::alerting
