#include "platform/base/quantity_text.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

namespace belgrand::base {

std::string QuantityText(double value, NumberStyle style) {
  if (value == 0) return "0";
  const bool french = style == NumberStyle::kFrench;
  const auto point = [&](std::string text) {
    if (const auto at = text.find('.'); french && at != std::string::npos) text[at] = ',';
    return text;
  };
  if (std::abs(value) >= 1e15 || std::abs(value) < 1e-6) return point(fmt::format("{:.2e}", value));
  const double step = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 2);
  const double rounded = std::round(value / step) * step;
  if (std::abs(rounded) < 100) return point(fmt::format("{:.3g}", rounded));
  std::string digits = fmt::format("{:.0f}", rounded);
  const std::size_t first = digits[0] == '-' ? 1 : 0;
  // U+202F, narrow no-break space: no line breaks within a number.
  const std::string_view group = french ? "\u202f" : ",";
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, group);
  return digits;
}

}  // namespace belgrand::base
