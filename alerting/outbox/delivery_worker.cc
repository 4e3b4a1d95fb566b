#include "alerting/outbox/delivery_worker.h"

#include <algorithm>
#include <utility>

#include "alerting/convert.h"
#include "alerting/receipts.h"

namespace belgrand::alerting {

using storage::v1::DeliveryRecord;

namespace {

// A clock that is corrected by less than this was not set back.
constexpr base::Duration kClockTolerance = std::chrono::seconds(1);

// When a record that was read from disk is due: what was written under a clock that was ahead
// waits no longer than it would have then.
std::int64_t DueOf(const DeliveryRecord& record, std::int64_t now_us) {
  const std::int64_t written =
      record.attempts() > 0 ? record.last_attempt_at_us() : record.created_at_us();
  if (written <= now_us) return record.next_attempt_at_us();
  return now_us + std::max<std::int64_t>(0, record.next_attempt_at_us() - written);
}

}  // namespace

base::Duration WaitAfter(std::uint32_t failed_attempts, base::Duration asked,
                         const RetryPolicy& policy, double random) {
  base::Duration wait = policy.first_retry;
  for (std::uint32_t i = 1; i < failed_attempts && wait < policy.longest_wait; ++i) wait *= 2;
  wait = std::min(wait, policy.longest_wait);
  const auto jittered = base::Duration(
      static_cast<std::int64_t>(static_cast<double>(wait.count()) * (1 - random / 2)));
  return std::max(jittered, std::min(asked, policy.longest_wait));
}

Pace PaceOf(std::uint32_t max_per_minute, std::uint32_t recipients) {
  if (max_per_minute == 0) return {};
  const auto attempts = std::max<std::uint32_t>(1, max_per_minute / recipients);
  return {base::Duration(std::chrono::minutes(1)) / attempts};
}

DeliveryWorker::DeliveryWorker(AlertBook& book, std::string name, Receiver& receiver,
                               const base::Clock& clock, const RetryPolicy& policy, Uniform random,
                               DeliveryObserver* observer, Pace pace)
    : book_(book),
      name_(std::move(name)),
      receiver_(receiver),
      clock_(clock),
      policy_(policy),
      random_(std::move(random)),
      observer_(observer),
      pace_(pace),
      seen_(clock.Now()),
      // What was sent just before this start is not known.
      free_at_(seen_ + pace.apart) {}

void DeliveryWorker::Follow(base::Instant now) {
  const base::Duration back = seen_ - now;
  seen_ = now;
  if (back <= kClockTolerance) return;
  free_at_ = std::min(free_at_, now + pace_.apart);
  for (auto& [alert_id, queue] : queues_) {
    for (DeliveryRecord& record : queue) {
      const auto due = base::FromMicros(record.next_attempt_at_us());
      if (due > now) record.set_next_attempt_at_us(base::ToMicros(std::max(now, due - back)));
    }
    DropHead(alert_id);
    PushHead(alert_id);
  }
}

base::Status DeliveryWorker::LearnSeverity(const DeliveryRecord& record) {
  if (pace_.apart <= base::Duration(0)) return base::OkStatus();
  const auto event = book_.Event(record.event_sequence());
  if (event.status().code() == base::StatusCode::kNotFound) return base::OkStatus();
  RETURN_IF_ERROR(event.status());
  int& severity = severities_[record.alert_id()];
  severity = std::max(severity, event->alert().severity());
  return base::OkStatus();
}

base::Status DeliveryWorker::Load() {
  ASSIGN_OR_RETURN(auto pending, book_.Pending(name_, loaded_));
  const base::Instant now = clock_.Now();
  Follow(now);
  for (DeliveryRecord& record : pending) {
    RETURN_IF_ERROR(LearnSeverity(record));
    record.set_next_attempt_at_us(DueOf(record, base::ToMicros(now)));
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
    severities_.erase(alert_id);
  } else {
    PushHead(alert_id);
  }
}

std::optional<base::Instant> DeliveryWorker::NextDue() const {
  if (heads_.empty()) return std::nullopt;
  return std::max(free_at_, base::FromMicros(heads_.begin()->first.first));
}

std::optional<std::string> DeliveryWorker::NextAlert(base::Instant now) const {
  if (now < free_at_) return std::nullopt;
  const std::string* next = nullptr;
  int highest = 0;
  for (const auto& [place, alert_id] : heads_) {
    if (base::FromMicros(place.first) > now) break;
    if (pace_.apart <= base::Duration(0)) return alert_id;
    const auto known = severities_.find(alert_id);
    const int severity = known == severities_.end() ? 0 : known->second;
    if (next != nullptr && severity <= highest) continue;
    next = &alert_id;
    highest = severity;
  }
  return next == nullptr ? std::optional<std::string>() : *next;
}

base::StatusOr<std::optional<DeliveryWorker::Attempt>> DeliveryWorker::Begin() {
  const base::Instant now = clock_.Now();
  Follow(now);
  while (const auto next = NextAlert(now)) {
    const std::string& alert_id = *next;
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
    attempt.delivery.note = [this, record = attempt.record](const RecipientOutcome& one) mutable {
      NoteReceipts({.result = "", .recipients = {one}}, base::ToMicros(clock_.Now()), record);
      // Where the disk refuses it, Finish meets the same disk and says so.
      static_cast<void>(book_.Save(record));
    };
    RETURN_IF_ERROR(book_.Save(attempt.record));
    front = attempt.record;
    DropHead(alert_id);
    free_at_ = now + pace_.apart;
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
    // Who had it before the rest was broken off has it.
    base::Status noted;
    if (!outcome.recipients.empty()) {
      NoteReceipts(outcome, base::ToMicros(clock_.Now()), front);
      noted = book_.Save(front);
    }
    PushHead(alert_id);
    return noted;
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
    // repeat, but to nobody who is known to have it.
    NoteReceipts(outcome, base::ToMicros(clock_.Now()), front);
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
