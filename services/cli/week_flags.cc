#include "services/cli/week_flags.h"

#include "sample/target.h"
#include "sample/text.h"

namespace belgrand::cli {

void AddWeekFlags(CLI::App& app, WeekFlags& flags, WhichSpan which) {
  app.add_option("--week", flags.week, "ISO week, Monday to Sunday in UTC, such as 2026-W47");
  if (which == WhichSpan::kAnySpan) {
    app.add_option("--from", flags.from, "instead of a week: from this day or instant on");
    app.add_option("--to", flags.to, "until before this day or instant");
  }
  app.add_option("--as-of", flags.as_of,
                 "the data cut-off: as it was known at this instant; now unless said");
  app.add_option("--district", flags.districts, "only of these districts");
  app.add_option("--target", flags.targets, "only of these targets");
  app.add_option("--samples-server", flags.samples_server,
                 "host:port of the timeseries role, where it is served apart; default: --server");
  app.add_option("--detection-server", flags.detection_server,
                 "host:port of the detection role, where it is served apart; default: --server");
}

base::StatusOr<WeekQuery> QueryOf(const WeekFlags& flags, base::Instant now) {
  WeekQuery query;
  ASSIGN_OR_RETURN(query.span, ParseSpan(flags.week, flags.from, flags.to));
  query.cutoff = now;
  if (!flags.as_of.empty()) {
    const auto as_of = base::ParseInstant(flags.as_of);
    if (!as_of.ok()) return base::Annotate(as_of.status(), "--as-of");
    query.cutoff = *as_of;
  }
  if (query.cutoff > now) {
    return base::InvalidArgument("--as-of {} lies in the future: nothing is known then",
                                 flags.as_of);
  }
  if (query.cutoff <= query.span.from) {
    return base::InvalidArgument("{} begins at {}, after the data cut-off {}", query.span.name,
                                 base::FormatInstant(query.span.from),
                                 base::FormatInstant(query.cutoff));
  }
  query.districts = flags.districts;
  for (const std::string& text : flags.targets) {
    const auto code = sample::CanonicalTarget(text);
    if (!code.has_value()) {
      return base::InvalidArgument("target \"{}\" is not known; known: {}", sample::Printable(text),
                                   sample::TargetList());
    }
    query.targets.emplace_back(*code);
  }
  return query;
}

base::StatusOr<WeekChannels> ChannelsOf(const WeekFlags& flags, const ClientFlags& client) {
  WeekChannels channels;
  ASSIGN_OR_RETURN(channels.alerting, Connect(client));
  channels.timeseries = channels.alerting;
  if (!flags.samples_server.empty()) {
    ClientFlags apart = client;
    apart.server = flags.samples_server;
    ASSIGN_OR_RETURN(channels.timeseries, Connect(apart));
  }
  channels.detection = channels.alerting;
  if (!flags.detection_server.empty()) {
    ClientFlags apart = client;
    apart.server = flags.detection_server;
    ASSIGN_OR_RETURN(channels.detection, Connect(apart));
  }
  return channels;
}

}  // namespace belgrand::cli
