#include "detection/comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string_view>

namespace belgrand::detection {
namespace {

using ByArea = std::map<std::string, Tally>;

std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

Tally Sum(const ByArea& areas, const std::set<std::string>* half) {
  Tally sum;
  for (const auto& [area, tally] : areas) {
    if (!half || half->contains(area)) sum += tally;
  }
  return sum;
}

// Whether `a` is the better choice: it catches more; or as many and earlier; or as early and with
// no more false alerts.
bool Better(const Tally& a, const Tally& b, TrialKind kind) {
  const auto sum = [&](const Tally& t) {
    const int days = std::accumulate(t.days.begin(), t.days.end(), 0);
    return kind == TrialKind::kWaves ? days : -days;  // before the peak; after the first sample
  };
  if (a.caught != b.caught) return a.caught > b.caught;
  if (sum(a) != sum(b)) return sum(a) > sum(b);
  return a.false_alerts <= b.false_alerts;
}

// The best point within the budget; of equals the one with the higher threshold.
std::optional<std::size_t> Choose(const std::vector<ByArea>& points,
                                  const std::set<std::string>& half, const Trial& trial) {
  std::optional<std::size_t> best;
  Tally of_best;
  for (std::size_t i = 0; i < points.size(); ++i) {
    Tally tally = Sum(points[i], &half);
    if (tally.false_rate() > trial.budget) continue;
    if (best && !Better(tally, of_best, trial.kind)) continue;
    best = i;
    of_best = std::move(tally);
  }
  return best;
}

void AddAlerts(const std::vector<AlertRow>& alerts, const std::set<std::string>& half,
               std::vector<AlertRow>& to) {
  for (const AlertRow& alert : alerts) {
    if (half.contains(alert.area_id)) to.push_back(alert);
  }
}

ComparedDetector SideBySide(const SweptDetector& swept, const Trial& trial,
                            const std::function<ByArea(const std::vector<AlertRow>&)>& score) {
  ComparedDetector compared;
  compared.name = swept.detector->info().name;
  compared.own = swept.own;
  std::vector<ByArea> points;
  for (std::size_t t = 0; t < swept.thresholds.size(); ++t) {
    points.push_back(score(swept.alerts[t]));
    compared.curve.push_back({swept.thresholds[t], Sum(points.back(), nullptr)});
  }
  compared.chosen_on_a = Choose(points, trial.half_a, trial);
  compared.chosen_on_b = Choose(points, trial.half_b, trial);
  // Where nothing keeps the budget, the detector stays silent: it catches nothing.
  const auto hold_out = [&](const std::optional<std::size_t>& chosen,
                            const std::set<std::string>& half) {
    if (chosen) {
      compared.held_out += Sum(points[*chosen], &half);
      AddAlerts(swept.alerts[*chosen], half, compared.held_out_alerts);
      return;
    }
    Tally none;
    const Tally any = Sum(points.front(), &half);
    none.events = any.events;
    none.area_years = any.area_years;
    none.missed = any.missed;
    for (const auto& [event, days] : any.by_event) none.missed.insert(event);
    compared.held_out += none;
  };
  hold_out(compared.chosen_on_a, trial.half_b);
  hold_out(compared.chosen_on_b, trial.half_a);
  SortAlerts(compared.held_out_alerts);
  return compared;
}

// `days` of one that was caught.
void AddEvent(const EventKey& event, std::optional<int> days, Tally& tally) {
  ++tally.events;
  if (!days) {
    tally.missed.insert(event);
    return;
  }
  ++tally.caught;
  tally.days.push_back(*days);
  tally.by_event.emplace(event, *days);
}

ByArea WaveTallies(const WaveScore& score, const JudgedAreas& judged) {
  ByArea areas;
  for (const auto& [area, span] : judged) areas[area.first].area_years += span.years();
  for (const WaveOutcome& outcome : score.outcomes) {
    Tally& tally = areas[outcome.wave.area_id];
    tally.met += outcome.met ? 1 : 0;
    const EventKey event{outcome.wave.area_id, outcome.wave.target, outcome.wave.onset};
    const auto opened = outcome.opened_on;
    AddEvent(event,
             opened ? std::optional<int>((outcome.wave.peak - *opened).count()) : std::nullopt,
             tally);
  }
  for (const AlertRow& alert : score.true_alerts) ++areas[alert.area_id].true_alerts;
  for (const AlertRow& alert : score.false_alerts) ++areas[alert.area_id].false_alerts;
  return areas;
}

ByArea SpikeTallies(const SpikeScore& score, const ByArea& years) {
  ByArea areas = years;
  for (const SpikeOutcome& outcome : score.outcomes) {
    Tally& tally = areas[outcome.spike.site_id];
    const EventKey event{outcome.spike.site_id, outcome.spike.target, outcome.spike.first};
    auto& [caught, all] = tally.by_factor[outcome.spike.factor];
    ++all;
    if (!outcome.opened_on) {
      AddEvent(event, std::nullopt, tally);
      continue;
    }
    ++caught;
    ++tally.met;
    AddEvent(event, static_cast<int>((*outcome.opened_on - outcome.spike.first_known).count()),
             tally);
  }
  for (const AlertRow& alert : score.true_alerts) ++areas[alert.area_id].true_alerts;
  for (const AlertRow& alert : score.false_alerts) ++areas[alert.area_id].false_alerts;
  return areas;
}

void SplitInHalves(const std::set<std::string>& areas, Trial& trial) {
  trial.half_a = HalfOf(areas);
  for (const std::string& area : areas) {
    if (!trial.half_a.contains(area)) trial.half_b.insert(area);
  }
}

Duel DuelOf(const Tally& own, const Tally& other, TrialKind kind) {
  Duel duel;
  std::vector<double> earlier;
  for (const auto& [event, days] : own.by_event) {
    const auto found = other.by_event.find(event);
    if (found == other.by_event.end()) {
      ++duel.only_own;
      continue;
    }
    ++duel.both;
    const int ahead = days - found->second;
    earlier.push_back(kind == TrialKind::kWaves ? ahead : -ahead);
  }
  duel.only_this = other.by_event.size() - duel.both;
  if (earlier.empty()) return duel;
  std::sort(earlier.begin(), earlier.end());
  duel.own_earlier_days = (earlier[(earlier.size() - 1) / 2] + earlier[earlier.size() / 2]) / 2;
  return duel;
}

void AddDuels(Trial& trial) {
  const auto own = std::find_if(trial.detectors.begin(), trial.detectors.end(),
                                [&](const auto& d) { return d.name == OwnDetector(trial.kind); });
  if (own == trial.detectors.end()) return;
  for (ComparedDetector& detector : trial.detectors) {
    if (&detector != &*own) detector.duel = DuelOf(own->held_out, detector.held_out, trial.kind);
  }
}

}  // namespace

std::string_view OwnDetector(TrialKind kind) {
  return kind == TrialKind::kWaves ? "district-rise" : "site-spike";
}

double Tally::sensitivity() const {
  return events > 0 ? static_cast<double>(caught) / static_cast<double>(events) : 0;
}

double Tally::ppv() const {
  const std::uint64_t all = true_alerts + false_alerts;
  return all > 0 ? static_cast<double>(true_alerts) / static_cast<double>(all) : 0;
}

double Tally::false_rate() const {
  return area_years > 0 ? static_cast<double>(false_alerts) / area_years : 0;
}

std::pair<double, double> Tally::sensitivity_interval() const {
  if (events == 0) return {0, 1};
  constexpr double kZ = 1.959964;
  const double n = static_cast<double>(events);
  const double centre = sensitivity() + kZ * kZ / (2 * n);
  const double half =
      kZ * std::sqrt(sensitivity() * (1 - sensitivity()) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 + kZ * kZ / n;
  return {std::max((centre - half) / scale, 0.0), std::min((centre + half) / scale, 1.0)};
}

std::optional<int> Tally::Quantile(double p) const {
  if (days.empty()) return std::nullopt;
  const auto rank = std::ceil(p * static_cast<double>(days.size()));
  return days[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

Tally& Tally::operator+=(const Tally& other) {
  events += other.events;
  caught += other.caught;
  met += other.met;
  true_alerts += other.true_alerts;
  false_alerts += other.false_alerts;
  area_years += other.area_years;
  days.insert(days.end(), other.days.begin(), other.days.end());
  std::sort(days.begin(), days.end());
  for (const auto& [factor, counts] : other.by_factor) {
    by_factor[factor].first += counts.first;
    by_factor[factor].second += counts.second;
  }
  by_event.insert(other.by_event.begin(), other.by_event.end());
  missed.insert(other.missed.begin(), other.missed.end());
  return *this;
}

std::set<std::string> HalfOf(const std::set<std::string>& areas) {
  std::vector<std::pair<std::uint64_t, std::string>> order;
  for (const std::string& area : areas) order.emplace_back(Hash(area), area);
  std::sort(order.begin(), order.end());
  std::set<std::string> half;
  for (std::size_t i = 0; i < order.size(); i += 2) half.insert(std::move(order[i].second));
  return half;
}

Trial CompareOnWaves(const std::vector<SweptDetector>& swept, const std::vector<Wave>& waves,
                     const std::vector<Observation>& observations, double budget) {
  Trial trial;
  trial.kind = TrialKind::kWaves;
  trial.budget = budget;
  const JudgedAreas judged = JudgedAreasOf(waves, observations);
  std::set<std::string> areas;
  for (const auto& [area, span] : judged) {
    if (span.years() > 0) areas.insert(area.first);
  }
  SplitInHalves(areas, trial);
  for (const SweptDetector& detector : swept) {
    if (detector.detector->info().level != AreaLevel::kDistrict) continue;
    trial.detectors.push_back(SideBySide(detector, trial, [&](const std::vector<AlertRow>& alerts) {
      return WaveTallies(ScoreWaves(waves, alerts, judged), judged);
    }));
  }
  AddDuels(trial);
  return trial;
}

Trial CompareOnSpikes(const std::vector<SweptDetector>& swept,
                      const std::vector<InjectedSpike>& spikes,
                      const std::vector<Observation>& observations, double budget) {
  Trial trial;
  trial.kind = TrialKind::kSpikes;
  trial.budget = budget;
  ByArea years;
  std::set<std::string> areas;
  for (const auto& [site, length] : SiteYears(observations)) {
    years[site.first].area_years += length;
    areas.insert(site.first);
  }
  SplitInHalves(areas, trial);
  for (const SweptDetector& detector : swept) {
    if (detector.detector->info().level != AreaLevel::kSite) continue;
    trial.detectors.push_back(SideBySide(detector, trial, [&](const std::vector<AlertRow>& alerts) {
      return SpikeTallies(ScoreSpikes(spikes, alerts), years);
    }));
  }
  AddDuels(trial);
  return trial;
}

}  // namespace belgrand::detection
