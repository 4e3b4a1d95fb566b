// Which week, districts and services a command that looks back on a week is about.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "services/cli/client_flags.h"
#include "services/cli/week_data.h"

namespace belgrand::cli {

struct WeekFlags {
  std::string week;
  std::string from;
  std::string to;
  std::string as_of;
  std::vector<std::string> districts;
  std::vector<std::string> targets;
  std::string samples_server;
  std::string detection_server;
};

enum class WhichSpan { kAnySpan, kWeeksOnly };

// --week (and --from, --to), --as-of, --district, --target, --samples-server,
// --detection-server.
void AddWeekFlags(CLI::App& app, WeekFlags& flags, WhichSpan which);
// The cut-off is --as-of, else `now`; InvalidArgument: it lies after now, or before the span, or a
// target is not known.
base::StatusOr<WeekQuery> QueryOf(const WeekFlags& flags, base::Instant now);
base::StatusOr<WeekChannels> ChannelsOf(const WeekFlags& flags, const ClientFlags& client);

}  // namespace belgrand::cli
