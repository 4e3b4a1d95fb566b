// Deliveries against failing receivers, crashes and time.
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "alerting/convert.h"
#include "alerting/outbox/delivery_worker.h"
#include "alerting/outbox/dispatcher.h"
#include "alerting/receipts.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/shelf.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MakeSignal;
using testing::Shelf;
using testing::Signal;
using ::testing::SizeIs;
using Verdict = Outcome::Verdict;

struct Arrival {
  std::uint64_t sequence;
  bool repeat;
  friend bool operator==(const Arrival&, const Arrival&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Arrival& a) {
    return out << a.sequence << (a.repeat ? " (repeat)" : "");
  }
};

// Answers as the test says and remembers what reached it.
class FakeReceiver final : public Receiver {
 public:
  Outcome Deliver(const Delivery& delivery) override {
    Outcome outcome = answer(delivery);
    const bool arrives = outcome.verdict == Verdict::kAccepted ||
                         (outcome.verdict == Verdict::kUncertain && uncertain_arrives);
    if (arrives) arrivals.push_back({delivery.event.sequence(), delivery.event.repeat()});
    ids.insert(delivery.event_id);
    return outcome;
  }
  void Cancel() override {}

  std::function<Outcome(const Delivery&)> answer = [](const Delivery&) {
    return Outcome{.verdict = Verdict::kAccepted, .result = "ok"};
  };
  bool uncertain_arrives = true;
  std::vector<Arrival> arrivals;
  std::set<std::string> ids;
};

Outcome Answer(Verdict verdict) { return {.verdict = verdict, .result = "as the test says"}; }

// One receiver "hook" and a witness "console".
class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() : shelf_({{"hook", {}}, {"console", {}}}) { NewWorker(); }

  void NewWorker() {
    worker_ = std::make_unique<DeliveryWorker>(
        *shelf_, "hook", receiver_, shelf_.clock(), policy_, [] { return 0.0; }, nullptr);
  }
  void Crash() {
    worker_.reset();
    shelf_.Restart();
    NewWorker();
  }
  void Raise(const std::string& district, std::uint64_t feed,
             Signal::Phase phase = Signal::RAISED) {
    ASSERT_OK(shelf_.Apply(
        {MakeSignal({.area = district, .phase = phase, .feed = feed, .district = district})}));
  }
  // Everything that is due now; returns how many attempts that were.
  int RunDue() {
    for (int tried = 0;; ++tried) {
      const auto progress = worker_->Step();
      EXPECT_OK(progress);
      if (!progress.ok() || *progress == DeliveryWorker::Progress::kNothingDue) return tried;
    }
  }
  storage::v1::DeliveryRecord Record(const std::string& district, std::uint64_t sequence) {
    const auto deliveries = shelf_->Deliveries(district + "/SARS-CoV-2/trend");
    EXPECT_OK(deliveries);
    for (const auto& delivery : *deliveries) {
      if (delivery.receiver() == "hook" && delivery.event_sequence() == sequence) return delivery;
    }
    ADD_FAILURE() << "no delivery of " << sequence;
    return {};
  }

  const RetryPolicy policy_{.first_retry = std::chrono::seconds(5), .max_attempts = 4};
  FakeReceiver receiver_;
  Shelf shelf_;
  std::unique_ptr<DeliveryWorker> worker_;
};

TEST_F(DeliveryTest, KeepsTheOrderWithinAnAlertAndLetsOthersPass) {
  Raise("a", 1);                   // 1
  Raise("a", 2, Signal::CLEARED);  // 2
  Raise("b", 3);                   // 3
  receiver_.answer = [](const Delivery& delivery) {
    return Answer(delivery.event.alert().district_id() == "a" ? Verdict::kRefused
                                                              : Verdict::kAccepted);
  };
  EXPECT_EQ(RunDue(), 2);
  EXPECT_THAT(receiver_.arrivals, ElementsAre(Arrival{3, false}));
  receiver_.answer = [](const Delivery&) { return Answer(Verdict::kAccepted); };
  EXPECT_EQ(RunDue(), 0) << "the wait is not over";
  shelf_.clock().Advance(std::chrono::seconds(5));
  EXPECT_EQ(RunDue(), 2);
  EXPECT_THAT(receiver_.arrivals,
              ElementsAre(Arrival{3, false}, Arrival{1, false}, Arrival{2, false}));
  EXPECT_EQ(Record("a", 1).state(), v1::DELIVERED);
  EXPECT_EQ(Record("a", 1).attempts(), 2U);
}

TEST(WaitTest, DoublesUpToAnHourAndHonoursWhatTheOtherSideAsks) {
  using std::chrono::minutes;
  using std::chrono::seconds;
  const RetryPolicy policy;
  EXPECT_EQ(WaitAfter(1, {}, policy, 0), seconds(5));
  EXPECT_EQ(WaitAfter(2, {}, policy, 0), seconds(10));
  EXPECT_EQ(WaitAfter(5, {}, policy, 0), seconds(80));
  EXPECT_EQ(WaitAfter(11, {}, policy, 0), minutes(60));
  EXPECT_EQ(WaitAfter(4'000'000'000U, {}, policy, 0), minutes(60));
  EXPECT_EQ(WaitAfter(1, {}, policy, 0.5), std::chrono::milliseconds(3750));
  EXPECT_EQ(WaitAfter(1, minutes(2), policy, 0.5), minutes(2));
  EXPECT_EQ(WaitAfter(1, minutes(200), policy, 0), minutes(60));
}

TEST_F(DeliveryTest, EndsInTheDeadLettersWhichTheOthersHearOf) {
  Raise("a", 1);
  receiver_.answer = [](const Delivery&) { return Answer(Verdict::kRefused); };
  for (int i = 0; i < 10; ++i) {
    RunDue();
    shelf_.clock().Advance(std::chrono::hours(1));
  }
  EXPECT_EQ(Record("a", 1).state(), v1::DEAD);
  EXPECT_EQ(Record("a", 1).attempts(), policy_.max_attempts);
  const auto event = shelf_->Event(2);
  ASSERT_OK(event);
  EXPECT_EQ(event->kind(), v1::DELIVERY_FAILED);
  EXPECT_THAT(event->comment(), HasSubstr("'hook' after 4 attempts: as the test says"));
  EXPECT_THAT(*shelf_->Pending("hook", 0), SizeIs(0));
  EXPECT_THAT(*shelf_->Pending("console", 0), SizeIs(2));
}

TEST_F(DeliveryTest, GivesUpAtOnceWhenAnotherTryCannotHelpAndGoesOn) {
  Raise("a", 1);
  Raise("a", 2, Signal::CLEARED);
  receiver_.answer = [](const Delivery& delivery) {
    return Answer(delivery.event.sequence() == 1 ? Verdict::kRejected : Verdict::kAccepted);
  };
  EXPECT_EQ(RunDue(), 2);
  EXPECT_EQ(Record("a", 1).state(), v1::DEAD);
  EXPECT_EQ(Record("a", 2).state(), v1::DELIVERED);
}

TEST_F(DeliveryTest, MarksARepeatExactlyWhenAnEarlierTryMayHaveArrived) {
  Raise("a", 1);
  receiver_.uncertain_arrives = false;
  const std::vector<Verdict> answers = {Verdict::kRefused, Verdict::kUncertain, Verdict::kRefused};
  std::vector<bool> marks;
  std::size_t n = 0;
  receiver_.answer = [&](const Delivery& delivery) {
    marks.push_back(delivery.event.repeat());
    return Answer(n < answers.size() ? answers[n++] : Verdict::kAccepted);
  };
  for (std::size_t i = 0; i <= answers.size(); ++i) {
    RunDue();
    shelf_.clock().Advance(std::chrono::hours(1));
  }
  EXPECT_EQ(marks, (std::vector<bool>{false, false, true, true}));
  EXPECT_EQ(receiver_.ids, std::set<std::string>{"instance1-1"}) << "one id for every attempt";
}

// Every place where the process can die, with every answer the receiver can have given by then.
TEST_F(DeliveryTest, LosesNothingAndMarksEveryRepeatWhereverItCrashes) {
  enum class CrashPoint { kBeforeBegin, kAfterBegin, kAfterTry, kAfterFinish };
  std::uint64_t feed = 0;
  for (const CrashPoint point : {CrashPoint::kBeforeBegin, CrashPoint::kAfterBegin,
                                 CrashPoint::kAfterTry, CrashPoint::kAfterFinish}) {
    for (const Verdict first : {Verdict::kAccepted, Verdict::kUncertain, Verdict::kRefused}) {
      SCOPED_TRACE(fmt::format("crash point {}, answer {}", static_cast<int>(point),
                               static_cast<int>(first)));
      receiver_.arrivals.clear();
      receiver_.answer = [&](const Delivery&) { return Answer(first); };
      ++feed;
      Raise("d" + std::to_string(feed), feed);
      const std::uint64_t sequence = shelf_->newest_sequence();
      ASSERT_OK(worker_->Load());
      if (point != CrashPoint::kBeforeBegin) {
        const auto attempt = worker_->Begin();
        ASSERT_OK(attempt);
        ASSERT_TRUE(attempt->has_value());
        if (point != CrashPoint::kAfterBegin) {
          const Outcome outcome = worker_->Try(**attempt);
          if (point == CrashPoint::kAfterFinish) {
            ASSERT_OK(worker_->Finish(**attempt, outcome));
          }
        }
      }
      const std::size_t before = receiver_.arrivals.size();
      Crash();
      receiver_.answer = [](const Delivery&) { return Answer(Verdict::kAccepted); };
      shelf_.clock().Advance(std::chrono::hours(1));
      RunDue();
      const bool was_noted = point == CrashPoint::kAfterFinish && first == Verdict::kAccepted;
      ASSERT_EQ(receiver_.arrivals.size(), before + (was_noted ? 0 : 1));
      if (before > 0 && !was_noted) {
        EXPECT_EQ(receiver_.arrivals.back(), (Arrival{sequence, true}));
      }
      if (point == CrashPoint::kBeforeBegin) {
        EXPECT_FALSE(receiver_.arrivals.back().repeat) << "no attempt had begun";
      }
      if (point == CrashPoint::kAfterFinish && first == Verdict::kRefused) {
        EXPECT_FALSE(receiver_.arrivals.back().repeat) << "it was surely refused";
      }
      EXPECT_THAT(*shelf_->Pending("hook", 0), SizeIs(0));
    }
  }
}

class RandomDeliveryTest : public DeliveryTest, public ::testing::WithParamInterface<unsigned> {};

TEST_P(RandomDeliveryTest, EveryEventArrivesInOrderAndEverySecondCopyIsMarked) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  std::mt19937 random(GetParam());
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  std::map<std::string, bool> active;
  std::uint64_t feed = 0;
  receiver_.answer = [&](const Delivery&) {
    // Never rejected, and few failures in a row: everything must arrive.
    return Answer(one_in(4)   ? Verdict::kRefused
                  : one_in(4) ? Verdict::kUncertain
                              : Verdict::kAccepted);
  };
  for (int step = 0; step < 300; ++step) {
    shelf_.clock().Advance(std::chrono::seconds(random() % 20));
    receiver_.uncertain_arrives = one_in(2);
    if (one_in(3)) {
      const std::string district(1, static_cast<char>('a' + random() % 3));
      Raise(district, ++feed, active[district] ? Signal::CLEARED : Signal::RAISED);
      active[district] = !active[district];
    }
    ASSERT_OK(worker_->Load());
    const auto attempt = worker_->Begin();
    ASSERT_OK(attempt);
    if (*attempt) {
      if (one_in(10)) {
        Crash();
        continue;
      }
      const Outcome outcome = worker_->Try(**attempt);
      if (one_in(10)) {
        Crash();
        continue;
      }
      ASSERT_OK(worker_->Finish(**attempt, outcome));
    }
  }
  receiver_.answer = [](const Delivery&) { return Answer(Verdict::kAccepted); };
  Crash();
  for (int i = 0; i < 20; ++i) {
    shelf_.clock().Advance(std::chrono::hours(1));
    RunDue();
  }
  std::map<std::string, std::uint64_t> newest;
  std::set<std::uint64_t> seen;
  for (const Arrival& arrival : receiver_.arrivals) {
    const bool again = !seen.insert(arrival.sequence).second;
    if (again) {
      EXPECT_TRUE(arrival.repeat) << "second copy of " << arrival.sequence;
      continue;
    }
    const auto event = shelf_->Event(arrival.sequence);
    ASSERT_OK(event);
    auto& last = newest[event->alert().alert_id()];
    EXPECT_GT(arrival.sequence, last) << "out of order within an alert";
    last = arrival.sequence;
  }
  const auto dead = shelf_->DeadLetters();
  ASSERT_OK(dead);
  // Four failures in a row are possible by chance; then it is a dead letter, not a loss.
  std::set<std::uint64_t> accounted = seen;
  for (const auto& letter : *dead) accounted.insert(letter.event_sequence());
  for (std::uint64_t sequence = 1; sequence <= shelf_->newest_sequence(); ++sequence) {
    if (shelf_->Event(sequence)->kind() == v1::DELIVERY_FAILED) continue;
    EXPECT_TRUE(accounted.contains(sequence)) << "lost: " << sequence;
  }
  EXPECT_GT(seen.size(), 50U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDeliveryTest, ::testing::Range(1U, 7U));

// Blocks in Deliver until it is cancelled.
class StuckReceiver final : public Receiver {
 public:
  explicit StuckReceiver(std::promise<void>& begun) : begun_(begun) {}
  Outcome Deliver(const Delivery&) override {
    std::unique_lock lock(mutex_);
    if (!cancelled_) begun_.set_value();
    condition_.wait(lock, [&] { return cancelled_; });
    return Answer(Verdict::kCancelled);
  }
  void Cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    condition_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool cancelled_ = false;
  std::promise<void>& begun_;  // with the first delivery
};

class CountingReceiver final : public Receiver {
 public:
  struct Count {
    std::mutex mutex;
    std::condition_variable condition;
    int value = 0;
  };
  explicit CountingReceiver(Count& count) : count_(count) {}
  Outcome Deliver(const Delivery&) override {
    const std::lock_guard lock(count_.mutex);
    ++count_.value;
    count_.condition.notify_all();
    return Answer(Verdict::kAccepted);
  }
  void Cancel() override {}

 private:
  Count& count_;
};

TEST(DispatcherTest, AStuckReceiverDelaysNoOtherAndIsBrokenOffAtTheStop) {
  Shelf shelf({{"stuck", {}}, {"quick", {}}});
  CountingReceiver::Count count;
  std::promise<void> begun;
  {
    Dispatcher dispatcher(*shelf, shelf.clock(), {}, nullptr);
    dispatcher.Add("stuck", std::make_unique<StuckReceiver>(begun));
    dispatcher.Add("quick", std::make_unique<CountingReceiver>(count));
    dispatcher.Start();
    for (std::uint64_t i = 1; i <= 20; ++i) {
      const std::string district = "d" + std::to_string(i);
      ASSERT_OK(shelf.Apply({MakeSignal({.area = district, .feed = i, .district = district})}));
    }
    std::unique_lock lock(count.mutex);
    EXPECT_TRUE(count.condition.wait_for(lock, std::chrono::seconds(60),
                                         [&] { return count.value == 20; }));
    lock.unlock();
    ASSERT_EQ(begun.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
    dispatcher.Stop();
    dispatcher.Stop();
  }
  EXPECT_THAT(*shelf->Pending("stuck", 0), SizeIs(20)) << "kept for the next start";
  EXPECT_THAT(*shelf->Pending("quick", 0), SizeIs(0));
  EXPECT_TRUE(shelf->Pending("stuck", 0)->front().may_have_arrived());
}

TEST(DispatcherTest, AStreamThatNobodyFollowsForItsTimeIsGivenUp) {
  Shelf shelf({{"console", {}}, {"quick", {}}});
  CountingReceiver::Count count;
  ASSERT_OK(shelf.Apply({MakeSignal({})}));
  Dispatcher dispatcher(*shelf, shelf.clock(), {}, nullptr);
  dispatcher.AddStream("console", std::chrono::hours(24));
  dispatcher.Add("quick", std::make_unique<CountingReceiver>(count));
  dispatcher.Start();
  const auto told = [&](int times) {
    std::unique_lock lock(count.mutex);
    return count.condition.wait_for(lock, std::chrono::seconds(60),
                                    [&] { return count.value == times; });
  };
  EXPECT_TRUE(told(1));
  EXPECT_THAT(*shelf->DeadLetters(), SizeIs(0));
  shelf.clock().Advance(std::chrono::hours(24));
  EXPECT_TRUE(told(2)) << "the other receiver hears that nobody follows";
  dispatcher.Stop();
  ASSERT_THAT(*shelf->DeadLetters(), SizeIs(1));
  EXPECT_EQ(shelf->DeadLetters().value().front().receiver(), "console");
}

Outcome ToTwo(const Delivery& delivery, Verdict first, Verdict second) {
  Outcome outcome{.verdict = Verdict::kAccepted, .result = "as the test says"};
  for (const auto& [recipient, verdict] :
       {std::pair("a@city.example", first), std::pair("b@city.example", second)}) {
    if (delivery.accepted.contains(recipient)) continue;
    outcome.recipients.push_back({recipient, verdict, "as the test says"});
    if (verdict != Verdict::kAccepted) outcome.verdict = verdict;
  }
  return outcome;
}

TEST_F(DeliveryTest, WhoHasConfirmedIsNotSentItAgainAlsoAfterARestart) {
  Raise("north", 1);
  receiver_.answer = [](const Delivery& delivery) {
    return ToTwo(delivery, Verdict::kAccepted, Verdict::kRefused);
  };
  ASSERT_OK(worker_->Step());
  Crash();
  std::set<std::string> spared;
  receiver_.answer = [&](const Delivery& delivery) {
    spared = delivery.accepted;
    return ToTwo(delivery, Verdict::kAccepted, Verdict::kAccepted);
  };
  shelf_.clock().Advance(std::chrono::hours(2));
  ASSERT_OK(worker_->Step());
  EXPECT_THAT(spared, ElementsAre("a@city.example"));
  EXPECT_THAT(receiver_.arrivals, ElementsAre(Arrival{1, false})) << "b never had it: no repeat";
}

TEST_F(DeliveryTest, EveryRecipientHasAReceipt) {
  Raise("north", 1);
  receiver_.answer = [](const Delivery& delivery) {
    return ToTwo(delivery, Verdict::kAccepted, Verdict::kUncertain);
  };
  ASSERT_OK(worker_->Step());
  const std::string alert_id = "north/SARS-CoV-2/trend";
  const auto receipts = [&] {
    const auto history = *shelf_->History(alert_id);
    std::vector<std::string> out;
    const auto found = shelf_->Deliveries(alert_id);
    for (const auto& stored : *found) {
      v1::Delivery delivery = ToWire(stored);
      MarkAcknowledged(history, delivery);
      for (const auto& receipt : delivery.receipts()) {
        out.push_back(receipt.recipient() + " " + v1::ReceiptState_Name(receipt.state()));
      }
    }
    return out;
  };
  EXPECT_THAT(receipts(),
              ElementsAre("a@city.example RECEIPT_ACCEPTED", "b@city.example RECEIPT_SENT"));
  receiver_.answer = [](const Delivery& delivery) {
    return ToTwo(delivery, Verdict::kAccepted, Verdict::kRejected);
  };
  shelf_.clock().Advance(std::chrono::hours(2));
  ASSERT_OK(worker_->Step());
  ASSERT_OK(shelf_->Acknowledge(alert_id, "a@city.example", "on my way"));
  EXPECT_THAT(receipts(),
              ElementsAre("a@city.example RECEIPT_ACKNOWLEDGED", "b@city.example RECEIPT_BOUNCED"));
}

TEST(ReceiptsTest, AnActOnALaterEpisodeAnswersNoEarlierOne) {
  const auto event = [](std::uint64_t sequence, v1::EventKind kind, std::uint32_t episode,
                        const std::string& by) {
    storage::v1::AlertEventRecord record;
    record.set_sequence(sequence);
    record.set_kind(kind);
    record.mutable_alert()->set_episode(episode);
    record.set_by(by);
    return record;
  };
  const std::vector<storage::v1::AlertEventRecord> history = {
      event(1, v1::OPENED, 1, ""), event(2, v1::RESOLVED_BY_DETECTION, 1, ""),
      event(3, v1::REOPENED, 2, ""), event(4, v1::ACKNOWLEDGED_BY, 2, "a@city.example")};
  const auto state_of = [&](std::uint64_t sequence) {
    v1::Delivery delivery;
    delivery.set_event_sequence(sequence);
    delivery.add_receipts()->set_recipient("a@city.example");
    delivery.mutable_receipts(0)->set_state(v1::RECEIPT_ACCEPTED);
    MarkAcknowledged(history, delivery);
    return delivery.receipts(0).state();
  };
  EXPECT_EQ(state_of(1), v1::RECEIPT_ACCEPTED);
  EXPECT_EQ(state_of(2), v1::RECEIPT_ACCEPTED);
  EXPECT_EQ(state_of(3), v1::RECEIPT_ACKNOWLEDGED);
  EXPECT_EQ(state_of(4), v1::RECEIPT_ACCEPTED) << "told of the act, and nothing done since";
  EXPECT_EQ(state_of(9), v1::RECEIPT_ACCEPTED) << "retention has taken the event";
}

}  // namespace
}  // namespace belgrand::alerting
