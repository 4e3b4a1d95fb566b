#include "alerting/outbox/delivery_worker.h"

#include <algorithm>
#include <utility>

#include "alerting/convert.h"
#include "alerting/receipts.h"

namespace belgrand::alerting {

using storage::v1::DeliveryRecord;

base::Duration WaitAfter(std::uint32_t failed_attempts, base::Duration asked,
                         const RetryPolicy& policy, double random) {
  base::Duration wait = policy.first_retry;
  for (std::uint32_t i = 1; i < failed_attempts && wait < policy.longest_wait; ++i) wait *= 2;
  wait = std::min(wait, policy.longest_wait);
  const auto jittered = base::Duration(
      static_cast<std::int64_t>(static_cast<double>(wait.count()) * (1 - random / 2)));
  return std::max(jittered, std::min(asked, policy.longest_wait));
}

DeliveryWorker::DeliveryWorker(AlertBook& book, std::string name, Receiver& receiver,
                               const base::Clock& clock, const RetryPolicy& policy, Uniform random,
                               DeliveryObserver* observer)
    : book_(book),
      name_(std::move(name)),
      receiver_(receiver),
      clock_(clock),
      policy_(policy),
      random_(std::move(random)),
      observer_(observer) {}

base::Status DeliveryWorker::Load() {
  ASSIGN_OR_RETURN(auto pending, book_.Pending(name_, loaded_));
  for (DeliveryRecord& record : pending) {
    loaded_ = std::max(loaded_, record.event_sequence());
    if (record.accepted_recipients() != 0) {
      // Of an older version, which counted recipients by their place in the configuration.
      record.clear_accepted_recipients();
      record.set_may_have_arrived(true);
    }
    const std::string alert_id = record.alert_id();
    Queue& queue = queues_[alert_id];
    queue.push_back(std::move(record));
    // A running attempt has no place among the heads, and gets it back when it ends.
    if (queue.size() == 1 || places_.contains(alert_id)) {
      DropHead(alert_id);
      PushHead(alert_id);
    }
  }
  return base::OkStatus();
}

void DeliveryWorker::PushHead(const std::string& alert_id) {
  const Queue& queue = queues_.at(alert_id);
  std::int64_t due = queue.front().next_attempt_at_us();
  if (queue.front().attempts() == 0) {
    for (const DeliveryRecord& later : queue) due = std::min(due, later.next_attempt_at_us());
  }
  places_[alert_id] = {due, queue.front().event_sequence()};
  heads_[places_.at(alert_id)] = alert_id;
}

void DeliveryWorker::DropHead(const std::string& alert_id) {
  const auto place = places_.find(alert_id);
  if (place == places_.end()) return;
  heads_.erase(place->second);
  places_.erase(place);
}

void DeliveryWorker::DropFront(const std::string& alert_id) {
  const auto queue = queues_.find(alert_id);
  queue->second.pop_front();
  if (queue->second.empty()) {
    queues_.erase(queue);
  } else {
    PushHead(alert_id);
  }
}

std::optional<base::Instant> DeliveryWorker::NextDue() const {
  if (heads_.empty()) return std::nullopt;
  return base::FromMicros(heads_.begin()->first.first);
}

base::StatusOr<std::optional<DeliveryWorker::Attempt>> DeliveryWorker::Begin() {
  const base::Instant now = clock_.Now();
  while (!heads_.empty() && base::FromMicros(heads_.begin()->first.first) <= now) {
    const std::string alert_id = heads_.begin()->second;
    DeliveryRecord& front = queues_.at(alert_id).front();
    auto event = book_.Event(front.event_sequence());
    if (event.status().code() == base::StatusCode::kNotFound) {
      DeliveryRecord record = front;
      record.set_last_result("the event is past its retention");
      RETURN_IF_ERROR(Bury(record));
      DropHead(alert_id);
      DropFront(alert_id);
      continue;
    }
    RETURN_IF_ERROR(event.status());
    Attempt attempt;
    attempt.may_have_arrived_before = front.may_have_arrived();
    attempt.record = front;
    attempt.record.set_state(v1::RETRYING);
    attempt.record.set_attempts(front.attempts() + 1);
    attempt.record.set_last_attempt_at_us(base::ToMicros(now));
    // A restart takes it up again at once.
    attempt.record.set_next_attempt_at_us(base::ToMicros(now));
    attempt.record.set_last_result("no answer yet");
    attempt.record.set_may_have_arrived(true);
    attempt.delivery.event =
        ToWire(*event, attempt.may_have_arrived_before ? Repeat::kYes : Repeat::kNo);
    attempt.delivery.event_id = fmt::format("{}-{}", book_.instance_id(), front.event_sequence());
    attempt.delivery.accepted = AcceptedOf(front);
    RETURN_IF_ERROR(book_.Save(attempt.record));
    front = attempt.record;
    DropHead(alert_id);
    return std::optional<Attempt>(std::move(attempt));
  }
  return std::optional<Attempt>();
}

Outcome DeliveryWorker::Try(const Attempt& attempt) {
  if (observer_ != nullptr) observer_->Attempted(name_);
  return receiver_.Deliver(attempt.delivery);
}

base::Status DeliveryWorker::Bury(const DeliveryRecord& record) {
  RETURN_IF_ERROR(book_.Bury(record));
  if (observer_ != nullptr) observer_->Ended(name_, v1::DEAD);
  return base::OkStatus();
}

base::Status DeliveryWorker::Finish(const Attempt& attempt, const Outcome& outcome) {
  using Verdict = Outcome::Verdict;
  const std::string alert_id = attempt.record.alert_id();
  DeliveryRecord& front = queues_.at(alert_id).front();
  if (outcome.verdict == Verdict::kCancelled) {
    PushHead(alert_id);
    return base::OkStatus();
  }
  DeliveryRecord record = attempt.record;
  record.set_last_result(outcome.result);
  NoteReceipts(outcome, base::ToMicros(clock_.Now()), record);
  record.set_may_have_arrived(attempt.may_have_arrived_before ||
                              outcome.verdict == Verdict::kUncertain);
  base::Status written;
  if (outcome.verdict == Verdict::kAccepted) {
    record.set_state(v1::DELIVERED);
    record.clear_next_attempt_at_us();
    written = book_.Save(record);
    if (written.ok() && observer_ != nullptr) observer_->Ended(name_, v1::DELIVERED);
  } else if (outcome.verdict == Verdict::kRejected || record.attempts() >= policy_.max_attempts) {
    written = Bury(record);
  } else {
    const auto wait = WaitAfter(record.attempts(), outcome.retry_after, policy_, random_());
    record.set_next_attempt_at_us(base::ToMicros(clock_.Now() + wait));
    written = book_.Save(record);
    if (written.ok()) {
      front = record;
      PushHead(alert_id);
      return base::OkStatus();
    }
  }
  if (!written.ok()) {
    // The disk still says that an attempt began, and so does `front`: it will be made again, as a
    // repeat.
    front.set_next_attempt_at_us(base::ToMicros(clock_.Now() + policy_.first_retry));
    PushHead(alert_id);
    return written;
  }
  DropFront(alert_id);
  return base::OkStatus();
}

base::StatusOr<DeliveryWorker::Progress> DeliveryWorker::Step() {
  RETURN_IF_ERROR(Load());
  ASSIGN_OR_RETURN(const auto attempt, Begin());
  if (!attempt) return Progress::kNothingDue;
  RETURN_IF_ERROR(Finish(*attempt, Try(*attempt)));
  return Progress::kTried;
}

}  // namespace belgrand::alerting
