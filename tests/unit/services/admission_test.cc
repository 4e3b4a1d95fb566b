// The limits of intake, one by one, on a clock that the test moves.
#include "services/ingest/admission.h"

#include <gtest/gtest.h>

#include <random>

#include "platform/rpc/status.h"
#include "tests/support/status_matchers.h"

namespace belgrand::ingest {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

class AdmissionTest : public ::testing::Test {
 protected:
  Admission& Gate() {
    if (!admission_) admission_ = std::make_unique<Admission>(limits_, clock_, metrics_);
    return *admission_;
  }

  Limits limits_;
  base::FakeClock clock_{*base::ParseInstant("2021-02-01")};
  metrics::Registry registry_;
  IngestMetrics metrics_{registry_};
  std::unique_ptr<Admission> admission_;
};

TEST_F(AdmissionTest, OneLaboratorysRowsInFlightDoNotCountForAnother) {
  limits_.max_rows_in_flight_per_laboratory = 6'000;
  auto first = Gate().Batch("a", 5'000, 10);
  ASSERT_OK(first);
  const auto second = Gate().Batch("a", 5'000, 10);
  EXPECT_THAT(second, StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("limit of 6000")));
  EXPECT_TRUE(rpc::RetryDelay(second.status()).has_value());
  EXPECT_OK(Gate().Batch("b", 5'000, 10));
  *first = Admission::Ticket();
  EXPECT_OK(Gate().Batch("a", 5'000, 10));
}

TEST_F(AdmissionTest, OneLaboratoryGetsAtMostHalfOfTheMemory) {
  limits_.max_bytes_in_flight = 100;
  limits_.max_message_bytes = 50;
  const auto a = Gate().Batch("a", 1, 50);
  ASSERT_OK(a);
  EXPECT_THAT(Gate().Batch("a", 1, 1),
              StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("limits are 100 and 50")));
  const auto b = Gate().Batch("b", 1, 40);
  ASSERT_OK(b);
  EXPECT_THAT(Gate().Batch("c", 1, 11),
              StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("90 bytes")));
  EXPECT_OK(Gate().Batch("c", 1, 10));
}

TEST_F(AdmissionTest, TheRateIsThatOfTheBurstAndThenOfTheClock) {
  limits_.max_rows_per_second_per_laboratory = 1'000;
  for (int i = 0; i < 2; ++i) ASSERT_OK(Gate().Batch("a", 5'000, 1)) << "ten seconds at once";
  const auto over = Gate().Batch("a", 3'000, 1);
  EXPECT_THAT(over,
              StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("1000 rows a second")));
  EXPECT_EQ(rpc::RetryDelay(over.status()), base::Duration(std::chrono::seconds(3)));
  EXPECT_OK(Gate().Batch("b", 5'000, 1)) << "another laboratory has its own";
  clock_.Advance(std::chrono::milliseconds(2'999));
  EXPECT_FALSE(Gate().Batch("a", 3'000, 1).ok());
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_OK(Gate().Batch("a", 3'000, 1)) << "exactly when it was told to come back";
  clock_.Advance(std::chrono::hours(1));
  for (int i = 0; i < 2; ++i) ASSERT_OK(Gate().Batch("a", 5'000, 1));
  EXPECT_FALSE(Gate().Batch("a", 1, 1).ok()) << "an idle hour saves up ten seconds, not an hour";
}

TEST_F(AdmissionTest, StreamsHaveAShareAndATotal) {
  limits_.max_streams = 3;
  limits_.max_streams_per_laboratory = 2;
  auto one = Gate().Stream("a");
  auto two = Gate().Stream("a");
  ASSERT_OK(two);
  EXPECT_THAT(Gate().Stream("a"), StatusIs(base::StatusCode::kResourceExhausted,
                                           HasSubstr("2 streams open and the limit is 2")));
  const auto three = Gate().Stream("b");
  ASSERT_OK(three);
  const auto four = Gate().Stream("c");
  EXPECT_THAT(four, StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("the limit is 3")));
  EXPECT_TRUE(rpc::RetryDelay(four.status()).has_value());
  *one = Admission::Ticket();
  EXPECT_OK(Gate().Stream("c"));
  EXPECT_EQ(metrics_.open_streams.Value(), 2);
}

TEST_F(AdmissionTest, WhatIsTooLargeByItselfIsNotAMatterOfTime) {
  for (const auto& status :
       {Gate().Batch("a", 5'001, 1).status(), Gate().Batch("a", 1, (16U << 20U) + 1).status()}) {
    EXPECT_THAT(status,
                StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("or raise ingest.")));
    EXPECT_FALSE(rpc::RetryDelay(status).has_value());
  }
}

TEST_F(AdmissionTest, RandomComingAndGoingLeavesNothingCounted) {
  limits_.max_rows_in_flight_per_laboratory = 9'000;
  limits_.max_bytes_in_flight = 2'000;
  limits_.max_message_bytes = 1'000;
  std::mt19937_64 random(7);
  std::vector<std::pair<std::uint64_t, Admission::Ticket>> held;
  std::uint64_t bytes = 0;
  int refused = 0;
  for (int step = 0; step < 5'000; ++step) {
    if (!held.empty() && random() % 2 == 0) {
      const auto at = held.begin() + static_cast<std::ptrdiff_t>(random() % held.size());
      bytes -= at->first;
      held.erase(at);
    } else {
      const std::uint64_t size = random() % 1'000;
      auto ticket = Gate().Batch(std::to_string(random() % 4), random() % 5'000, size);
      if (ticket.ok()) {
        bytes += size;
        held.emplace_back(size, *std::move(ticket));
      } else {
        ++refused;
      }
    }
    ASSERT_LE(bytes, 2'000U);
    ASSERT_EQ(metrics_.bytes_in_flight.Value(), static_cast<double>(bytes));
  }
  EXPECT_GT(refused, 100);
  held.clear();
  EXPECT_EQ(metrics_.bytes_in_flight.Value(), 0);
}

}  // namespace
}  // namespace belgrand::ingest
