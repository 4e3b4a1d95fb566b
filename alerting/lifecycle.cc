#include "alerting/lifecycle.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "alerting/alert_id.h"
#include "alerting/text.h"

namespace belgrand::alerting {
namespace {

using detection::v1::Signal;
using storage::v1::AlertAreaRecord;
using storage::v1::AlertRecord;

// A fall is told when this many signals in a row have found it.
constexpr std::uint32_t kSignalsToTellFall = 2;

bool IsSupporting(const Signal& signal) {
  return signal.level() == detection::v1::SITE && signal.kind() == detection::v1::RISE;
}

AlertAreaRecord* FindArea(AlertRecord& alert, std::string_view signal_key) {
  for (AlertAreaRecord& area : *alert.mutable_areas()) {
    if (area.signal_key() == signal_key) return &area;
  }
  return nullptr;
}

// Microseconds; 0: the signal does not say.
std::int64_t RecordedAt(const Signal& signal) {
  return signal.recorded_at().seconds() * 1'000'000 + signal.recorded_at().nanos() / 1'000;
}

// Rule (1).
bool ComesAfter(const Signal& signal, const AlertAreaRecord& area) {
  if (signal.generation() > area.generation()) return true;
  const std::int64_t recorded = RecordedAt(signal);
  if (recorded != 0 && area.recorded_at_us() != 0 && recorded != area.recorded_at_us()) {
    return recorded > area.recorded_at_us();
  }
  return signal.feed_sequence() > area.feed_sequence();
}

// 0: no deciding area is active.
int HighestSeverity(const AlertRecord& alert) {
  int highest = 0;
  for (const AlertAreaRecord& area : alert.areas()) {
    if (!area.supporting()) highest = std::max(highest, area.severity());
  }
  return highest;
}

AlertRecord NewRecord(const Signal& signal) {
  AlertRecord alert;
  alert.set_district_id(signal.district_id());
  alert.set_target(signal.target());
  alert.set_rule(signal.detector());
  alert.set_alert_id(FormatAlertId({signal.district_id(), signal.target(), signal.detector()}));
  alert.set_kind(signal.kind());
  return alert;
}

void TakeEvidence(AlertRecord& alert, const Signal& signal) {
  alert.set_owner(signal.owner());
  if (signal.has_evidence()) alert.set_evidence(signal.evidence().SerializeAsString());
}

// What a signal tells of an alert that it opens, or that is pending with it.
void TakeSignal(AlertRecord& alert, const Signal& signal) {
  const auto& observed = signal.observed_at();
  alert.set_kind(signal.kind());
  alert.set_observed_at_us(observed.seconds() * 1'000'000 + observed.nanos() / 1'000);
  TakeEvidence(alert, signal);
}

v1::EventKind Open(AlertRecord& alert, std::int64_t now_us) {
  const bool first = !WasOpened(alert);
  alert.set_state(WasOpened(alert) ? v1::OPEN_AGAIN : v1::OPEN);
  alert.clear_outcome();
  alert.clear_track_record();
  alert.clear_pending_since_us();
  alert.clear_state_before_pending();
  alert.set_episode(alert.episode() + 1);
  alert.set_opened_at_us(now_us);
  alert.clear_resolved_at_us();
  alert.clear_acknowledged_by();
  alert.clear_acknowledged_at_us();
  alert.set_severity(HighestSeverity(alert));
  alert.set_announced_severity(alert.severity());
  alert.clear_lower_signals();
  return first ? v1::OPENED : v1::REOPENED;
}

// Rule (8), of an alert that is PENDING.
std::optional<v1::EventKind> FollowPending(AlertRecord& alert, const Signal& signal,
                                           std::int64_t now_us, base::Duration open_after) {
  const int severity = HighestSeverity(alert);
  if (severity == 0) {
    alert.set_state(alert.state_before_pending());
    alert.clear_pending_since_us();
    alert.clear_state_before_pending();
    return v1::PENDING_ENDED;
  }
  alert.set_severity(severity);
  if (signal.phase() != Signal::CLEARED) TakeEvidence(alert, signal);
  if (severity < detection::v1::CRITICAL &&
      now_us - alert.pending_since_us() < open_after.count()) {
    return std::nullopt;
  }
  return Open(alert, now_us);
}

// Rule (4).
std::optional<v1::EventKind> FollowSeverity(AlertRecord& alert) {
  alert.set_severity(HighestSeverity(alert));
  if (alert.severity() < alert.announced_severity()) {
    alert.set_lower_signals(alert.lower_signals() + 1);
    if (alert.lower_signals() < kSignalsToTellFall) return std::nullopt;
  } else if (alert.severity() == alert.announced_severity()) {
    alert.clear_lower_signals();
    return std::nullopt;
  }
  alert.set_announced_severity(alert.severity());
  alert.clear_lower_signals();
  return v1::SEVERITY_CHANGED;
}

// What a signal of a deciding area does once the area itself is brought up to date.
std::optional<v1::EventKind> Decide(AlertRecord& alert, const Signal& signal, bool was_active,
                                    std::int64_t now_us, base::Duration open_after) {
  const bool cleared = signal.phase() == Signal::CLEARED;
  if (alert.state() == v1::PENDING) return FollowPending(alert, signal, now_us, open_after);
  if (!Stands(alert.state())) {
    if (cleared) return std::nullopt;
    const bool raised = signal.phase() == Signal::RAISED || !was_active;
    if (!raised && signal.severity() <= alert.severity()) return std::nullopt;
    TakeSignal(alert, signal);
    if (open_after <= base::Duration(0) || HighestSeverity(alert) >= detection::v1::CRITICAL) {
      return Open(alert, now_us);
    }
    alert.set_severity(HighestSeverity(alert));
    alert.set_state_before_pending(alert.state());
    alert.set_state(v1::PENDING);
    alert.set_pending_since_us(now_us);
    return v1::BECAME_PENDING;
  }
  if (HighestSeverity(alert) == 0) {
    alert.set_state(v1::RESOLVED);
    alert.set_resolved_at_us(now_us);
    TakeEvidence(alert, signal);
    return v1::RESOLVED_BY_DETECTION;
  }
  if (!cleared) TakeEvidence(alert, signal);
  return FollowSeverity(alert);
}

std::string SeverityName(int severity) {
  return detection::v1::Severity_Name(static_cast<detection::v1::Severity>(severity));
}

// What a signal did, for the history.
std::string CauseOf(const Signal& signal, v1::EventKind event, const AlertRecord& before,
                    const AlertRecord& after) {
  if (event == v1::RESOLVED_BY_DETECTION) {
    return fmt::format("rule {} has cleared everywhere, last on {}", after.rule(),
                       signal.area_id());
  }
  if (event == v1::PENDING_ENDED) {
    return fmt::format("rule {} cleared before the alert had lasted long enough to open",
                       after.rule());
  }
  if (event == v1::SEVERITY_CHANGED) {
    return fmt::format("severity went from {} to {} with a signal on {}",
                       SeverityName(before.announced_severity()), SeverityName(after.severity()),
                       signal.area_id());
  }
  return fmt::format("rule {} {} {} on {}", after.rule(),
                     signal.phase() == Signal::RAISED ? "raised" : "held",
                     SeverityName(signal.severity()), signal.area_id());
}

// Refuses to do to a closed alert what only one that stands can bear.
base::Status CheckStands(const AlertRecord& alert, std::string_view why) {
  if (Stands(alert.state())) return base::OkStatus();
  return base::FailedPrecondition("alert '{}' is {}: {}; it opens by itself on a new signal",
                                  alert.alert_id(), StateName(alert.state()), why);
}

base::Status CheckOutcome(v1::AlertOutcome outcome) {
  if (v1::AlertOutcome_IsValid(outcome)) return base::OkStatus();
  return base::InvalidArgument(
      "outcome is {}: say TRUE_ALERT, FALSE_ALERT, DATA_FAULT or NO_ACTION_NEEDED",
      static_cast<int>(outcome));
}

base::Status CheckPersonText(std::string_view field, std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return base::InvalidArgument("{} has {} bytes: at most {} are kept; shorten it", field,
                                 text.size(), max_bytes);
  }
  if (!IsPrintableUtf8(text)) {
    return base::InvalidArgument("{} holds bytes that are not printable UTF-8 text; retype it",
                                 field);
  }
  return base::OkStatus();
}

base::Status CheckName(std::string_view field, std::string_view text) {
  if (text.empty()) return base::InvalidArgument("{} is empty: a signal must name it", field);
  if (text.size() > kMaxNameBytes) {
    return base::InvalidArgument("{} has {} bytes: at most {} are allowed", field, text.size(),
                                 kMaxNameBytes);
  }
  return base::OkStatus();
}

}  // namespace

base::Status CheckKind(int kind) {
  if (kind == detection::v1::SPIKE || kind == detection::v1::RISE ||
      kind == detection::v1::DATA_GAP) {
    return base::OkStatus();
  }
  return base::InvalidArgument("kind is {}: say SPIKE, RISE or DATA_GAP", kind);
}

base::Status CheckPerson(std::string_view by, std::string_view comment_field,
                         std::string_view comment) {
  if (TrimmedEmpty(by)) {
    return base::InvalidArgument("by is empty: name the official who acts");
  }
  RETURN_IF_ERROR(CheckPersonText("by", by, kMaxNameBytes));
  RETURN_IF_ERROR(CheckPersonText(comment_field, comment, kMaxCommentBytes));
  if (const auto length = CountCharacters(comment); length > kMaxCommentCharacters) {
    return base::InvalidArgument("{} has {} characters: at most {} are kept; shorten it",
                                 comment_field, length, kMaxCommentCharacters);
  }
  return base::OkStatus();
}

std::string_view StateName(int state) {
  switch (state) {
    case v1::OPEN:
      return "open";
    case v1::ACKNOWLEDGED:
      return "acknowledged";
    case v1::RESOLVED:
      return "resolved";
    case v1::DISMISSED:
      return "dismissed";
    case v1::ESCALATED:
      return "escalated";
    case v1::OPEN_AGAIN:
      return "open again";
    case v1::PENDING:
      return "pending";
    default:
      return "not open";
  }
}

bool WasOpened(const AlertRecord& alert) { return alert.episode() > 0; }
bool IsShown(const AlertRecord& alert) { return WasOpened(alert) || alert.state() == v1::PENDING; }
bool NeedsPerson(int state) {
  return state == v1::OPEN || state == v1::OPEN_AGAIN || state == v1::ESCALATED;
}
bool Stands(int state) { return NeedsPerson(state) || state == v1::ACKNOWLEDGED; }
bool IsClosed(int state) { return state == v1::RESOLVED || state == v1::DISMISSED; }

base::Status CheckSignal(const Signal& signal) {
  if (signal.signal_key().empty() || signal.signal_key().size() > 4 * kMaxNameBytes) {
    return base::InvalidArgument("signal_key has {} bytes: 1 to {} are allowed",
                                 signal.signal_key().size(), 4 * kMaxNameBytes);
  }
  RETURN_IF_ERROR(CheckName("area_id", signal.area_id()));
  RETURN_IF_ERROR(CheckName("district_id", signal.district_id()));
  RETURN_IF_ERROR(CheckName("target", signal.target()));
  RETURN_IF_ERROR(CheckName("detector", signal.detector()));
  if (signal.feed_sequence() == 0) {
    return base::InvalidArgument("feed_sequence is 0: the feed numbers samples from 1");
  }
  if (signal.level() != detection::v1::SITE && signal.level() != detection::v1::DISTRICT) {
    return base::InvalidArgument("level is {}: say SITE or DISTRICT",
                                 static_cast<int>(signal.level()));
  }
  RETURN_IF_ERROR(CheckKind(signal.kind()));
  if (signal.owner().size() > kMaxOwnerBytes) {
    return base::InvalidArgument("owner has {} bytes: at most {} are kept", signal.owner().size(),
                                 kMaxOwnerBytes);
  }
  if (signal.phase() != Signal::RAISED && signal.phase() != Signal::UPDATED &&
      signal.phase() != Signal::CLEARED) {
    return base::InvalidArgument("phase is {}: say RAISED, UPDATED or CLEARED",
                                 static_cast<int>(signal.phase()));
  }
  if (signal.phase() != Signal::CLEARED &&
      (signal.severity() < detection::v1::WATCH || signal.severity() > detection::v1::CRITICAL)) {
    return base::InvalidArgument("severity is {}: a raised signal says WATCH, WARNING or CRITICAL",
                                 static_cast<int>(signal.severity()));
  }
  return base::OkStatus();
}

Change ApplySignal(const AlertRecord* current, const Signal& signal, base::Instant now,
                   base::Duration open_after) {
  Change change{.alert = current != nullptr ? *current : NewRecord(signal)};
  change.state_before = change.alert.state();
  AlertRecord& alert = change.alert;
  AlertAreaRecord* area = FindArea(alert, signal.signal_key());
  if (area == nullptr) {
    area = alert.add_areas();
    area->set_signal_key(signal.signal_key());
    area->set_area_id(signal.area_id());
  } else if (!ComesAfter(signal, *area)) {
    return change;
  }
  const bool was_active = area->severity() > 0;
  area->set_generation(signal.generation());
  area->set_recorded_at_us(RecordedAt(signal));
  area->set_feed_sequence(signal.feed_sequence());
  area->set_severity(signal.phase() == Signal::CLEARED ? 0 : static_cast<int>(signal.severity()));
  area->set_supporting(IsSupporting(signal));
  change.changed = true;
  alert.set_changed_at_us(base::ToMicros(now));
  if (!area->supporting()) {
    change.event = Decide(alert, signal, was_active, base::ToMicros(now), open_after);
  }
  if (change.event) {
    change.cause = CauseOf(signal, *change.event, current != nullptr ? *current : alert, alert);
  }
  return change;
}

namespace {

// The start of what a person does: the alert as it was, changed now.
Change Act(const AlertRecord& current, v1::AlertState state, v1::EventKind event,
           base::Instant now) {
  Change change{.alert = current};
  change.state_before = current.state();
  change.event = event;
  change.changed = true;
  change.alert.set_state(state);
  change.alert.set_changed_at_us(base::ToMicros(now));
  return change;
}

base::Status CheckReason(std::string_view by, std::string_view reason, std::string_view why) {
  RETURN_IF_ERROR(CheckPerson(by, "reason", reason));
  if (TrimmedEmpty(reason)) return base::InvalidArgument("reason is empty: say why {}", why);
  return base::OkStatus();
}

}  // namespace

Change OpenPending(const AlertRecord& current, base::Instant now) {
  Change change{.alert = current};
  change.state_before = current.state();
  change.changed = true;
  change.alert.set_changed_at_us(base::ToMicros(now));
  change.event = Open(change.alert, base::ToMicros(now));
  change.cause = fmt::format("rule {} has held since {}", current.rule(),
                             base::FormatInstant(base::FromMicros(current.pending_since_us())));
  return change;
}

base::StatusOr<Change> Acknowledge(const AlertRecord& current, std::string_view by,
                                   std::string_view comment, base::Instant now) {
  RETURN_IF_ERROR(CheckPerson(by, "comment", comment));
  RETURN_IF_ERROR(CheckStands(current, "there is nothing to take responsibility for"));
  if (current.state() == v1::ACKNOWLEDGED) return Change{.alert = current};
  Change change = Act(current, v1::ACKNOWLEDGED, v1::ACKNOWLEDGED_BY, now);
  change.alert.set_acknowledged_by(std::string(by));
  change.alert.set_acknowledged_at_us(base::ToMicros(now));
  return change;
}

base::StatusOr<Change> Escalate(const AlertRecord& current, std::string_view by,
                                std::string_view reason, base::Instant now) {
  RETURN_IF_ERROR(CheckReason(by, reason, "others must act"));
  RETURN_IF_ERROR(CheckStands(current, "there is nothing to hand on"));
  Change change = Act(current, v1::ESCALATED, v1::ESCALATED_BY, now);
  change.alert.clear_acknowledged_by();
  change.alert.clear_acknowledged_at_us();
  return change;
}

base::StatusOr<Change> CloseByHand(const AlertRecord& current, Closing closing, std::string_view by,
                                   std::string_view reason, v1::AlertOutcome outcome,
                                   base::Instant now) {
  RETURN_IF_ERROR(CheckReason(by, reason, "the alert can be closed"));
  RETURN_IF_ERROR(CheckOutcome(outcome));
  if (!Stands(current.state())) {
    return base::FailedPrecondition("alert '{}' is {} already", current.alert_id(),
                                    StateName(current.state()));
  }
  const bool dismiss = closing == Closing::kDismiss;
  if (dismiss && outcome == v1::OUTCOME_UNSPECIFIED) outcome = v1::FALSE_ALERT;
  if (dismiss && outcome != v1::FALSE_ALERT && outcome != v1::DATA_FAULT) {
    return base::InvalidArgument(
        "outcome is {}: a dismissed alert is a FALSE_ALERT or a DATA_FAULT; resolve one that was "
        "real",
        v1::AlertOutcome_Name(outcome));
  }
  Change change = Act(current, dismiss ? v1::DISMISSED : v1::RESOLVED,
                      dismiss ? v1::DISMISSED_BY : v1::RESOLVED_BY_HAND, now);
  change.alert.set_resolved_at_us(base::ToMicros(now));
  change.alert.set_outcome(outcome);
  return change;
}

base::StatusOr<Change> ReopenByHand(const AlertRecord& current, std::string_view by,
                                    std::string_view reason, base::Instant now) {
  RETURN_IF_ERROR(CheckReason(by, reason, "it must stand again"));
  if (!IsClosed(current.state())) {
    return base::FailedPrecondition("alert '{}' is not closed", current.alert_id());
  }
  Change change = Act(current, v1::OPEN_AGAIN, v1::REOPENED_BY, now);
  change.alert.clear_resolved_at_us();
  change.alert.clear_outcome();
  change.alert.clear_acknowledged_by();
  change.alert.clear_acknowledged_at_us();
  return change;
}

base::StatusOr<Change> RecordOutcome(const AlertRecord& current, std::string_view by,
                                     v1::AlertOutcome outcome, std::string_view comment,
                                     base::Instant now) {
  RETURN_IF_ERROR(CheckPerson(by, "comment", comment));
  RETURN_IF_ERROR(CheckOutcome(outcome));
  if (outcome == v1::OUTCOME_UNSPECIFIED) {
    return base::InvalidArgument(
        "outcome is missing: say TRUE_ALERT, FALSE_ALERT, DATA_FAULT or NO_ACTION_NEEDED");
  }
  if (!IsClosed(current.state())) {
    return base::FailedPrecondition("alert '{}' is not closed: what it was is said at its end",
                                    current.alert_id());
  }
  if (current.outcome() == outcome) return Change{.alert = current};
  Change change =
      Act(current, static_cast<v1::AlertState>(current.state()), v1::OUTCOME_RECORDED, now);
  change.alert.set_outcome(outcome);
  return change;
}

}  // namespace belgrand::alerting
