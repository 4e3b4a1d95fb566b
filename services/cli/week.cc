#include "services/cli/week.h"

#include <fmt/format.h>

#include <chrono>

#include "sample/text.h"

namespace belgrand::cli {
namespace {

using std::chrono::days;
constexpr days kWeek(7);

// The year's first week is the one with its 4 January.
base::Day FirstMonday(int year) {
  const base::Day fourth(std::chrono::year(year) / std::chrono::January / 4);
  return fourth - days(std::chrono::weekday(fourth).iso_encoding() - 1);
}

base::Status NoWeek(std::string_view text) {
  return base::InvalidArgument("week \"{}\": write the ISO week as YEAR-Wnn, such as 2026-W47",
                               sample::Printable(text));
}

Span SpanOf(int year, int week) {
  const base::Day monday = FirstMonday(year) + (week - 1) * kWeek;
  return {base::Instant(monday), base::Instant(monday + kWeek),
          fmt::format("{:04}-W{:02}", year, week)};
}

}  // namespace

base::StatusOr<Span> ParseWeek(std::string_view text) {
  if (text.size() != 8 || text[4] != '-' || text[5] != 'W') return NoWeek(text);
  const auto number = [&](std::string_view digits) {
    int value = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9') return -1;
      value = 10 * value + (c - '0');
    }
    return value;
  };
  const int year = number(text.substr(0, 4));
  const int week = number(text.substr(6));
  if (year < 1900 || year > 2199 || week < 1 || week > 53) return NoWeek(text);
  Span span = SpanOf(year, week);
  if (base::DayOf(span.from) >= FirstMonday(year + 1)) {
    return base::InvalidArgument("week \"{}\": the year {} has no week {}", text, year, week);
  }
  return span;
}

Span WeekOf(base::Instant instant) {
  const base::Day day = base::DayOf(instant);
  // The Thursday of a week lies in its year.
  const base::Day thursday =
      day + days(4 - static_cast<int>(std::chrono::weekday(day).iso_encoding()));
  const int year = static_cast<int>(std::chrono::year_month_day(thursday).year());
  return SpanOf(year, static_cast<int>((thursday - FirstMonday(year)).count() / 7) + 1);
}

base::StatusOr<Span> ParseSpan(const std::string& week, const std::string& from,
                               const std::string& to) {
  if (!week.empty()) {
    if (!from.empty() || !to.empty()) {
      return base::InvalidArgument("give --week, or --from and --to, not both");
    }
    return ParseWeek(week);
  }
  if (from.empty() || to.empty()) {
    return base::InvalidArgument("say which time: --week 2026-W47, or --from and --to");
  }
  Span span;
  const auto begin = base::ParseInstant(from);
  if (!begin.ok()) return base::Annotate(begin.status(), "--from");
  const auto end = base::ParseInstant(to);
  if (!end.ok()) return base::Annotate(end.status(), "--to");
  if (*end <= *begin) {
    return base::InvalidArgument("--to {} is not after --from {}", to, from);
  }
  return Span{*begin, *end, from + "/" + to};
}

}  // namespace belgrand::cli
