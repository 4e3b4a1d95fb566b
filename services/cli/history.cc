#include "services/cli/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "detection/normalise_history.h"
#include "platform/base/clock.h"
#include "services/cli/import_report.h"
#include "services/cli/sample_load.h"

namespace belgrand::cli {
namespace {

// More would only wait for each other, and a system that gives no more threads ends the process.
constexpr unsigned kMaxThreads = 256;

void ShowNormalised(const detection::NormaliseReport& report, sample::Normalisation way) {
  fmt::print("normalised by {} to {}: {} rows; left out {}, nothing is filled in\n",
             sample::NameOf(way), sample::UnitOf(way), Grouped(report.normalised),
             Grouped(report.left_out));
  for (const auto& [name, count] : report.missing) {
    fmt::print("left out {:>9}  without {}\n", Grouped(count), name);
  }
}

}  // namespace

CLI::Option* AddNormaliseFlag(CLI::App& app, HistoryFlags& flags) {
  return app
      .add_option("--normalise", flags.normalise,
                  "Read the samples normalised: flow (gc per 100,000 persons and day), pmmov "
                  "(copies per million of pepper mild mottle virus) or ammonium (gc per 100,000 "
                  "persons by ammonium and day); rows without what it needs are left out")
      ->check(CLI::IsMember({"flow", "pmmov", "ammonium"}));
}

void AddHistoryFlags(CLI::App& app, HistoryFlags& flags) {
  app.add_option("--samples", flags.samples,
                 "Samples: CSV, .xlsx, or a folder of tables (docs/formats/README.md)")
      ->required();
  app.add_option("--mapping", flags.mapping,
                 "The laboratory's own columns, described once (docs/formats/mapping.md)");
  app.add_option("--sites", flags.sites,
                 "Table of sites, for files that name sites and say nothing of them");
  app.add_option("--sheet", flags.sheet, "Sheet of a workbook; the first one when not given");
  app.add_option("--threads", flags.threads, "Default: as many as processors")
      ->check(CLI::Range(1U, kMaxThreads));
}

base::StatusOr<std::vector<detection::Observation>> LoadHistory(const HistoryFlags& flags,
                                                                detection::ReadReport& report) {
  LoadOptions options;
  options.mapping = flags.mapping;
  options.sites = flags.sites;
  options.sheet = flags.sheet;
  ASSIGN_OR_RETURN(const auto source, SampleSource::Open(flags.samples, options));
  detection::ReadOptions reading;
  reading.now = base::Clock::System().Now();
  if (flags.keep_loads) reading.loads = detection::ReadOptions::Loads::kKeep;
  auto observations = detection::ReadObservations(source->reader(), reading, report);
  if (!observations.ok()) return base::Annotate(observations.status(), source->file().string());
  if (flags.normalise.empty()) return observations;
  const auto way = sample::ParseNormalisation(flags.normalise);
  if (!way) {
    return base::InvalidArgument("--normalise {}: give flow, pmmov or ammonium", flags.normalise);
  }
  detection::NormaliseReport normalised;
  auto in_measure = detection::NormaliseHistory(*std::move(observations), *way, normalised);
  ShowNormalised(normalised, *way);
  if (normalised.normalised == 0) {
    return base::InvalidArgument("--normalise {}: no row of {} has what it needs", flags.normalise,
                                 source->file().string());
  }
  return in_measure;
}

void ShowLeftOut(const detection::ReadReport& report) {
  if (report.loads > 0) {
    fmt::print("kept as series of their own, named after target and unit: {} rows\n",
               Grouped(report.loads));
  }
  if (report.duplicates > 0) {
    fmt::print("left out {:>9}  said before\n", Grouped(report.duplicates));
  }
  for (const auto& [rule, count] : report.rejected) {
    fmt::print("left out {:>9}  {}\n", Grouped(count), rule);
  }
  if (!report.rejected.empty()) {
    fmt::print(
        "the service refuses these rows too (docs/errors.md): `belgrand import --dry-run "
        "--verdicts OUT.csv` tells them one by one\n");
  }
}

unsigned ThreadsOf(const HistoryFlags& flags) {
  return flags.threads > 0 ? flags.threads : std::max(std::thread::hardware_concurrency(), 1U);
}

}  // namespace belgrand::cli
