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
  if (signal.has_evidence()) alert.set_evidence(signal.evidence().SerializeAsString());
}

void Open(AlertRecord& alert, const Signal& signal, std::int64_t now_us) {
  const auto& observed = signal.observed_at();
  alert.set_state(v1::OPEN);
  alert.set_episode(alert.episode() + 1);
  alert.set_kind(signal.kind());
  alert.set_opened_at_us(now_us);
  alert.set_observed_at_us(observed.seconds() * 1'000'000 + observed.nanos() / 1'000);
  alert.clear_resolved_at_us();
  alert.clear_acknowledged_by();
  alert.clear_acknowledged_at_us();
  alert.set_severity(HighestSeverity(alert));
  alert.set_announced_severity(alert.severity());
  alert.clear_lower_signals();
  TakeEvidence(alert, signal);
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
                                    std::int64_t now_us) {
  const bool cleared = signal.phase() == Signal::CLEARED;
  const bool open = alert.state() == v1::OPEN || alert.state() == v1::ACKNOWLEDGED;
  if (!open) {
    if (cleared) return std::nullopt;
    const bool raised = signal.phase() == Signal::RAISED || !was_active;
    if (!raised && signal.severity() <= alert.severity()) return std::nullopt;
    const bool first = !WasOpened(alert);
    Open(alert, signal, now_us);
    return first ? v1::OPENED : v1::REOPENED;
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

base::Status CheckName(std::string_view field, std::string_view text) {
  if (text.empty()) return base::InvalidArgument("{} is empty: a signal must name it", field);
  if (text.size() > kMaxNameBytes) {
    return base::InvalidArgument("{} has {} bytes: at most {} are allowed", field, text.size(),
                                 kMaxNameBytes);
  }
  return base::OkStatus();
}

}  // namespace

bool WasOpened(const AlertRecord& alert) { return alert.episode() > 0; }

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
  if (signal.kind() != detection::v1::SPIKE && signal.kind() != detection::v1::RISE) {
    return base::InvalidArgument("kind is {}: say SPIKE or RISE", static_cast<int>(signal.kind()));
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

Change ApplySignal(const AlertRecord* current, const Signal& signal, base::Instant now) {
  Change change{.alert = current != nullptr ? *current : NewRecord(signal)};
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
  if (!area->supporting()) change.event = Decide(alert, signal, was_active, base::ToMicros(now));
  return change;
}

base::StatusOr<Change> Acknowledge(const AlertRecord& current, std::string_view by,
                                   std::string_view comment, base::Instant now) {
  RETURN_IF_ERROR(CheckPerson(by, "comment", comment));
  if (current.state() == v1::RESOLVED) {
    return base::FailedPrecondition(
        "alert '{}' is resolved: there is nothing to take responsibility for; it reopens by itself "
        "on a new signal",
        current.alert_id());
  }
  Change change{.alert = current};
  if (current.state() == v1::ACKNOWLEDGED) return change;
  change.alert.set_state(v1::ACKNOWLEDGED);
  change.alert.set_acknowledged_by(std::string(by));
  change.alert.set_acknowledged_at_us(base::ToMicros(now));
  change.alert.set_changed_at_us(base::ToMicros(now));
  change.event = v1::ACKNOWLEDGED_BY;
  change.changed = true;
  return change;
}

base::StatusOr<Change> ResolveByHand(const AlertRecord& current, std::string_view by,
                                     std::string_view reason, base::Instant now) {
  RETURN_IF_ERROR(CheckPerson(by, "reason", reason));
  if (TrimmedEmpty(reason)) {
    return base::InvalidArgument("reason is empty: say why the alert can be closed");
  }
  if (current.state() == v1::RESOLVED) {
    return base::FailedPrecondition("alert '{}' is resolved already", current.alert_id());
  }
  Change change{.alert = current};
  change.alert.set_state(v1::RESOLVED);
  change.alert.set_resolved_at_us(base::ToMicros(now));
  change.alert.set_changed_at_us(base::ToMicros(now));
  change.event = v1::RESOLVED_BY_HAND;
  change.changed = true;
  return change;
}

}  // namespace belgrand::alerting
