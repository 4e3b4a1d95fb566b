// The page of a backtest: figures first, then curves, then one time line for each area.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "services/cli/backtest_charts.h"
#include "services/cli/backtest_report.h"

namespace belgrand::cli {
namespace {

using detection::ComparedDetector;
using detection::Tally;
using detection::Trial;
using detection::TrialKind;

// A page of a thousand drawings helps nobody; the alerts of all areas are in the counts above.
constexpr std::size_t kMostTimeLines = 60;

constexpr std::string_view kStyle =
    "body{font:15px/1.45 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;"
    "color:#222}table{border-collapse:collapse;width:100%}td,th{padding:3px 8px;text-align:right;"
    "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}"
    "tr.o{font-weight:600}svg{width:100%;height:auto}svg text{font-size:11px;fill:#444}"
    "svg text.s{font-size:9px}.g{stroke:#e4e4e4}.b{stroke:#888;stroke-dasharray:4 3}"
    ".c{fill:none;stroke:#999}figure{display:inline-block;width:230px;margin:4px}"
    "figcaption{text-align:center;font-size:12px}h3{margin:1.2em 0 0;font-size:14px}"
    "p.n{color:#555}";

std::string Percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

std::string Quartiles(const Tally& tally) {
  const auto median = tally.Quantile(0.5);
  if (!median) return "–";
  return fmt::format("{} ({} to {})", *median, *tally.Quantile(0.25), *tally.Quantile(0.75));
}

std::string Row(const Trial& trial, const ComparedDetector& d) {
  const bool own = d.name == "district-rise" || d.name == "site-spike";
  const auto threshold = [&](const std::optional<std::size_t>& at) {
    return at ? fmt::format("{:.3g}", d.curve[*at].threshold) : std::string("none");
  };
  std::string row = fmt::format(
      "<tr{}><td>{}</td><td>{}</td><td>{}/{}</td><td>{}</td><td>{:.2f}</td><td>{}</td><td>{}, {}"
      "</td>",
      own ? " class=o" : "", Escaped(d.name), Percent(d.held_out.sensitivity()), d.held_out.caught,
      d.held_out.events, Percent(d.held_out.ppv()), d.held_out.false_rate(), Quartiles(d.held_out),
      threshold(d.chosen_on_b), threshold(d.chosen_on_a));
  if (trial.kind == TrialKind::kSpikes) {
    std::string sizes;
    for (const auto& [factor, counts] : d.held_out.by_factor) {
      sizes += fmt::format("{}×{:g}: {}/{}", sizes.empty() ? "" : ", ", factor, counts.first,
                           counts.second);
    }
    row += fmt::format("<td>{}</td>", sizes);
  }
  return row + "</tr>\n";
}

std::string Figures(const Trial& trial) {
  const bool waves = trial.kind == TrialKind::kWaves;
  std::string html = fmt::format(
      "<table><tr><th>detector</th><th>{}</th><th></th><th>PPV</th><th>false alerts an area-year"
      "</th><th>{}</th><th>threshold on A, B</th>{}</tr>\n",
      waves ? "opened in time" : "spikes caught",
      waves ? "days before the peak" : "days after the first sample",
      waves ? "" : "<th>by size</th>");
  for (const ComparedDetector& d : trial.detectors) html += Row(trial, d);
  return html + "</table>\n";
}

std::set<std::pair<std::string, std::string>> AreasOf(const BacktestReport& report,
                                                      const Trial& trial) {
  std::set<std::pair<std::string, std::string>> areas;
  if (trial.kind == TrialKind::kWaves) {
    for (const auto& wave : report.waves) areas.emplace(wave.area_id, wave.target);
  } else {
    for (const auto& spike : report.spikes) areas.emplace(spike.site_id, spike.target);
  }
  return areas;
}

std::string Section(const BacktestReport& report, const Trial& trial) {
  const bool waves = trial.kind == TrialKind::kWaves;
  std::string html = fmt::format(
      "<h2>{}</h2><p>Thresholds are chosen on one half of the areas, at no more than {:g} false "
      "alerts an area-year, and judged on the other half; then the halves change places. {} areas "
      "in "
      "half A, {} in half B. The figures below add both halves up. Days: median (quartiles).</p>\n",
      waves ? "Waves" : "Injected spikes", trial.budget, trial.half_a.size(), trial.half_b.size());
  html += Figures(trial);
  html +=
      "<h2>Over all thresholds</h2><p class=n>The most that any threshold catches at a rate of "
      "false alerts, all areas. Dot: the detector's own threshold. Ring: held out. Dashed: the "
      "budget.</p>\n" +
      CurveChart(trial) + "\n";
  for (std::size_t d = 0; d < trial.detectors.size(); ++d) html += SmallCurve(trial, d);
  html += waves
              ? "<h2>Areas</h2><p class=n>Samples (hollow: below a limit), waves from onset to "
                "peak, and the alerts of each detector.</p>\n"
              : "<h2>Sites</h2><p class=n>Samples with the spikes put in (red), and the alerts of "
                "each detector.</p>\n";
  const auto areas = AreasOf(report, trial);
  std::size_t drawn = 0;
  for (const auto& [area, target] : areas) {
    if (drawn == kMostTimeLines) break;
    const std::string line = TimeLine(report, trial, area, target);
    drawn += line.empty() ? 0 : 1;
    html += line + "\n";
  }
  if (drawn == kMostTimeLines) {
    html += fmt::format("<p class=n>The first {} of {} are drawn.</p>\n", drawn, areas.size());
  }
  return html;
}

}  // namespace

std::string ReportHtml(const BacktestReport& report) {
  std::string html = fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><title>Backtest of {0}</title><style>{1}"
      "</style>\n<h1>Backtest of {0}</h1>\n<p>{2} rows, each read when it became known.</p>\n",
      Escaped(report.samples), kStyle, report.observations.size());
  for (const Trial& trial : report.trials) html += Section(report, trial);
  return html + "</html>\n";
}

}  // namespace belgrand::cli
