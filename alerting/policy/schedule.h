// Local time in the configuration: windows of the week, and who is on call.
//
// Times of day are clock times of the configured zone; the day on which clocks change has 23 or 25
// hours, and a window or a shift of it with them. Thread safety: values; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"
#include "platform/base/time_zone.h"

namespace belgrand::alerting {

// "07:30", up to "24:00". InvalidArgument names the text.
base::StatusOr<std::chrono::minutes> ParseClock(std::string_view text);
// "2026-12-24 08:00" in the zone. InvalidArgument names the text.
base::StatusOr<base::Instant> ParseLocal(std::string_view text, const base::TimeZone& zone);

// When the window that holds `at` ends; absent when it does not hold it. A window whose end is not
// after its begin ends the next day, and belongs to the weekday on which it begins.
// REQUIRES: the window is as CheckPolicy wants it.
std::optional<base::Instant> WindowEnd(const config::v1::TimeWindow& window,
                                       const base::TimeZone& zone, base::Instant at);

// The receiver on call: of the last override that holds `at`, else of the rotation.
// REQUIRES: the calendar is as CheckPolicy wants it.
std::string OnCall(const config::v1::Calendar& calendar, const base::TimeZone& zone,
                   base::Instant at);

}  // namespace belgrand::alerting
