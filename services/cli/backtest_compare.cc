// `backtest --report`: every detector at every threshold, judged by waves and by injected spikes.
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <map>
#include <tuple>

#include "detection/comparison.h"
#include "detection/inject.h"
#include "detection/sweep.h"
#include "platform/base/file.h"
#include "services/cli/backtest_flags.h"
#include "services/cli/backtest_report.h"
#include "services/cli/progress.h"

namespace belgrand::cli {
namespace {

using detection::SweptDetector;

base::StatusOr<std::vector<SweptDetector>> Sweep(
    const BacktestFlags& flags, const std::vector<detection::Observation>& observations) {
  Progress progress;
  return detection::RunSweep(
      observations, flags.detectors, ThreadsOf(flags.history),
      [&progress](std::size_t done, std::size_t total) { progress.Show(done, total); });
}

std::string Days(const std::optional<int>& days) { return days ? std::to_string(*days) : "-"; }

void Print(const detection::Trial& trial) {
  fmt::print("{}: budget {:g} false alerts an area-year, {} + {} areas, figures held out\n",
             NameOf(trial.kind), trial.budget, trial.half_a.size(), trial.half_b.size());
  fmt::print("{:<20} {:>9} {:>6} {:>6} {:>10} {:>16} {:>10} {:>10}\n", "detector", "caught", "",
             "PPV", "false/year", "days q25 q50 q75", "on A", "on B");
  for (const auto& d : trial.detectors) {
    const detection::Tally& t = d.held_out;
    const auto threshold = [&](const std::optional<std::size_t>& at) {
      return at ? fmt::format("{:.4g}", d.curve[*at].threshold) : std::string("none");
    };
    fmt::print(
        "{:<20} {:>4}/{:<4} {:>4.0f} % {:>4.0f} % {:>10.2f} {:>6} {:>4} {:>4} {:>10} {:>10}\n",
        d.name, t.caught, t.events, 100 * t.sensitivity(), 100 * t.ppv(), t.false_rate(),
        Days(t.Quantile(0.25)), Days(t.Quantile(0.5)), Days(t.Quantile(0.75)),
        threshold(d.chosen_on_b), threshold(d.chosen_on_a));
  }
}

}  // namespace

base::StatusOr<double> ParseBudget(const std::string& text) {
  const std::string_view number = std::string_view(text).substr(0, text.find('/'));
  const std::string_view unit = std::string_view(text).substr(number.size());
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size() || !(value > 0) ||
      value > 1000 || (!unit.empty() && unit != "/area-year")) {
    return base::InvalidArgument(
        "--budget {}: expected false alerts an area-year, such as 1/area-year", text);
  }
  return value;
}

base::Status WriteAlarmRates(const BacktestFlags& flags) {
  detection::ReadReport read;
  ASSIGN_OR_RETURN(const auto observations, LoadHistory(flags.history, read));
  ShowLeftOut(read);
  ASSIGN_OR_RETURN(const auto swept, Sweep(flags, observations));
  using Span = std::pair<base::Day, base::Day>;
  // By level (0 site, 1 district), area and target.
  std::map<std::tuple<int, std::string, std::string>, Span> spans;
  for (const detection::Observation& o : observations) {
    const base::Day day = base::DayOf(o.measurement.collected_at);
    for (const int level : {0, 1}) {
      const std::string& area = level == 0 ? o.measurement.site_id : o.district_id;
      Span& span = spans.try_emplace({level, area, o.measurement.target}, day, day).first->second;
      span = {std::min(span.first, day), std::max(span.second, day)};
    }
  }
  double years[2] = {0, 0};
  for (const auto& [area, span] : spans) {
    years[std::get<0>(area)] += static_cast<double>((span.second - span.first).count()) / 365.25;
  }
  std::string text = "detector,threshold,signals,area_years,signals_per_area_year\n";
  for (const SweptDetector& detector : swept) {
    const auto& info = detector.detector->info();
    const double over = years[info.level == detection::AreaLevel::kSite ? 0 : 1];
    for (std::size_t t = 0; t < detector.thresholds.size(); ++t) {
      const auto signals = static_cast<double>(detector.alerts[t].size());
      text += fmt::format("{},{:.6g},{:.0f},{:.2f},{:.5f}\n", info.name, detector.thresholds[t],
                          signals, over, over > 0 ? signals / over : 0.0);
    }
  }
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.rates, text, 0644));
  fmt::print("rows {}, read {}; district-years {:.1f}, site-years {:.1f}; rates written to {}\n",
             read.rows, read.used, years[1], years[0], flags.rates);
  return base::OkStatus();
}

base::Status CompareDetectors(const BacktestFlags& flags) {
  ASSIGN_OR_RETURN(const double budget, ParseBudget(flags.budget));
  BacktestReport report;
  detection::ReadReport read;
  ASSIGN_OR_RETURN(auto observations, LoadHistory(flags.history, read));
  ShowLeftOut(read);
  ASSIGN_OR_RETURN(KnownWaves known, LoadWaves(flags, observations));
  if (known.waves.empty() && flags.inject.empty()) {
    return base::InvalidArgument(
        "--report needs something to judge by: --waves, --cases or --waves-from-samples with a "
        "wave in it, or --inject");
  }
  report.waves = std::move(known.waves);
  report.waves_origin = std::move(known.origin);
  report.samples = std::filesystem::path(flags.history.samples).filename().string();
  if (!report.waves.empty()) {
    ASSIGN_OR_RETURN(const auto swept, Sweep(flags, observations));
    report.trials.push_back(detection::CompareOnWaves(swept, report.waves, observations, budget));
  }
  if (!flags.inject.empty()) {
    ASSIGN_OR_RETURN(const auto options, detection::ParseInjectOptions(flags.inject));
    detection::Injection injection = detection::InjectSpikes(observations, options);
    ASSIGN_OR_RETURN(const auto swept, Sweep(flags, injection.observations));
    report.trials.push_back(
        detection::CompareOnSpikes(swept, injection.spikes, injection.observations, budget));
    fmt::print("injected {} of {} spikes\n", injection.spikes.size(), options.spikes);
    report.spikes = std::move(injection.spikes);
    observations = std::move(injection.observations);
  }
  report.observations = std::move(observations);
  for (const detection::Trial& trial : report.trials) Print(trial);
  RETURN_IF_ERROR(WriteReport(report, flags.report));
  fmt::print("report written to {}, in French report.fr.html\n",
             (std::filesystem::path(flags.report) / "report.html").string());
  return base::OkStatus();
}

}  // namespace belgrand::cli
