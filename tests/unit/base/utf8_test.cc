#include "platform/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace belgrand::base {
namespace {

// The encoding of a code point by the definition, surrogates and values out of range included.
std::string Encode(unsigned code) {
  const auto byte = [](unsigned value) { return static_cast<char>(value); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 63))};
  if (code < 0x10000) {
    return {byte(0xE0 | code >> 12), byte(0x80 | ((code >> 6) & 63)), byte(0x80 | (code & 63))};
  }
  return {byte(0xF0 | code >> 18), byte(0x80 | ((code >> 12) & 63)),
          byte(0x80 | ((code >> 6) & 63)), byte(0x80 | (code & 63))};
}

TEST(Utf8Test, AcceptsEveryCodePointAndNoSurrogate) {
  for (unsigned code = 0; code < 0x120000; ++code) {
    const std::string text = Encode(code);
    const bool legal = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    ASSERT_EQ(Utf8CharacterSize(text), legal ? text.size() : 0) << std::hex << code;
  }
}

TEST(Utf8Test, RefusesOverlongTruncatedAndStrayBytes) {
  for (const char* text :
       {"\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\x80", "\xFF", "\xC3",
        "\xE2\x82", "\xF0\x9F\x98", "\xC3\x28", "\xE2\x28\xA1"}) {
    EXPECT_EQ(Utf8CharacterSize(text), 0U) << text;
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
  EXPECT_EQ(Utf8CharacterSize(""), 0U);
}

TEST(Utf8Test, FindsTheFirstBadByte) {
  EXPECT_EQ(Utf8ValidPrefix("caf\xC3\xA9"), 5U);
  EXPECT_EQ(Utf8ValidPrefix("caf\xE9 au lait"), 3U);
  EXPECT_TRUE(IsUtf8(""));
}

}  // namespace
}  // namespace belgrand::base
