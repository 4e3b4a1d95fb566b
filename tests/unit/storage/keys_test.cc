// Property tests: the order of encoded keys is the order of what they encode, and nothing is lost.
#include "platform/storage/keys.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <tuple>
#include <vector>

namespace belgrand::storage {
namespace {

constexpr int kRounds = 20000;

class KeysTest : public ::testing::Test {
 protected:
  KeysTest() {
    const unsigned seed = std::random_device()();
    RecordProperty("seed", std::to_string(seed));
    std::printf("seed %u\n", seed);
    random_.seed(seed);
  }
  std::uint64_t Number() {
    // Small, large and near powers of two, with equal weight.
    const std::uint64_t raw = random_();
    switch (random_() % 3) {
      case 0:
        return raw % 4;
      case 1:
        return (std::uint64_t{1} << (raw % 64)) - (raw >> 63);
      default:
        return raw;
    }
  }
  // Short, over an alphabet that holds the bytes of the escape sequences.
  std::string Text() {
    static constexpr std::string_view kAlphabet(
        "\x00\x01\x02"
        "a\xfe\xff",
        6);
    std::string text;
    for (std::uint64_t length = random_() % 6; length > 0; --length) {
      text.push_back(kAlphabet[random_() % kAlphabet.size()]);
    }
    return text;
  }
  std::mt19937_64 random_;
};

std::string KeyOf(const std::tuple<std::string, std::int64_t, std::string, std::uint32_t>& parts) {
  std::string key;
  AppendText(key, std::get<0>(parts));
  AppendInt64(key, std::get<1>(parts));
  AppendText(key, std::get<2>(parts));
  AppendUint32(key, std::get<3>(parts));
  return key;
}

bool UnsignedLess(std::string_view a, std::string_view b) {
  return a.compare(b) < 0;  // char_traits<char> compares as unsigned char
}

TEST_F(KeysTest, OrderOfCompositeKeysIsTheOrderOfTheirParts) {
  for (int i = 0; i < kRounds; ++i) {
    const std::tuple a(Text(), static_cast<std::int64_t>(Number()), Text(),
                       static_cast<std::uint32_t>(Number()));
    auto b = std::tuple(Text(), static_cast<std::int64_t>(Number()), Text(),
                        static_cast<std::uint32_t>(Number()));
    if (random_() % 2 == 0) std::get<0>(b) = std::get<0>(a);
    if (random_() % 2 == 0) std::get<1>(b) = std::get<1>(a);
    if (random_() % 2 == 0) std::get<2>(b) = std::get<2>(a);
    EXPECT_EQ(a < b, UnsignedLess(KeyOf(a), KeyOf(b)));
    EXPECT_EQ(a == b, KeyOf(a) == KeyOf(b));
  }
}

TEST_F(KeysTest, WhatWasAppendedIsTakenBackAndNothingMore) {
  for (int i = 0; i < kRounds; ++i) {
    const std::string text = Text();
    const std::uint64_t u64 = Number();
    const auto u32 = static_cast<std::uint32_t>(Number());
    const auto i64 = static_cast<std::int64_t>(Number());
    std::string key;
    AppendUint64(key, u64);
    AppendText(key, text);
    AppendInt64(key, i64);
    AppendUint32(key, u32);
    std::string_view rest = key;
    EXPECT_EQ(TakeUint64(rest), u64);
    EXPECT_EQ(TakeText(rest), text);
    EXPECT_EQ(TakeInt64(rest), i64);
    EXPECT_EQ(TakeUint32(rest), u32);
    EXPECT_TRUE(rest.empty());
  }
}

TEST_F(KeysTest, TakingFromGarbageLeavesItUntouched) {
  for (int i = 0; i < kRounds; ++i) {
    const std::string garbage = Text();
    std::string_view rest = garbage;
    if (!TakeText(rest)) {
      EXPECT_EQ(rest, garbage);
    }
    rest = garbage;
    if (!TakeUint64(rest)) {
      EXPECT_EQ(rest, garbage);
    }
    rest = garbage;
    if (!TakeUint32(rest)) {
      EXPECT_EQ(rest, garbage);
    }
  }
}

TEST_F(KeysTest, PrefixEndIsTheFirstKeyAfterEveryKeyWithThePrefix) {
  for (int i = 0; i < kRounds; ++i) {
    const std::string prefix = Text();
    const std::string key = Text();
    const std::string end = PrefixEnd(prefix);
    const bool starts = std::string_view(key).starts_with(prefix);
    const bool inside = !UnsignedLess(key, prefix) && (end.empty() || UnsignedLess(key, end));
    EXPECT_EQ(starts, inside);
  }
}

TEST(KeysGoldenTest, BytesAreFixed) {
  std::string key;
  AppendText(key, std::string_view("a\0b", 3));
  AppendInt64(key, -1);
  AppendUint64(key, 0x0102030405060708);
  AppendUint32(key, 7);
  const std::string expected(
      "a\x00\xff"
      "b\x00\x01"
      "\x7f\xff\xff\xff\xff\xff\xff\xff"
      "\x01\x02\x03\x04\x05\x06\x07\x08"
      "\x00\x00\x00\x07",
      26);
  EXPECT_EQ(key, expected);
}

TEST(KeysGoldenTest, ExtremeInstantsOrder) {
  std::vector<std::string> keys;
  for (const std::int64_t value : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
                                   std::int64_t{0}, std::numeric_limits<std::int64_t>::max()}) {
    AppendInt64(keys.emplace_back(), value);
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

}  // namespace
}  // namespace belgrand::storage
