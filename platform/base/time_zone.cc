#include "platform/base/time_zone.h"

#include <absl/time/civil_time.h>

namespace belgrand::base {

StatusOr<TimeZone> TimeZone::Load(const std::string& name) {
  TimeZone zone;
  if (!absl::LoadTimeZone(absl::string_view(name.data(), name.size()), &zone.zone_)) {
    return InvalidArgument(
        "time zone '{}' is not known here: give an IANA name (\"Europe/Paris\"), and install the "
        "tzdata package",
        name);
  }
  return zone;
}

LocalTime TimeZone::ToLocal(Instant instant) const {
  const absl::CivilMinute civil =
      absl::ToCivilMinute(absl::FromUnixMicros(ToMicros(instant)), zone_);
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(civil.year())),
                                         std::chrono::month(static_cast<unsigned>(civil.month())),
                                         std::chrono::day(static_cast<unsigned>(civil.day())));
  return {Day(date), std::chrono::minutes(civil.hour() * 60 + civil.minute())};
}

Instant TimeZone::ToInstant(Day day, std::chrono::minutes clock) const {
  const std::chrono::year_month_day date(day);
  const absl::CivilMinute civil(static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                static_cast<unsigned>(date.day()), 0, clock.count());
  return FromMicros(absl::ToUnixMicros(absl::FromCivil(civil, zone_)));
}

}  // namespace belgrand::base
