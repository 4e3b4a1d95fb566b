#include "platform/crypto/encoding.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "platform/crypto/secret.h"
#include "tests/support/status_matchers.h"

namespace belgrand::crypto {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

TEST(Base64Test, MatchesRfc4648) {
  const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"\xff\xfe", "//4="}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(ToBase64(bytes), text);
    EXPECT_THAT(FromBase64(text), IsOkAndHolds(bytes));
  }
}

TEST(Base64Test, AcceptsExactlyOneSpellingOfEachValue) {
  // Every text of four characters over a mix of alphabet, padding and foreign characters decodes
  // only if encoding the result gives the same text back.
  const std::string characters = "AQgwZ/+9=_- \n";
  int accepted = 0;
  for (const char a : characters) {
    for (const char b : characters) {
      for (const char c : characters) {
        for (const char d : characters) {
          const std::string text{a, b, c, d};
          const auto bytes = FromBase64(text);
          if (!bytes.ok()) continue;
          ++accepted;
          EXPECT_EQ(ToBase64(*bytes), text);
        }
      }
    }
  }
  EXPECT_GT(accepted, 8 * 8 * 8 * 8);
  EXPECT_THAT(FromBase64("Zm9"), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("4")));
  EXPECT_FALSE(FromBase64("Zg==Zg==").ok()) << "padding in the middle";
}

TEST(HexTest, RoundTripsAndRefusesOtherSpellings) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_THAT(FromHex(ToHex(all)), IsOkAndHolds(all));
  EXPECT_EQ(ToHex("\x0a\xff"), "0aff");
  for (const char* bad : {"0", "0g", "0A", " 0", "0x"}) EXPECT_FALSE(FromHex(bad).ok()) << bad;
}

TEST(SecretTest, ConstantTimeEqualComparesContentAndLength) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "ab"));
}

TEST(SecretTest, RandomBytesDoNotRepeatInTenThousandDraws) {
  std::set<std::string> seen;
  for (int i = 0; i < 10000; ++i) EXPECT_TRUE(seen.insert(RandomBytes(16)).second);
}

TEST(SecretTest, KeyFromWrongLengthIsRefusedWithoutShowingIt) {
  const auto key = Key256::FromBytes("not a key");
  EXPECT_THAT(key,
              StatusIs(base::StatusCode::kInvalidArgument, ::testing::Not(HasSubstr("not a key"))));
}

TEST(SecretTest, CleanseOverwrites) {
  std::string secret = "the key";
  Cleanse(secret);
  EXPECT_EQ(secret, std::string(7, '\0'));
}

}  // namespace
}  // namespace belgrand::crypto
