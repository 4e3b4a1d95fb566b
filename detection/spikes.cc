#include "detection/spikes.h"

#include <algorithm>

namespace belgrand::detection {

SpikeScore ScoreSpikes(const std::vector<InjectedSpike>& spikes,
                       const std::vector<AlertRow>& alerts) {
  SpikeScore score;
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> by_site;
  for (const InjectedSpike& spike : spikes) {
    by_site[{spike.site_id, spike.target}].push_back(score.outcomes.size());
    score.outcomes.push_back({spike, std::nullopt});
  }
  for (const AlertRow& alert : alerts) {
    if (alert.level != AreaLevel::kSite) continue;
    bool caught = false;
    if (const auto found = by_site.find({alert.area_id, alert.target}); found != by_site.end()) {
      for (const std::size_t i : found->second) {
        SpikeOutcome& outcome = score.outcomes[i];
        if (alert.opened_on < outcome.spike.first_known ||
            alert.opened_on > outcome.spike.last_known) {
          continue;
        }
        caught = true;
        outcome.opened_on = std::min(outcome.opened_on.value_or(alert.opened_on), alert.opened_on);
      }
    }
    (caught ? score.true_alerts : score.false_alerts).push_back(alert);
  }
  return score;
}

std::map<std::pair<std::string, std::string>, double> SiteYears(
    const std::vector<Observation>& observations) {
  std::map<std::pair<std::string, std::string>, std::pair<base::Day, base::Day>> spans;
  for (const Observation& o : observations) {
    const base::Day day = base::DayOf(o.known_at);
    auto& span =
        spans.try_emplace({o.measurement.site_id, o.measurement.target}, day, day).first->second;
    span = {std::min(span.first, day), std::max(span.second, day)};
  }
  std::map<std::pair<std::string, std::string>, double> years;
  for (const auto& [site, span] : spans) {
    years[site] = static_cast<double>((span.second - span.first).count()) / 365.25;
  }
  return years;
}

}  // namespace belgrand::detection
