#include "alerting/policy/schedule.h"

#include <algorithm>

namespace belgrand::alerting {
namespace {

using std::chrono::minutes;

constexpr minutes kDay = std::chrono::hours(24);
constexpr int kDaysOfWeek = 7;

std::optional<int> TwoDigits(std::string_view text) {
  if (text.size() != 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
    return std::nullopt;
  }
  return (text[0] - '0') * 10 + (text[1] - '0');
}

bool HasDay(const config::v1::TimeWindow& window, base::Day day) {
  if (window.days().empty()) return true;
  const auto number = static_cast<int>(std::chrono::weekday(day).iso_encoding());
  return std::ranges::find(window.days(), number) != window.days().end();
}

}  // namespace

base::StatusOr<minutes> ParseClock(std::string_view text) {
  if (text.size() == 5 && text[2] == ':') {
    const auto hour = TwoDigits(text.substr(0, 2));
    const auto minute = TwoDigits(text.substr(3));
    if (hour && minute && *minute < 60 && *hour * 60 + *minute <= kDay.count()) {
      return minutes(*hour * 60 + *minute);
    }
  }
  return base::InvalidArgument("'{}' is no time of day: write hh:mm, 00:00 to 24:00", text);
}

base::StatusOr<base::Instant> ParseLocal(std::string_view text, const base::TimeZone& zone) {
  if (text.size() != 16 || text[10] != ' ') {
    return base::InvalidArgument("'{}' is no local time: write yyyy-mm-dd hh:mm", text);
  }
  ASSIGN_OR_RETURN(const base::Day day, base::ParseDay(text.substr(0, 10)));
  ASSIGN_OR_RETURN(const minutes clock, ParseClock(text.substr(11)));
  return zone.ToInstant(day, clock);
}

std::optional<base::Instant> WindowEnd(const config::v1::TimeWindow& window,
                                       const base::TimeZone& zone, base::Instant at) {
  const auto from = ParseClock(window.from());
  const auto to = ParseClock(window.to());
  if (!from.ok() || !to.ok()) return std::nullopt;
  const minutes end = *to > *from ? *to : *to + kDay;
  const base::Day today = zone.ToLocal(at).day;
  std::optional<base::Instant> latest;
  // One that began yesterday may still hold.
  for (const base::Day day : {today - std::chrono::days(1), today}) {
    if (!HasDay(window, day)) continue;
    const base::Instant ends = zone.ToInstant(day, end);
    if (zone.ToInstant(day, *from) <= at && at < ends) latest = ends;
  }
  return latest;
}

std::string OnCall(const config::v1::Calendar& calendar, const base::TimeZone& zone,
                   base::Instant at) {
  for (auto change = calendar.overrides().rbegin(); change != calendar.overrides().rend();
       ++change) {
    const auto from = ParseLocal(change->from(), zone);
    const auto to = ParseLocal(change->to(), zone);
    if (from.ok() && to.ok() && *from <= at && at < *to) return change->receiver();
  }
  const auto first = base::ParseDay(calendar.first_day());
  const auto handover = ParseClock(calendar.handover().empty() ? "08:00" : calendar.handover());
  if (!first.ok() || !handover.ok() || calendar.receivers().empty()) return "";
  const base::LocalTime local = zone.ToLocal(at);
  auto days = (local.day - *first).count() - (local.clock < *handover ? 1 : 0);
  const auto length =
      static_cast<decltype(days)>(calendar.shift_days() == 0 ? kDaysOfWeek : calendar.shift_days());
  const auto count = static_cast<decltype(days)>(calendar.receivers_size());
  // Floor division: the rotation also runs before its first day.
  auto shift = days / length - (days % length < 0 ? 1 : 0);
  shift = ((shift % count) + count) % count;
  return calendar.receivers(static_cast<int>(shift));
}

}  // namespace belgrand::alerting
