// When deliveries are tried: limits of receivers, clocks that are set, recipients noted one by one.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "alerting/outbox/delivery_worker.h"
#include "alerting/receivers/recipients.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/shelf.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using ::testing::ElementsAre;
using testing::MakeSignal;
using testing::Shelf;
using Verdict = Outcome::Verdict;
using std::chrono::hours;
using std::chrono::seconds;

// Takes what it is sent, or refuses it, and remembers when.
class Clerk final : public Receiver {
 public:
  explicit Clerk(const base::Clock& clock) : clock_(clock) {}
  Outcome Deliver(const Delivery& delivery) override {
    times.push_back(clock_.Now());
    districts.push_back(delivery.event.alert().district_id());
    return {.verdict = refuses ? Verdict::kRefused : Verdict::kAccepted, .result = "so"};
  }
  void Cancel() override {}

  bool refuses = false;
  std::vector<base::Instant> times;
  std::vector<std::string> districts;

 private:
  const base::Clock& clock_;
};

class PaceTest : public ::testing::Test {
 protected:
  PaceTest() : shelf_(std::vector<Route>{{"sms", {}}}), clerk_(shelf_.clock()) {}

  void Open(Pace pace) {
    worker_ = std::make_unique<DeliveryWorker>(
        *shelf_, "sms", clerk_, shelf_.clock(), RetryPolicy(), [] { return 0.0; }, nullptr, pace);
  }
  void Raise(const std::string& district, std::uint64_t feed, detection::v1::Severity severity) {
    ASSERT_OK(shelf_.Apply({MakeSignal(
        {.area = district, .severity = severity, .feed = feed, .district = district})}));
  }
  void RunFor(base::Duration span) {
    const base::Instant end = shelf_.clock().Now() + span;
    for (; shelf_.clock().Now() <= end; shelf_.clock().Advance(std::chrono::milliseconds(500))) {
      while (true) {
        const auto progress = worker_->Step();
        ASSERT_OK(progress);
        if (*progress == DeliveryWorker::Progress::kNothingDue) break;
      }
    }
  }

  Shelf shelf_;
  Clerk clerk_;
  std::unique_ptr<DeliveryWorker> worker_;
};

TEST_F(PaceTest, NoMinuteHoldsMoreThanTheLimitAlsoAfterARestart) {
  for (std::uint64_t i = 1; i <= 40; ++i) Raise("d" + std::to_string(i), i, detection::v1::WATCH);
  Open(PaceOf(10, 1));
  RunFor(seconds(95));
  Open(PaceOf(10, 1));
  RunFor(hours(1));
  ASSERT_EQ(clerk_.times.size(), 40U);
  for (std::size_t i = 10; i < clerk_.times.size(); ++i) {
    EXPECT_GE(clerk_.times[i] - clerk_.times[i - 10], seconds(60)) << "attempt " << i;
  }
  EXPECT_LE(clerk_.times.back() - clerk_.times.front(), seconds(60 * 40 / 10 + 10))
      << "slower than it may be";
}

TEST_F(PaceTest, WhatIsMoreSevereGoesFirst) {
  Raise("a", 1, detection::v1::WATCH);
  Raise("b", 2, detection::v1::WARNING);
  Raise("c", 3, detection::v1::CRITICAL);
  Raise("d", 4, detection::v1::WARNING);
  Open(PaceOf(6, 1));
  RunFor(seconds(60));
  EXPECT_THAT(clerk_.districts, ElementsAre("c", "b", "d", "a"));
}

TEST(PaceOfTest, CountsEachRecipientAsALetter) {
  EXPECT_EQ(PaceOf(0, 5).apart, base::Duration(0));
  EXPECT_EQ(PaceOf(60, 1).apart, seconds(1));
  EXPECT_EQ(PaceOf(10, 2).apart, seconds(12));
  // Two attempts of three letters are six, three would be nine.
  EXPECT_EQ(PaceOf(8, 3).apart, seconds(30));
}

TEST_F(PaceTest, AClockThatIsSetBackLengthensNoWait) {
  Raise("a", 1, detection::v1::WARNING);
  Open({});
  clerk_.refuses = true;
  RunFor(seconds(0));
  ASSERT_EQ(clerk_.times.size(), 1U);
  clerk_.refuses = false;
  shelf_.clock().Set(shelf_.clock().Now() - hours(48));
  RunFor(seconds(6));
  EXPECT_EQ(clerk_.times.size(), 2U) << "it waits for a day that was never to come again";
}

TEST_F(PaceTest, AWaitThatWasWrittenUnderAClockAheadIsNoLongerAfterARestart) {
  Raise("a", 1, detection::v1::WARNING);
  Open({});
  clerk_.refuses = true;
  RunFor(seconds(0));
  clerk_.refuses = false;
  shelf_.clock().Set(shelf_.clock().Now() - hours(48));
  Raise("b", 2, detection::v1::WARNING);
  Open({});
  RunFor(seconds(6));
  EXPECT_THAT(clerk_.districts, ElementsAre("a", "b", "a"));
}

// Two recipients, each sent to by itself; the process can die between them.
class Letters final : public Receiver {
 public:
  Outcome Deliver(const Delivery& delivery) override {
    google::protobuf::RepeatedPtrField<std::string> to;
    *to.Add() = "anna@city.example";
    *to.Add() = "bruno@city.example";
    return SendToEach(delivery, to, "accepted", [&](int i) {
      if (i == 1) between();
      sent.push_back(to.Get(i));
      return Outcome{.verdict = i == 1 && cancelled ? Verdict::kCancelled : Verdict::kAccepted,
                     .result = "ok"};
    });
  }
  void Cancel() override {}

  std::function<void()> between = [] {};
  bool cancelled = false;
  std::vector<std::string> sent;
};

TEST(NoteTest, WhoHasItIsOnDiskBeforeTheNextIsSentTo) {
  Shelf shelf(std::vector<Route>{{"duty", {}}});
  ASSERT_OK(shelf.Apply({MakeSignal({})}));
  Letters letters;
  const auto worker = [&] {
    return DeliveryWorker(
        *shelf, "duty", letters, shelf.clock(), RetryPolicy(), [] { return 0.0; }, nullptr);
  };
  int on_disk = 0;
  letters.between = [&] {
    const auto deliveries = shelf->Deliveries("north/SARS-CoV-2/trend");
    if (deliveries.ok()) on_disk = deliveries->at(0).receipts_size();
  };
  {
    DeliveryWorker first = worker();
    ASSERT_OK(first.Load());
    const auto attempt = first.Begin();
    ASSERT_OK(attempt);
    ASSERT_TRUE(attempt->has_value());
    first.Try(**attempt);  // and dies before Finish
  }
  EXPECT_EQ(on_disk, 1);
  shelf.Restart();
  DeliveryWorker second = worker();
  ASSERT_OK(second.Step());
  EXPECT_THAT(letters.sent,
              ElementsAre("anna@city.example", "bruno@city.example", "bruno@city.example"));
}

TEST(NoteTest, WhoHasItIsKeptWhenTheRestIsBrokenOff) {
  Shelf shelf(std::vector<Route>{{"duty", {}}});
  ASSERT_OK(shelf.Apply({MakeSignal({})}));
  Letters letters;
  letters.cancelled = true;
  DeliveryWorker worker(
      *shelf, "duty", letters, shelf.clock(), RetryPolicy(), [] { return 0.0; }, nullptr);
  ASSERT_OK(worker.Step());
  const auto deliveries = shelf->Deliveries("north/SARS-CoV-2/trend");
  ASSERT_OK(deliveries);
  ASSERT_EQ(deliveries->at(0).receipts_size(), 1);
  EXPECT_EQ(deliveries->at(0).receipts(0).recipient(), "anna@city.example");
  EXPECT_EQ(deliveries->at(0).state(), v1::RETRYING);
}

}  // namespace
}  // namespace belgrand::alerting
