#include "services/cli/backtest_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <set>

#include "detection/backtest.h"
#include "detection/waves.h"
#include "platform/base/file.h"
#include "services/cli/backtest_flags.h"
#include "services/cli/progress.h"

namespace belgrand::cli {
namespace {

// Of what is named in a message.
constexpr std::size_t kNamedWaves = 5;
constexpr std::size_t kNamedBytes = 300;

base::StatusOr<std::ifstream> Open(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::NotFound("{}: cannot be opened for reading", path);
  return in;
}

// A wave of an area or target that no sample has is a typing error: it would score nothing and look
// like a history without waves.
base::Status CheckSampled(const std::string& path, const std::vector<detection::Wave>& waves,
                          const std::vector<detection::Observation>& observations) {
  std::set<std::pair<std::string, std::string>> sampled;
  for (const detection::Observation& o : observations) {
    sampled.emplace(o.district_id, o.measurement.target);
  }
  std::string unknown;
  std::size_t count = 0;
  for (const detection::Wave& wave : waves) {
    if (sampled.contains({wave.area_id, wave.target}) || ++count > kNamedWaves) continue;
    unknown += fmt::format("{}\"{}\" {}", unknown.empty() ? "" : ", ", wave.area_id, wave.target);
  }
  if (count == 0) return base::OkStatus();
  std::string known;
  for (const auto& [area, target] : sampled) {
    if (known.size() > kNamedBytes) break;
    known += fmt::format("{}\"{}\" {}", known.empty() ? "" : ", ", area, target);
  }
  return base::InvalidArgument(
      "{}: {} of {} waves are of an area and target that no sample is of: {}{}; sampled: {}{}",
      path, count, waves.size(), unknown, count > kNamedWaves ? ", ..." : "", known,
      known.size() > kNamedBytes ? ", ..." : "");
}

// Before the work, not after it.
base::Status CheckWritable(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code error;
  if (std::filesystem::is_directory(folder, error) && ::access(folder.c_str(), W_OK) == 0) {
    return base::OkStatus();
  }
  return base::NotFound("{}: cannot be written: there is no folder {} that you may write to", path,
                        folder.string());
}

void PrintScore(const detection::WaveScore& score) {
  for (const detection::WaveOutcome& outcome : score.outcomes) {
    fmt::print("wave {} {}: onset {}, peak {}: {}\n", outcome.wave.area_id, outcome.wave.target,
               base::FormatDay(outcome.wave.onset), base::FormatDay(outcome.wave.peak),
               outcome.opened_on ? fmt::format("opened {}, {} days before the peak",
                                               base::FormatDay(*outcome.opened_on),
                                               (outcome.wave.peak - *outcome.opened_on).count())
               : outcome.met     ? "an alert opened earlier was still open"
                                 : "missed");
  }
  for (const detection::AlertRow& alert : score.false_alerts) {
    fmt::print("outside any wave: {} {}: opened {}, closed {}, {}\n", alert.area_id, alert.target,
               base::FormatDay(alert.opened_on),
               alert.closed_on ? base::FormatDay(*alert.closed_on) : "never",
               detection::NameOf(alert.severity));
  }
  const double waves = static_cast<double>(std::max<std::size_t>(score.outcomes.size(), 1));
  fmt::print(
      "waves {}: met {} ({:.0f} %), opened from 21 days before onset to peak {} ({:.0f} %), median "
      "lead {} days; false district alerts {} in {:.1f} area-years, {:.2f} per area-year; {} of "
      "them "
      "opened within {} days after a peak\n",
      score.outcomes.size(), score.met, 100 * static_cast<double>(score.met) / waves, score.in_time,
      100 * static_cast<double>(score.in_time) / waves, score.median_lead_days,
      score.false_alerts.size(), score.area_years, score.false_per_area_year(), score.late,
      detection::kAfterLastPeak.count());
}

base::Status Backtest(const BacktestFlags& flags) {
  const auto started = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(CheckWritable(flags.alerts));
  detection::ReadReport report;
  ASSIGN_OR_RETURN(const auto observations, LoadHistory(flags.history, report));
  ASSIGN_OR_RETURN(const KnownWaves known, LoadWaves(flags, observations));
  Progress progress;
  ASSIGN_OR_RETURN(const auto result, detection::RunBacktest(
                                          observations, flags.detectors, ThreadsOf(flags.history),
                                          [&progress](std::size_t done, std::size_t total) {
                                            progress.Show(done, total);
                                          },
                                          flags.false_alarms));
  RETURN_IF_ERROR(
      base::WriteFileAtomically(flags.alerts, detection::AlertsCsv(result.alerts), 0644));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  fmt::print(
      "rows {}, read {}, held by quality or limits {}, too late {}; {:.2f} s, {:.0f} rows/s\n",
      report.rows, report.used, result.held, result.too_late, seconds,
      static_cast<double>(report.rows) / std::max(seconds, 1e-9));
  ShowLeftOut(report);
  std::map<std::string, int> by_detector;
  for (const detection::AlertRow& alert : result.alerts) {
    ++by_detector[fmt::format("{} {}", detection::NameOf(alert.level), alert.detector)];
  }
  for (const auto& [name, count] : by_detector) fmt::print("alerts {}: {}\n", name, count);
  fmt::print("district-years {:.1f}, site-years {:.1f}; alerts written to {}\n",
             result.district_years, result.site_years, flags.alerts);
  if (known.origin.empty()) return base::OkStatus();
  PrintScore(detection::ScoreWaves(known.waves, result.alerts, observations));
  return base::OkStatus();
}

}  // namespace

base::StatusOr<KnownWaves> LoadWaves(const BacktestFlags& flags,
                                     const std::vector<detection::Observation>& observations) {
  KnownWaves known;
  if (!flags.waves.empty()) {
    ASSIGN_OR_RETURN(auto in, Open(flags.waves));
    auto waves = detection::ReadWaves(in);
    if (!waves.ok()) return base::Annotate(waves.status(), flags.waves);
    known.waves = *std::move(waves);
    RETURN_IF_ERROR(CheckSampled(flags.waves, known.waves, observations));
    known.origin = "a list of waves";
  } else if (!flags.cases.empty()) {
    ASSIGN_OR_RETURN(auto in, Open(flags.cases));
    ASSIGN_OR_RETURN(known.waves, detection::WavesOfCumulativeCases(in, flags.cases_target));
    known.origin = "reported cases";
  } else if (flags.waves_from_samples) {
    detection::SmoothOptions options;
    options.level = detection::AreaLevel::kDistrict;
    known.waves = detection::WavesOfCurves(
        detection::SmoothHistory(observations, options, ThreadsOf(flags.history)));
    known.origin = "the samples themselves, with hindsight";
  }
  return known;
}

void AddBacktest(CLI::App& app, RunSlot& run) {
  app.description(
      "Run detection over a file of samples as they became known, and write its alerts.");
  auto flags = std::make_shared<BacktestFlags>();
  AddHistoryFlags(app, flags->history);
  CLI::Option* normalise = AddNormaliseFlag(app, flags->history);
  app.add_flag(
         "--keep-loads", flags->history.keep_loads,
         "Keep rows whose unit is no concentration (a load a day, a ratio), which the service "
         "refuses, as series of their own named after target and unit: \"fluav gc/d\"")
      ->excludes(normalise);
  auto* alerts = app.add_option("--alerts", flags->alerts, "CSV of alerts to write");
  auto* report =
      app.add_option("--report", flags->report,
                     "Folder to write: detectors side by side over all thresholds, as CSV, JSON "
                     "and HTML; judged by --waves or --cases, by --inject, or both");
  auto* rates = app.add_option("--rates", flags->rates,
                               "CSV to write: signals an area-year of every detector at every "
                               "limit; over a history in which nothing rises, its false alarms");
  alerts->excludes(report)->excludes(rates);
  report->excludes(rates);
  app.add_option(
         "--false-alerts-per-district-year", flags->false_alarms.per_district_year,
         "False alerts allowed in a district and year: limits follow from it (docs/methods.md, "
         "section 11); 0: each detector's own limit")
      ->needs(alerts);
  app.add_option(
         "--false-discovery-rate", flags->false_alarms.discovery_rate,
         "Share of all that is raised that may be false, over all districts, sites and targets "
         "together; 0: not controlled")
      ->needs(alerts);
  auto* waves = app.add_option("--waves", flags->waves,
                               "Known waves: CSV area,target,onset,peak; prints a score");
  auto* cases = app.add_option("--cases", flags->cases,
                               "Cumulative cases: CSV Date,<area>,...; derives the waves from it")
                    ->excludes(waves);
  app.add_flag("--waves-from-samples", flags->waves_from_samples,
               "Reads the waves off the samples with hindsight, where no cases are published: a "
               "weaker truth (docs/methods.md, section 10)")
      ->excludes(waves)
      ->excludes(cases);
  app.add_option("--cases-target", flags->cases_target, "Target of those cases");
  app.add_option("--detectors", flags->detectors,
                 "Registered names (docs/methods.md); default: Belgrand's own, with --report all");
  app.add_option("--inject", flags->inject,
                 "Contamination spikes to put in, spikes=N,seed=S,factor=F:F (default factors 10, "
                 "30, 100); site detectors are judged by them")
      ->needs(report);
  app.add_option("--budget", flags->budget,
                 "False alerts allowed where thresholds are chosen, as 1/area-year")
      ->needs(report)
      ->capture_default_str();
  app.callback([flags, &run] {
    run = [flags] {
      const base::Status status =
          !flags->report.empty()  ? CompareDetectors(*flags)
          : !flags->rates.empty() ? WriteAlarmRates(*flags)
          : flags->alerts.empty()
              ? base::InvalidArgument("backtest: give --alerts, --report or --rates")
              : Backtest(*flags);
      if (status.ok()) return kExitOk;
      std::cerr << base::Message(status) << "\n";
      return status.code() == base::StatusCode::kInvalidArgument ? kExitUsage : kExitRuntime;
    };
  });
}

}  // namespace belgrand::cli
