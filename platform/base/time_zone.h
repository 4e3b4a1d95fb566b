// A time zone of the IANA database: local time at the edges, where people think in it.
//
// Reads the machine's zone files (/usr/share/zoneinfo). Thread safety: a value; safe to read.
#pragma once

#include <absl/time/time.h>

#include <string>

#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::base {

// A local date and the time since its midnight as a clock shows it.
struct LocalTime {
  Day day;
  std::chrono::minutes clock{0};
};

class TimeZone {
 public:
  TimeZone() = default;  // UTC
  // InvalidArgument: the machine knows no such zone.
  static StatusOr<TimeZone> Load(const std::string& name);

  // Seconds are cut off.
  LocalTime ToLocal(Instant instant) const;
  // `clock` may be beyond a day. A time that the spring skips is the one as much after the skip; of
  // one that the autumn repeats, the first.
  Instant ToInstant(Day day, std::chrono::minutes clock) const;

 private:
  absl::TimeZone zone_ = absl::UTCTimeZone();
};

}  // namespace belgrand::base
