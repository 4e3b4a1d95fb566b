// Delivers the pending events of one receiver: in order for each alert, with growing waits.
//
// A delivery that waits for its next try holds back the later events of its own alert (an official
// must not read "over" before "new"), and nothing else. One that was never tried and is only held
// by quiet hours goes out as soon as a later one of its alert may: a rise to the highest severity
// is not kept back by what was quiet before it. What a crash can interrupt is a step of its own:
// Begin marks the attempt on disk, Try makes it, Finish notes its outcome. A mark without an
// outcome makes the next attempt a repeat, truthfully.
//
// A receiver with a limit is sent to evenly apart, after a start too, so that no minute holds more;
// of what is due, the most severe goes first. A clock that is set back lengthens no wait.
//
// Thread safety: externally synchronised; one worker per receiver.
// Ownership: borrows everything it is given.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "alerting/book.h"
#include "alerting/receivers/receiver.h"
#include "platform/base/clock.h"

namespace belgrand::alerting {

struct RetryPolicy {
  base::Duration first_retry = std::chrono::seconds(5);
  base::Duration longest_wait = std::chrono::hours(1);
  std::uint32_t max_attempts = 12;
};

// Of a receiver that takes only so much.
struct Pace {
  // From the start of one attempt to the next; 0: no limit.
  base::Duration apart{0};
};
// So that no minute holds more than `max_per_minute` letters (0: no limit), of which each attempt
// sends `recipients`. REQUIRES: recipients is 1 or more, and max_per_minute 0 or not less.
Pace PaceOf(std::uint32_t max_per_minute, std::uint32_t recipients);

// A number in [0, 1).
using Uniform = std::function<double()>;

// first_retry doubled for each failed attempt, at most longest_wait, of which a random half is cut
// off so that many deliveries do not come back together; never less than what the other side asked
// for, as far as longest_wait allows.
base::Duration WaitAfter(std::uint32_t failed_attempts, base::Duration asked,
                         const RetryPolicy& policy, double random);

// Told of every attempt and of every end: for metrics. Called from the workers' threads.
class DeliveryObserver {
 public:
  virtual ~DeliveryObserver() = default;
  virtual void Attempted(const std::string& receiver) = 0;
  // DELIVERED or DEAD.
  virtual void Ended(const std::string& receiver, v1::DeliveryState state) = 0;
};

class DeliveryWorker {
 public:
  DeliveryWorker(AlertBook& book, std::string name, Receiver& receiver, const base::Clock& clock,
                 const RetryPolicy& policy, Uniform random, DeliveryObserver* observer,
                 Pace pace = {});

  // Takes up what has become pending since the last call.
  base::Status Load();
  // When the next try is due; absent when nothing is pending.
  std::optional<base::Instant> NextDue() const;

  struct Attempt {
    storage::v1::DeliveryRecord record;
    Delivery delivery;
    // What the record said before this attempt was marked.
    bool may_have_arrived_before = false;
  };
  // Marks the next due attempt on disk; absent when none is due.
  base::StatusOr<std::optional<Attempt>> Begin();
  Outcome Try(const Attempt& attempt);
  base::Status Finish(const Attempt& attempt, const Outcome& outcome);

  enum class Progress { kTried, kNothingDue };
  // Load, Begin, Try and Finish of one attempt.
  base::StatusOr<Progress> Step();

 private:
  using Queue = std::deque<storage::v1::DeliveryRecord>;
  // Due time (microseconds), event number: the first is the next.
  using Heads = std::map<std::pair<std::int64_t, std::uint64_t>, std::string>;

  // Shortens what a clock that was set back would lengthen.
  void Follow(base::Instant now);
  // The alert whose turn it is; absent when none is due.
  std::optional<std::string> NextAlert(base::Instant now) const;
  base::Status LearnSeverity(const storage::v1::DeliveryRecord& record);
  void PushHead(const std::string& alert_id);
  void DropHead(const std::string& alert_id);
  void DropFront(const std::string& alert_id);
  base::Status Bury(const storage::v1::DeliveryRecord& record);

  AlertBook& book_;
  const std::string name_;
  Receiver& receiver_;
  const base::Clock& clock_;
  const RetryPolicy policy_;
  const Uniform random_;
  DeliveryObserver* const observer_;
  const Pace pace_;

  std::uint64_t loaded_ = 0;
  // The newest instant that the clock has shown, and before which nothing is tried.
  base::Instant seen_;
  base::Instant free_at_;
  // By alert id; no queue is empty.
  std::map<std::string, Queue> queues_;
  // The front of every queue but that of a running attempt.
  Heads heads_;
  // Where each alert stands in heads_.
  std::map<std::string, Heads::key_type> places_;
  // Of the alerts in queues_, where a limit makes it matter.
  std::map<std::string, int> severities_;
};

}  // namespace belgrand::alerting
