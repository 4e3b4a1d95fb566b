#include "alerting/text.h"

#include <gtest/gtest.h>

#include "alerting/alert_id.h"
#include "tests/support/status_matchers.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;

TEST(AlertIdTest, RoundTripsAnyBytesAndSeparatesByTheSlash) {
  const AlertKey key{"Île/de France", "N1 100%", "trend"};
  EXPECT_EQ(FormatAlertId(key), "%C3%8Ele%2Fde%20France/N1%20100%25/trend");
  const auto parsed = ParseAlertId(FormatAlertId(key));
  ASSERT_OK(parsed);
  EXPECT_EQ(*parsed, key);
}

TEST(AlertIdTest, RefusesWhatIsNoId) {
  for (const char* text :
       {"", "a", "a/b", "a/b/c/d", "a//c", "a/b/%4", "a/b/%zz", "/b/c", "a/b/"}) {
    EXPECT_FALSE(ParseAlertId(text).ok()) << text;
  }
}

TEST(TextTest, TellsPrintableUtf8FromTheRest) {
  for (const char* text :
       {"", "plain\ttext\n", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\xb0"}) {
    EXPECT_TRUE(IsPrintableUtf8(text)) << text;
  }
  for (const char* text : {"\x01", "\x7f", "\r", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\x80", "\xff"}) {
    EXPECT_FALSE(IsPrintableUtf8(text));
  }
}

TEST(TextTest, QuotesForTheShell) {
  EXPECT_EQ(QuoteShell("north/N1/trend"), "north/N1/trend");
  EXPECT_EQ(QuoteShell("it's $HOME"), "'it'\\''s $HOME'");
}

TEST(TextTest, WrapsAtSpacesOnly) {
  EXPECT_EQ(Wrap("one two  three\nfour", 7, "  "), "one two\n  three\n  four");
  EXPECT_EQ(Wrap("averylongword x", 5, ""), "averylongword\nx");
}

}  // namespace
}  // namespace belgrand::alerting
