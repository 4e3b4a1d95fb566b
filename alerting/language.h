// The languages in which alerts are written to people.
//
// Both wordings of a sentence stand beside each other where it is made, so that none is forgotten
// when one changes. What detectors explain of themselves comes in both (detection.v1.Evidence).
// Thread safety: pure functions.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace belgrand::alerting {

enum class Language { kEnglish, kFrench };

constexpr std::string_view Pick(Language language, std::string_view english,
                                std::string_view french) {
  return language == Language::kFrench ? french : english;
}

// Formats with whichever pattern the language has. Patterns are constants of the program.
template <typename... Args>
std::string Say(Language language, std::string_view english, std::string_view french,
                const Args&... args) {
  return fmt::vformat(Pick(language, english, french), fmt::make_format_args(args...));
}

// "4.0" or "4,0".
inline std::string Decimal(Language language, double value, int digits) {
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (language == Language::kFrench) {
    if (const auto point = text.find('.'); point != std::string::npos) text[point] = ',';
  }
  return text;
}

}  // namespace belgrand::alerting
