#include "services/cli/alerts_changes.h"

#include <iostream>
#include <memory>

#include "platform/base/clock.h"
#include "services/cli/changes.h"
#include "services/cli/client_verb.h"
#include "services/cli/week_flags.h"

namespace belgrand::cli {
namespace {

struct Flags {
  ClientFlags client;
  WeekFlags week;
  bool json = false;
};

base::Status Tell(const Flags& flags) {
  ASSIGN_OR_RETURN(const WeekQuery query, QueryOf(flags.week, base::Clock::System().Now()));
  ASSIGN_OR_RETURN(const WeekChannels channels, ChannelsOf(flags.week, flags.client));
  ASSIGN_OR_RETURN(const WeekData data, ReadWeek(channels, query));
  const Changes changes = FindChanges(data, data.span, Reasons::kTell);
  const bool french = VerdictLanguage(flags.client) == ingest::v1::FRENCH;
  std::cout << (flags.json ? ChangesJson(changes)
                           : ChangesText(changes, french ? alerting::Language::kFrench
                                                         : alerting::Language::kEnglish));
  return base::OkStatus();
}

}  // namespace

void AddAlertsChanges(CLI::App& alerts, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  auto* verb = AddClientVerb(alerts, run, flags, "changes",
                             "What changed within a week: alerts, values, sites; and why", Tell);
  AddWeekFlags(*verb, flags->week, WhichSpan::kAnySpan);
  verb->add_flag("--json", flags->json, "as JSON, for programs");
}

}  // namespace belgrand::cli
