// Instants and days of the project, and their ISO 8601 text.
//
// An instant is microseconds since the Unix epoch, UTC; a day is a civil date. Neither carries a
// zone: zones are an edge matter.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::base {

using Duration = std::chrono::microseconds;
using Instant = std::chrono::sys_time<Duration>;
using Day = std::chrono::sys_days;

inline std::int64_t ToMicros(Instant t) { return t.time_since_epoch().count(); }
inline Instant FromMicros(std::int64_t us) { return Instant(Duration(us)); }
inline Day DayOf(Instant t) { return std::chrono::floor<std::chrono::days>(t); }

// "2021-01-05T12:00:00Z"; fractional seconds appear only when they are not zero.
std::string FormatInstant(Instant t);
// "2021-01-05".
std::string FormatDay(Day d);

// Parses "2021-01-05" (a real civil date, years 1900 to 2199). InvalidArgument names the text.
StatusOr<Day> ParseDay(std::string_view text);
// Parses a day (midnight UTC) or "2021-01-05T12:34:56[.ffffff](Z|+hh:mm|-hh:mm)".
StatusOr<Instant> ParseInstant(std::string_view text);

}  // namespace belgrand::base
