#include "services/cli/history.h"

#include <algorithm>
#include <thread>

#include "services/cli/sample_load.h"

namespace belgrand::cli {

void AddHistoryFlags(CLI::App& app, HistoryFlags& flags) {
  app.add_option("--samples", flags.samples,
                 "Samples: CSV, .xlsx, or a folder of tables (docs/formats/README.md)")
      ->required();
  app.add_option("--mapping", flags.mapping,
                 "The laboratory's own columns, described once (docs/formats/mapping.md)");
  app.add_option("--sites", flags.sites,
                 "Table of sites, for files that name sites and say nothing of them");
  app.add_option("--sheet", flags.sheet, "Sheet of a workbook; the first one when not given");
  app.add_option("--threads", flags.threads, "Default: as many as processors");
}

base::StatusOr<std::vector<detection::Observation>> LoadHistory(const HistoryFlags& flags,
                                                                detection::ReadReport& report) {
  LoadOptions options;
  options.mapping = flags.mapping;
  options.sites = flags.sites;
  options.sheet = flags.sheet;
  ASSIGN_OR_RETURN(const auto source, SampleSource::Open(flags.samples, options));
  auto observations = detection::ReadObservations(source->reader(), report);
  if (!observations.ok()) return base::Annotate(observations.status(), source->file().string());
  return observations;
}

unsigned ThreadsOf(const HistoryFlags& flags) {
  return flags.threads > 0 ? flags.threads : std::max(std::thread::hardware_concurrency(), 1U);
}

}  // namespace belgrand::cli
