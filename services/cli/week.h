// The time that a report on changes or a bulletin is about: ISO 8601 weeks, Monday to Sunday, UTC.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::cli {

// [from, to)
struct Span {
  base::Instant from{};
  base::Instant to{};
  // "2026-W47", or "2026-11-16/2026-11-18" for a time that is no week.
  std::string name;
};

// "2026-W47"; InvalidArgument for another form, or a week that the year does not have.
base::StatusOr<Span> ParseWeek(std::string_view text);
// Of the week that holds the instant.
Span WeekOf(base::Instant instant);
// Of --week, or of --from and --to (days or instants, `to` excluded). InvalidArgument: neither, or
// both, or `to` is not after `from`.
base::StatusOr<Span> ParseSpan(const std::string& week, const std::string& from,
                               const std::string& to);

}  // namespace belgrand::cli
