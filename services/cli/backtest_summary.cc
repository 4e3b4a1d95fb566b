#include "services/cli/backtest_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "platform/base/html.h"
#include "services/cli/backtest_charts.h"

namespace belgrand::cli {
namespace {

using detection::ComparedDetector;
using detection::Tally;
using detection::Trial;
using detection::TrialKind;

std::string Plural(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string Allowance(double budget) {
  return budget == 1 ? "one false alert" : fmt::format("{:g} false alerts", budget);
}

std::string Share(const Tally& tally) {
  const auto [low, high] = tally.sensitivity_interval();
  return fmt::format("{} of {} ({:.0f} %; 95 % interval {:.0f} to {:.0f})", tally.caught,
                     tally.events, 100 * tally.sensitivity(), 100 * low, 100 * high);
}

std::string Replayed(const BacktestReport& report) {
  std::set<std::string_view> sites;
  std::set<std::string_view> districts;
  std::set<std::string_view> targets;
  base::Day first = base::Day::max();
  base::Day last = base::Day::min();
  for (const detection::Observation& o : report.observations) {
    sites.insert(o.measurement.site_id);
    districts.insert(o.district_id);
    targets.insert(o.measurement.target);
    first = std::min(first, base::DayOf(o.measurement.collected_at));
    last = std::max(last, base::DayOf(o.measurement.collected_at));
  }
  std::string names;
  for (const std::string_view target : targets) {
    names += (names.empty() ? "" : ", ") + base::EscapeHtml(target);
  }
  if (report.observations.empty()) return "";
  return fmt::format(
      "<p>{} of {} in {} were replayed ({}; collected {} to {}). Every row was read on the day on "
      "which its result was known, as the running service would have read it; no method saw the "
      "future.</p>\n",
      Plural(report.observations.size(), "row", "rows"), Plural(sites.size(), "site", "sites"),
      Plural(districts.size(), "district", "districts"), names, base::FormatDay(first),
      base::FormatDay(last));
}

const ComparedDetector* Own(const Trial& trial) {
  for (const ComparedDetector& d : trial.detectors) {
    if (d.name == detection::OwnDetector(trial.kind)) return &d;
  }
  return nullptr;
}

// Of the others, the one that catches most; of equals the quieter.
const ComparedDetector* BestPeer(const Trial& trial) {
  const ComparedDetector* best = nullptr;
  for (const ComparedDetector& d : trial.detectors) {
    // Another of Belgrand's own is no peer.
    if (d.name == detection::OwnDetector(trial.kind) || d.name == "site-rise") continue;
    if (!best || d.held_out.caught > best->held_out.caught ||
        (d.held_out.caught == best->held_out.caught &&
         d.held_out.false_alerts < best->held_out.false_alerts)) {
      best = &d;
    }
  }
  return best;
}

std::string Lead(const Trial& trial, const Tally& tally) {
  const auto median = tally.Quantile(0.5);
  if (!median) return "";
  const std::string days = Plural(static_cast<std::size_t>(std::max(*median, 0)), "day", "days");
  if (trial.kind == TrialKind::kWaves) {
    return fmt::format(", half of them {} or more before the peak", days);
  }
  return *median == 0 ? std::string(", half of them with the result of their first sample")
                      : fmt::format(", half of them within {} of their first result", days);
}

std::string Beside(const Trial& trial, const ComparedDetector& own, const ComparedDetector& peer) {
  const bool waves = trial.kind == TrialKind::kWaves;
  std::string text =
      fmt::format(" The best of the published methods at the same allowance, <b>{}</b>, {} {}{}.",
                  base::EscapeHtml(peer.name), waves ? "announced" : "caught", Share(peer.held_out),
                  Lead(trial, peer.held_out));
  if (peer.held_out.caught > own.held_out.caught) {
    text += " <b>Belgrand's own catches fewer here.</b>";
  }
  if (peer.duel && peer.duel->own_earlier_days) {
    const double ahead = *peer.duel->own_earlier_days;
    text += fmt::format(
        " Of the {} that both caught, Belgrand's alert came {} in the median; {} only Belgrand's "
        "caught, {} only the other.",
        peer.duel->both,
        ahead > 0   ? fmt::format("{:g} days earlier", ahead)
        : ahead < 0 ? fmt::format("{:g} days later", -ahead)
                    : std::string("on the same day"),
        peer.duel->only_own, peer.duel->only_this);
  }
  return text;
}

std::string InShort(const BacktestReport& report, const Trial& trial) {
  const bool waves = trial.kind == TrialKind::kWaves;
  const std::string place = waves ? "a district" : "a site";
  std::string text =
      waves
          ? fmt::format("<li><b>Waves</b> (known from {}). ", base::EscapeHtml(report.waves_origin))
          : fmt::format("<li><b>Contamination spikes</b> ({} put into the samples on purpose). ",
                        report.spikes.size());
  const ComparedDetector* own = Own(trial);
  if (own == nullptr) return text + "Belgrand's own detector is not among those compared.</li>\n";
  const Tally& held = own->held_out;
  text += fmt::format(
      "Allowed {} {} and year, Belgrand's <b>{}</b> {} {}{}. It gave {:.2f} false alerts {} and "
      "year; {:.0f} % of its alerts were right.",
      Allowance(trial.budget), place, own->name, waves ? "announced in time" : "caught",
      Share(held), Lead(trial, held), held.false_rate(), place, 100 * held.ppv());
  if (const ComparedDetector* peer = BestPeer(trial)) text += Beside(trial, *own, *peer);
  const auto& shipped = own->curve[own->own];
  text += fmt::format(
      " At the limit it is shipped with ({:.3g}): {} of {}, {:.2f} false alerts {} and "
      "year.</li>\n",
      shipped.threshold, shipped.tally.caught, shipped.tally.events, shipped.tally.false_rate(),
      place);
  return text;
}

std::string Missed(const BacktestReport& report, const Trial& trial) {
  const ComparedDetector* own = Own(trial);
  if (own == nullptr) return "";
  std::string items;
  std::size_t count = 0;
  const auto add = [&](const detection::EventKey& event, const std::string& text) {
    if (!own->held_out.missed.contains(event)) return;
    ++count;
    items += fmt::format("<li>{}, {}: {}</li>\n", base::EscapeHtml(std::get<0>(event)),
                         base::EscapeHtml(std::get<1>(event)), text);
  };
  if (trial.kind == TrialKind::kWaves) {
    for (const detection::Wave& w : report.waves) {
      add({w.area_id, w.target, w.onset},
          fmt::format("began {}, peaked {}", base::FormatDay(w.onset), base::FormatDay(w.peak)));
    }
  } else {
    for (const detection::InjectedSpike& s : report.spikes) {
      add({s.site_id, s.target, s.first},
          fmt::format("× {:g} from {}, {}", s.factor, base::FormatDay(s.first),
                      Plural(static_cast<std::size_t>(s.samples), "sample", "samples")));
    }
  }
  if (count == 0) return "";
  return fmt::format(
      "<details><summary>{} that Belgrand's own did not {}</summary><ul>\n{}</ul></details>\n",
      trial.kind == TrialKind::kWaves ? Plural(count, "wave", "waves")
                                      : Plural(count, "spike", "spikes"),
      trial.kind == TrialKind::kWaves ? "announce in time" : "catch", items);
}

}  // namespace

std::string Summary(const BacktestReport& report) {
  std::string html = "<h2>In short</h2>\n" + Replayed(report) + "<ul>\n";
  for (const Trial& trial : report.trials) html += InShort(report, trial);
  html += "</ul>\n";
  for (const Trial& trial : report.trials) html += Missed(report, trial);
  html +=
      "<h2>What these figures cannot tell</h2><ul>\n"
      "<li>They describe the past of these places. Where few waves or areas were judged the "
      "intervals are wide, and a difference of a few events between two methods may be chance.</li>"
      "\n<li>An alert outside every known wave counts as false, although it may have seen "
      "something that nobody recorded. The rates of false alerts are therefore upper "
      "bounds.</li>\n";
  if (report.waves_origin.starts_with("the samples")) {
    html +=
        "<li>No cases were given: the waves were read off the samples with hindsight. That shows "
        "what could have been seen in the samples, not whether people fell ill.</li>\n";
  }
  if (!report.spikes.empty()) {
    html +=
        "<li>The spikes were put in by multiplying real samples; real contamination may look "
        "different.</li>\n";
  }
  return html + "</ul>\n";
}

std::string Legend(const Trial& trial) {
  const bool waves = trial.kind == TrialKind::kWaves;
  return fmt::format(
      "<p>Every method has a limit that trades what it catches against false alerts; compared at "
      "their usual limits, a nervous method looks good. So each method's limit was chosen on one "
      "half of the {0} ({1} and {2}) to catch most at no more than {3} {4} and year, and judged on "
      "the other half; then the halves changed places. The table adds both halves up: "
      "nothing is reported on the places it was chosen on, and a rate may therefore end above the "
      "allowance.</p>\n<details><summary>What the columns mean</summary><dl>\n"
      "<dt>{5}</dt><dd>{6}</dd>\n"
      "<dt>false alerts</dt><dd>alerts that belong to no known {7}</dd>\n"
      "<dt>alerts that were right</dt><dd>the share that belongs to one (positive predictive "
      "value)</dd>\n"
      "<dt>days</dt><dd>the median, and the middle half of them</dd>\n"
      "<dt>beside Belgrand's own</dt><dd>events that both caught / only Belgrand's / only this "
      "method; then by how many days Belgrand's was earlier (+) on those that both caught, in the "
      "median</dd>\n<dt>limits</dt><dd>as applied to half A and half B</dd></dl></details>\n",
      waves ? "districts" : "sites", trial.half_a.size(), trial.half_b.size(),
      Allowance(trial.budget), waves ? "a district" : "a site",
      waves ? "announced in time" : "caught",
      waves ? "an alert opened between three weeks before the wave began and its peak; one that "
              "had long been open says nothing new and does not count"
            : "an alert opened on a day on which a sample of the spike became known",
      waves ? "wave" : "spike");
}

}  // namespace belgrand::cli
