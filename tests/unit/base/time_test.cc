#include "platform/base/time.h"

#include <gtest/gtest.h>

#include "platform/base/clock.h"
#include "tests/support/status_matchers.h"

namespace belgrand::base {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

TEST(TimeTest, DayRoundTrips) {
  for (const char* text : {"1970-01-01", "2020-02-29", "2021-12-31", "2199-01-01"}) {
    const auto day = ParseDay(text);
    ASSERT_OK(day);
    EXPECT_EQ(FormatDay(*day), text);
  }
}

TEST(TimeTest, RefusesWhatIsNotADay) {
  for (const char* text : {"", "2021-02-29", "2021-13-01", "21-01-01", "2021-01-01 ", "01/02/2021",
                           "2021-1-1", "1899-12-31"}) {
    EXPECT_THAT(ParseDay(text), StatusIs(StatusCode::kInvalidArgument, HasSubstr(text))) << text;
  }
}

TEST(TimeTest, InstantKnowsOffsetsAndFractions) {
  EXPECT_THAT(ParseInstant("2021-01-05T12:00:00+02:00"),
              IsOkAndHolds(*ParseInstant("2021-01-05T10:00:00Z")));
  EXPECT_EQ(FormatInstant(*ParseInstant("2021-01-05T10:00:00.25Z")), "2021-01-05T10:00:00.250000Z");
  EXPECT_EQ(FormatInstant(*ParseInstant("1969-12-31T23:59:59Z")), "1969-12-31T23:59:59Z");
  EXPECT_FALSE(ParseInstant("2021-01-05T10:00:00").ok()) << "a zone is required";
  EXPECT_FALSE(ParseInstant("2021-01-05T24:00:00Z").ok());
}

TEST(FakeClockTest, MovesOnlyWhenTold) {
  FakeClock clock(*ParseInstant("2021-01-05"));
  EXPECT_EQ(FormatInstant(clock.Now()), "2021-01-05T00:00:00Z");
  clock.Advance(std::chrono::hours(25));
  EXPECT_EQ(FormatDay(DayOf(clock.Now())), "2021-01-06");
}

}  // namespace
}  // namespace belgrand::base
