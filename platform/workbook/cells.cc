#include "platform/workbook/cells.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>

#include "platform/base/time.h"

namespace belgrand::workbook {
namespace {

constexpr double kSecondsPerDay = 86400;
// Beyond it a serial number is no date of the spreadsheet (9999-12-31).
constexpr double kLastSerial = 2958465;
constexpr std::size_t kMaxColumns = 16384;

std::optional<double> Parse(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::size_t> ColumnOf(std::string_view reference) {
  std::size_t column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + static_cast<std::size_t>(c - 'A') + 1;
    if (column > kMaxColumns) return std::nullopt;
  }
  if (column == 0) return std::nullopt;
  return column - 1;
}

bool IsDateFormat(int number_format, std::string_view code) {
  if ((number_format >= 14 && number_format <= 22) ||
      (number_format >= 45 && number_format <= 47)) {
    return true;
  }
  bool quoted = false;
  bool bracketed = false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\\' || c == '_') {
      ++i;
    } else if (c == '[') {
      bracketed = true;
    } else if (c == ']') {
      bracketed = false;
    } else if (!bracketed && std::string_view("dmyhsDMYHS").find(c) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

std::string NumberCell(std::string_view text) {
  const auto number = Parse(text);
  return number.has_value() ? fmt::format("{}", *number) : std::string(text);
}

std::string DateCell(std::string_view text, DateSystem system) {
  const auto number = Parse(text);
  if (!number.has_value() || *number < 0 || *number > kLastSerial) return NumberCell(text);
  const auto seconds = static_cast<std::int64_t>(std::llround(*number * kSecondsPerDay));
  if (*number < 1) return fmt::format("{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60);
  // Day 0 of the 1900 system, right from 1 March 1900 on (it counts a 29 February 1900).
  const base::Day origin = system == DateSystem::k1904
                               ? base::Day(std::chrono::year{1904} / 1 / 1)
                               : base::Day(std::chrono::year{1899} / 12 / 30);
  const base::Instant instant = base::Instant(origin) + std::chrono::seconds(seconds);
  const base::Day day = base::DayOf(instant);
  return instant == base::Instant(day) ? base::FormatDay(day) : base::FormatInstant(instant);
}

}  // namespace belgrand::workbook
