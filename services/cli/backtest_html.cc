// The page of a backtest: in short, then figures, curves, and one time line for each area.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "platform/base/html.h"
#include "services/cli/backtest_charts.h"
#include "services/cli/backtest_report.h"
#include "services/cli/backtest_summary.h"

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
    "figcaption{text-align:center;font-size:12px}h3{margin:1.2em 0 "
    "0;font-size:15px}dt{font-weight:600}"
    "th{vertical-align:bottom;font-size:13px}summary{cursor:pointer}li{margin:.5em 0}"
    ".n{color:#555;font-weight:400}";

std::string Percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

std::string Quartiles(const Tally& tally) {
  const auto median = tally.Quantile(0.5);
  if (!median) return "–";
  return fmt::format("{} ({} – {})", *median, *tally.Quantile(0.25), *tally.Quantile(0.75));
}

std::string DuelText(const ComparedDetector& d) {
  if (!d.duel) return "";
  std::string text = fmt::format("{} / {} / {}", d.duel->both, d.duel->only_own, d.duel->only_this);
  if (d.duel->own_earlier_days) text += fmt::format("; {:+g} d", *d.duel->own_earlier_days);
  return text;
}

std::string Row(const Trial& trial, const ComparedDetector& d, const Say& say) {
  const bool own = d.name == detection::OwnDetector(trial.kind);
  const auto threshold = [&](const std::optional<std::size_t>& at) {
    return at ? fmt::format("{:.3g}", d.curve[*at].threshold) : say("none", "aucune");
  };
  const auto [low, high] = d.held_out.sensitivity_interval();
  std::string row = fmt::format(
      "<tr{}><td>{}</td><td>{} / {}</td><td>{} <span class=n>({:.0f} – {:.0f})</span></td>"
      "<td>{:.2f}</td><td>{}</td><td>{}</td><td>{}</td><td class=n>{}; {}</td>",
      own ? " class=o" : "", base::EscapeHtml(d.name), d.held_out.caught, d.held_out.events,
      Percent(d.held_out.sensitivity()), 100 * low, 100 * high, d.held_out.false_rate(),
      Percent(d.held_out.ppv()), Quartiles(d.held_out), DuelText(d), threshold(d.chosen_on_b),
      threshold(d.chosen_on_a));
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

// Belgrand's own first, the others by what they catch; of equals the quieter.
std::vector<const ComparedDetector*> InOrder(const Trial& trial) {
  std::vector<const ComparedDetector*> order;
  for (const ComparedDetector& d : trial.detectors) order.push_back(&d);
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
    const auto key = [&](const ComparedDetector& d) {
      return std::tuple(d.name != detection::OwnDetector(trial.kind),
                        -static_cast<double>(d.held_out.caught), d.held_out.false_rate());
    };
    return key(*a) < key(*b);
  });
  return order;
}

std::string Figures(const Trial& trial, const Say& say) {
  const bool waves = trial.kind == TrialKind::kWaves;
  std::string html = "<table><tr>";
  const auto head = [&](const std::string& text) { html += "<th>" + text + "</th>"; };
  head(say("method", "méthode"));
  head(waves ? say("waves announced in time", "vagues annoncées à temps")
             : say("spikes caught", "pics trouvés"));
  head(say("share (95 % interval)", "part (intervalle à 95 %)"));
  head(waves ? say("false alerts a district and year", "fausses alertes par territoire et par an")
             : say("false alerts a site and year", "fausses alertes par site et par an"));
  head(say("alerts that were right", "alertes justes"));
  head(waves ? say("days before the peak", "jours avant le pic")
             : say("days after the first sample", "jours après le premier prélèvement"));
  head(say("beside Belgrand's own", "face à Belgrand"));
  head(say("limits", "limites"));
  if (!waves) head(say("by size", "par taille"));
  html += "</tr>\n";
  for (const ComparedDetector* d : InOrder(trial)) html += Row(trial, *d, say);
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

std::string Section(const BacktestReport& report, const Trial& trial, const Say& say) {
  const bool waves = trial.kind == TrialKind::kWaves;
  std::string html =
      fmt::format("<h2>{}</h2>\n",
                  waves ? say("Waves, method by method", "Vagues, méthode par méthode")
                        : say("Spikes put into the samples, method by method",
                              "Pics ajoutés aux prélèvements, méthode par méthode")) +
      Legend(trial, say) + Figures(trial, say);
  html +=
      say("<h3>Caught against false alerts</h3><p class=n>The most that any limit catches at a "
          "rate "
          "of false alerts, all areas: up and to the left is better. Dot: the method at its usual "
          "limit. Ring: the table's figures. Dashed: the false alerts allowed.</p>\n",
          "<h3>Trouvé contre fausses alertes</h3><p class=n>Le plus qu'une limite trouve à un taux "
          "de fausses alertes, tous lieux : mieux vaut en haut à gauche. Point : la méthode à sa "
          "limite usuelle. Anneau : les chiffres du tableau. Tirets : les fausses alertes "
          "tolérées.</p>\n") +
      CurveChart(trial, say) + "\n";
  for (std::size_t d = 0; d < trial.detectors.size(); ++d) html += SmallCurve(trial, d, say);
  html += waves ? say("<h3>District by district</h3><p class=n>Samples (hollow: below a limit), "
                      "waves from beginning to peak, and the alerts of each method. Grey: no waves "
                      "are known there, nothing is judged.</p>\n",
                      "<h3>Territoire par territoire</h3><p class=n>Les prélèvements (creux : sous "
                      "une limite), les vagues du début au pic, et les alertes de chaque méthode. "
                      "Gris : aucune vague n'y est connue, rien n'y est jugé.</p>\n")
                : say("<h3>Site by site</h3><p class=n>Samples with the spikes put in (red), and "
                      "the alerts of each method.</p>\n",
                      "<h3>Site par site</h3><p class=n>Les prélèvements avec les pics ajoutés "
                      "(rouge), et les alertes de chaque méthode.</p>\n");
  const auto areas = AreasOf(report, trial);
  std::size_t drawn = 0;
  for (const auto& [area, target] : areas) {
    if (drawn == kMostTimeLines) break;
    const std::string line = TimeLine(report, trial, area, target, say);
    drawn += line.empty() ? 0 : 1;
    html += line + "\n";
  }
  if (drawn == kMostTimeLines) {
    html += fmt::format(fmt::runtime(say("<p class=n>The first {} of {} are drawn.</p>\n",
                                         "<p class=n>Les {} premiers sur {} sont dessinés.</p>\n")),
                        drawn, areas.size());
  }
  return html;
}

}  // namespace

std::string ReportHtml(const BacktestReport& report, Language language) {
  const Say say{language};
  std::string html = fmt::format(
      "<!doctype html><html lang={0}><meta charset=utf-8><title>{1} {2}</title><style>{3}"
      "</style>\n<h1>{4} {2}</h1>\n",
      say("en", "fr"), say("Backtest of", "Rejeu de"), base::EscapeHtml(report.samples), kStyle,
      say("What the alerts would have been worth:", "Ce que les alertes auraient valu :"));
  html += Summary(report, say);
  for (const Trial& trial : report.trials) html += Section(report, trial, say);
  return html + "</html>\n";
}

}  // namespace belgrand::cli
