// How long a text is as an SMS, and how it is made to fit (3GPP TS 23.038 section 6.2.1, TS 23.040
// section 9.2.3.24.1).
//
// A text whose characters are all in the GSM 7-bit default alphabet (those of its extension table
// count twice) takes 160 septets, or 153 in each of several parts; any other is sent as UCS-2: 70
// units of UTF-16, or 67 in each of several parts. Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace belgrand::alerting {

struct SmsLength {
  enum class Alphabet { kGsm7, kUcs2 } alphabet = Alphabet::kGsm7;
  // Septets, or units of UTF-16.
  std::size_t units = 0;
  std::size_t parts = 0;  // 0 for an empty text
};

// REQUIRES: well-formed UTF-8, as for the others here.
SmsLength MeasureSms(std::string_view text);
// Typographic spaces, quotes and dashes as their plain forms, so that they do not halve the room.
std::string PlainForSms(std::string_view text);
// The longest beginning that takes at most `max_parts`, cut at a space where there is one, and
// "..." where something was cut.
std::string FitSms(std::string_view text, std::size_t max_parts);

}  // namespace belgrand::alerting
