#include "platform/base/time.h"

#include <array>
#include <optional>

namespace belgrand::base {
namespace {

// Consumes exactly `width` digits from the front of `text`; nullopt if they are not there.
std::optional<int> TakeDigits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Day> TakeDay(std::string_view& text) {
  const auto year = TakeDigits(text, 4);
  if (!year || !Take(text, '-')) return std::nullopt;
  const auto month = TakeDigits(text, 2);
  if (!month || !Take(text, '-')) return std::nullopt;
  const auto day = TakeDigits(text, 2);
  if (!day || *year < 1900 || *year > 2199) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year(*year),
                                        std::chrono::month(static_cast<unsigned>(*month)),
                                        std::chrono::day(static_cast<unsigned>(*day))};
  if (!ymd.ok()) return std::nullopt;
  return Day(ymd);
}

std::optional<Duration> TakeFraction(std::string_view& text) {
  if (!Take(text, '.')) return Duration(0);
  std::int64_t micros = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 6) micros = micros * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return Duration(micros);
}

std::optional<Duration> TakeOffset(std::string_view& text) {
  if (Take(text, 'Z')) return Duration(0);
  const bool negative = !text.empty() && text.front() == '-';
  if (!negative && (text.empty() || text.front() != '+')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = TakeDigits(text, 2);
  if (!hours || !Take(text, ':')) return std::nullopt;
  const auto minutes = TakeDigits(text, 2);
  if (!minutes || *hours > 18 || *minutes > 59) return std::nullopt;
  const Duration offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return negative ? -offset : offset;
}

Status BadTime(std::string_view text) {
  return InvalidArgument(
      "'{}' is not a date or time: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ (ISO 8601)", text);
}

}  // namespace

std::string FormatDay(Day d) {
  const std::chrono::year_month_day ymd(d);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
}

std::string FormatInstant(Instant t) {
  const Day day = DayOf(t);
  const std::chrono::hh_mm_ss<Duration> clock(t - day);
  std::string text = fmt::format("{}T{:02}:{:02}:{:02}", FormatDay(day), clock.hours().count(),
                                 clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += fmt::format(".{:06}", clock.subseconds().count());
  return text + "Z";
}

StatusOr<Day> ParseDay(std::string_view text) {
  std::string_view rest = text;
  const auto day = TakeDay(rest);
  if (!day || !rest.empty()) {
    return InvalidArgument("'{}' is not a date: write YYYY-MM-DD, for example 2021-01-05", text);
  }
  return *day;
}

StatusOr<Instant> ParseInstant(std::string_view text) {
  std::string_view rest = text;
  const auto day = TakeDay(rest);
  if (!day) return BadTime(text);
  if (rest.empty()) return Instant(*day);
  if (!Take(rest, 'T')) return BadTime(text);
  std::array<int, 3> hms{};
  for (std::size_t i = 0; i < hms.size(); ++i) {
    if (i > 0 && !Take(rest, ':')) return BadTime(text);
    const auto part = TakeDigits(rest, 2);
    if (!part) return BadTime(text);
    hms[i] = *part;
  }
  if (hms[0] > 23 || hms[1] > 59 || hms[2] > 59) return BadTime(text);
  const auto fraction = TakeFraction(rest);
  if (!fraction) return BadTime(text);
  const auto offset = TakeOffset(rest);
  if (!offset || !rest.empty()) return BadTime(text);
  return Instant(*day) + std::chrono::hours(hms[0]) + std::chrono::minutes(hms[1]) +
         std::chrono::seconds(hms[2]) + *fraction - *offset;
}

}  // namespace belgrand::base
