// Exercises: made-up alerts, on a schedule, that go the way of real ones from signal to receivers.
//
// What is not tried is broken one day. An exercise opens the alert of a rule that no detector has,
// waits until every receiver but streams (nobody need follow one) has taken the event, and closes
// it. What became of it is read from the book alone, so a restart forgets nothing. It has failed
// when a delivery is dead, or has not ended by the deadline; what arrives late has arrived.
//
// Thread safety: externally synchronised; the book is safe. Borrows the book and the clock.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "alerting/book.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"

namespace belgrand::alerting {

// The rule of exercises; an alert is one exactly when it has this rule.
inline constexpr std::string_view kExerciseRule = "belgrand-exercise";

struct ExerciseOptions {
  base::Duration interval = std::chrono::days(1);
  base::Duration deadline = std::chrono::minutes(10);
  std::string district_id = "exercise";
  // Receivers that nothing is expected of.
  std::set<std::string> streams = {};
};

struct ExerciseState {
  enum class Stage { kNone, kRunning, kPassed, kFailed } stage = Stage::kNone;
  // Of the newest exercise.
  base::Instant started{};
  // When the newest that passed had reached everybody; absent: none has.
  std::optional<base::Instant> passed_at = std::nullopt;
  // Why it failed; names the receiver.
  std::string reason = {};
};

class ExerciseDrill {
 public:
  ExerciseDrill(AlertBook& book, const base::Clock& clock, ExerciseOptions options);

  // Looks at what runs, closes what has ended and begins what is due.
  base::StatusOr<ExerciseState> Step();
  std::string alert_id() const;

 private:
  base::StatusOr<ExerciseState> ReadState();
  base::StatusOr<ExerciseState> Judge(const storage::v1::AlertEventRecord& opened);
  base::Status Begin();
  base::Status Close();

  AlertBook& book_;
  const base::Clock& clock_;
  const ExerciseOptions options_;
  // The newest that passed, as far as it was looked for.
  std::optional<base::Instant> passed_at_;
  // The newest, once it has ended and is closed: nothing is read until the next is due.
  std::optional<ExerciseState> settled_;
};

// Why alerts cannot be trusted to arrive now; absent: they can. A delivery to a receiver that is
// not in `streams` is overdue when it has waited `overdue_after` since it could first be tried.
base::StatusOr<std::optional<std::string>> FindOverdue(const AlertBook& book, base::Instant now,
                                                       base::Duration overdue_after,
                                                       const std::set<std::string>& streams);

}  // namespace belgrand::alerting
