#include "platform/base/address.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace belgrand::base {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

TEST(AddressTest, ParsesHostsAndPorts) {
  EXPECT_EQ(ParseAddress("127.0.0.1:7443")->port, 7443);
  EXPECT_EQ(ParseAddress("[::1]:0")->host, "::1");
  EXPECT_EQ(ParseAddress("timeseries:7443")->host, "timeseries");
}

TEST(AddressTest, NamesWhatIsWrong) {
  EXPECT_THAT(ParseAddress("7443"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("host:port")));
  EXPECT_THAT(ParseAddress("host:http"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("http")));
  EXPECT_THAT(ParseAddress("host:70000"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("70000")));
  EXPECT_THAT(ParseAddress("::1:80"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("brackets")));
}

TEST(AddressTest, KnowsWhatStaysOnTheMachine) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(IsLoopback(*ParseAddress(text))) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "city.example:1"}) {
    EXPECT_FALSE(IsLoopback(*ParseAddress(text))) << text;
  }
}

}  // namespace
}  // namespace belgrand::base
