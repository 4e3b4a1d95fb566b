#include "platform/http/conditional.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace belgrand::http {
namespace {

base::Instant At(std::int64_t seconds) { return base::FromMicros(seconds * 1'000'000); }

TEST(HttpDateTest, IsTheFixedFormOfTheStandard) {
  // The example of RFC 9110, section 5.6.7.
  EXPECT_EQ(FormatHttpDate(At(784'111'777)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), At(784'111'777));
  EXPECT_EQ(FormatHttpDate(base::FromMicros(784'111'777'999'999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (std::int64_t day = 0; day < 40'000; day += 17) {
    EXPECT_EQ(ParseHttpDate(FormatHttpDate(At(day * 86'400 + day))), At(day * 86'400 + day));
  }
  for (const char* wrong :
       {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "}) {
    EXPECT_EQ(ParseHttpDate(wrong), std::nullopt) << wrong;
  }
}

TEST(ConditionalTest, TheTagDecidesAndTheDateOnlyWithoutOne) {
  const auto code = [](const std::string& tags, const std::string& since) {
    const PageRequest request{.rest = "x", .if_none_match = tags, .if_modified_since = since};
    return Conditional(request, {.body = "text"}, "abc", base::FromMicros(784'111'777'500'000))
        .code;
  };
  EXPECT_EQ(code("", ""), 200);
  EXPECT_EQ(code("\"abc\"", ""), 304);
  EXPECT_EQ(code("\"x\" , W/\"abc\"", ""), 304);
  EXPECT_EQ(code("abc", ""), 200);
  EXPECT_EQ(code("", "Sun, 06 Nov 1994 08:49:37 GMT"), 304) << "half a second is not told apart";
  EXPECT_EQ(code("", "Sun, 06 Nov 1994 08:49:36 GMT"), 200);
  EXPECT_EQ(code("\"x\"", "Sun, 06 Nov 1994 08:49:37 GMT"), 200);
  const auto answer = Conditional({.if_none_match = "\"abc\""}, {.body = "text"}, "abc", At(0));
  EXPECT_EQ(answer.body, "");
}

}  // namespace
}  // namespace belgrand::http
