#include "alerting/exercise.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "alerting/alert_id.h"

namespace belgrand::alerting {
namespace {

using storage::v1::AlertEventRecord;
using storage::v1::DeliveryRecord;

// Exercises looked back at for one that passed.
constexpr int kSearched = 50;
constexpr std::string_view kTarget = "exercise";
constexpr std::string_view kClosedBy = "belgrand";
constexpr std::string_view kClosedBecause = "The exercise is over.";

bool Opens(const AlertEventRecord& event) {
  return event.kind() == v1::OPENED || event.kind() == v1::REOPENED;
}

// When it could first be tried: what is held back on purpose is not late yet.
base::Instant Due(const DeliveryRecord& delivery) {
  const std::int64_t due = delivery.attempts() == 0
                               ? std::max(delivery.created_at_us(), delivery.next_attempt_at_us())
                               : delivery.created_at_us();
  return base::FromMicros(due);
}

}  // namespace

ExerciseDrill::ExerciseDrill(AlertBook& book, const base::Clock& clock, ExerciseOptions options)
    : book_(book), clock_(clock), options_(std::move(options)) {}

std::string ExerciseDrill::alert_id() const {
  return FormatAlertId({options_.district_id, std::string(kTarget), std::string(kExerciseRule)});
}

base::StatusOr<ExerciseState> ExerciseDrill::Judge(const AlertEventRecord& opened) {
  ExerciseState state{.stage = ExerciseState::Stage::kPassed,
                      .started = base::FromMicros(opened.at_us())};
  ASSIGN_OR_RETURN(const auto deliveries, book_.Deliveries(alert_id()));
  bool expected = false;
  base::Instant last{};
  for (const DeliveryRecord& delivery : deliveries) {
    if (delivery.event_sequence() != opened.sequence()) continue;
    if (options_.streams.contains(delivery.receiver())) continue;
    expected = true;
    last = std::max(last, base::FromMicros(delivery.last_attempt_at_us()));
    if (delivery.state() == v1::DELIVERED) continue;
    const bool late = clock_.Now() >= Due(delivery) + options_.deadline;
    if (delivery.state() == v1::DEAD || late) {
      state.stage = ExerciseState::Stage::kFailed;
      state.reason =
          fmt::format("receiver '{}' {}", delivery.receiver(),
                      delivery.state() == v1::DEAD ? "could not be told" : "was not told in time");
      return state;
    }
    state.stage = ExerciseState::Stage::kRunning;
  }
  if (!expected) {
    state.stage = ExerciseState::Stage::kFailed;
    state.reason =
        fmt::format("no receiver but streams is told of district '{}'", options_.district_id);
  } else if (state.stage == ExerciseState::Stage::kPassed) {
    state.passed_at = last;
  }
  return state;
}

base::Status ExerciseDrill::Begin() {
  const base::Instant now = clock_.Now();
  detection::v1::Signal signal;
  signal.set_level(detection::v1::DISTRICT);
  signal.set_area_id(options_.district_id);
  signal.set_district_id(options_.district_id);
  signal.set_target(std::string(kTarget));
  signal.set_detector(std::string(kExerciseRule));
  signal.set_detector_version("1");
  signal.set_signal_key(
      fmt::format("DISTRICT/{}/{}/{}", options_.district_id, kTarget, kExerciseRule));
  signal.set_kind(detection::v1::SPIKE);
  signal.set_severity(detection::v1::WARNING);
  const std::int64_t micros = base::ToMicros(now);
  for (auto* at :
       {signal.mutable_observed_at(), signal.mutable_known_at(), signal.mutable_recorded_at()}) {
    at->set_seconds(micros / 1'000'000);
    at->set_nanos(static_cast<int>(micros % 1'000'000) * 1'000);
  }
  signal.mutable_evidence()->set_explanation(
      "This is an exercise of the way that alerts take. Nothing was measured.");
  signal.mutable_evidence()->set_explanation_fr(
      "Ceci est un exercice de la chaîne d'alerte. Rien n'a été mesuré.");
  // The last exercise was closed by hand over its signal, which must end before the next begins.
  detection::v1::Signal cleared = signal;
  cleared.set_phase(detection::v1::Signal::CLEARED);
  cleared.set_feed_sequence(static_cast<std::uint64_t>(micros) * 2);
  signal.set_phase(detection::v1::Signal::RAISED);
  signal.set_feed_sequence(static_cast<std::uint64_t>(micros) * 2 + 1);
  const std::vector<const detection::v1::Signal*> signals = {&cleared, &signal};
  return book_.Apply(signals).status();
}

base::Status ExerciseDrill::Close() {
  return book_.Close(alert_id(), Closing::kResolve, kClosedBy, kClosedBecause, v1::NO_ACTION_NEEDED)
      .status();
}

base::StatusOr<ExerciseState> ExerciseDrill::ReadState() {
  ExerciseState state;
  ASSIGN_OR_RETURN(const auto history, book_.History(alert_id()));
  int looked_at = 0;
  for (auto event = history.rbegin(); event != history.rend(); ++event) {
    if (!Opens(*event)) continue;
    ASSIGN_OR_RETURN(const ExerciseState judged, Judge(*event));
    if (looked_at == 0) state = judged;
    if (judged.passed_at) passed_at_ = judged.passed_at;
    // Older ones matter only until one that passed is known, and not for ever.
    if (passed_at_ || ++looked_at == kSearched) break;
  }
  state.passed_at = passed_at_;
  return state;
}

base::StatusOr<ExerciseState> ExerciseDrill::Step() {
  const bool due = !settled_ || clock_.Now() >= settled_->started + options_.interval;
  if (settled_ && !due) return *settled_;
  const auto alert = book_.Get(alert_id());
  ExerciseState state;
  if (alert.ok()) {
    ASSIGN_OR_RETURN(state, ReadState());
    // Not opened yet (open_after): what the book holds is of the exercise before.
    if (alert->state() == v1::PENDING) state.stage = ExerciseState::Stage::kRunning;
    if (state.stage == ExerciseState::Stage::kRunning) return state;
    if (!IsClosed(alert->state())) {
      RETURN_IF_ERROR(Close());
      return state;
    }
  } else if (alert.status().code() != base::StatusCode::kNotFound) {
    return alert.status();
  }
  if (state.stage != ExerciseState::Stage::kNone &&
      clock_.Now() < state.started + options_.interval) {
    settled_ = state;
    return state;
  }
  RETURN_IF_ERROR(Begin());
  settled_.reset();
  state.stage = ExerciseState::Stage::kRunning;
  state.started = clock_.Now();
  return state;
}

base::StatusOr<std::optional<std::string>> FindOverdue(const AlertBook& book, base::Instant now,
                                                       base::Duration overdue_after,
                                                       const std::set<std::string>& streams) {
  for (const Route& route : book.routes()) {
    if (streams.contains(route.receiver)) continue;
    ASSIGN_OR_RETURN(const auto pending, book.Pending(route.receiver, 0));
    for (const DeliveryRecord& delivery : pending) {
      if (now < Due(delivery) + overdue_after) continue;
      return std::optional<std::string>(fmt::format("event {} has not reached receiver '{}'",
                                                    delivery.event_sequence(), route.receiver));
    }
  }
  return std::optional<std::string>();
}

}  // namespace belgrand::alerting
