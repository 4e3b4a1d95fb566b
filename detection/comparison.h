// Detectors side by side: a curve over thresholds for each, and all at one rate of false alerts.
//
// Two trials. Waves: district detectors against known waves (waves.h). Spikes: site detectors
// against injected spikes (spikes.h). In each, the areas are put in two halves by the hash of their
// names. On one half the threshold is chosen that catches most (of equals: earliest) at no
// more than the budgeted rate of false alerts; the other half says what that threshold is worth;
// then the halves change places. Held-out figures are the sum of both, so nothing is reported on
// the areas that it was chosen on. The rate held out may exceed the budget: it is what choosing a
// threshold really buys.
//
// Thread safety: pure functions; the result is the same whatever the platform.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "detection/spikes.h"
#include "detection/sweep.h"
#include "detection/waves.h"

namespace belgrand::detection {

// A wave or a spike: its area, target and first day.
using EventKey = std::tuple<std::string, std::string, base::Day>;

// What a detector did at a threshold over some areas.
struct Tally {
  std::uint64_t events = 0;  // waves or spikes
  std::uint64_t caught = 0;  // opened in time
  std::uint64_t met = 0;     // or an alert was open already (waves only; spikes: = caught)
  std::uint64_t true_alerts = 0;
  std::uint64_t false_alerts = 0;
  double area_years = 0;
  // Of each one caught, ascending. Waves: days from the alert to the peak; spikes: days from the
  // first sample known to the alert.
  std::vector<int> days;
  // The same by event, and the events not caught.
  std::map<EventKey, int> by_event;
  std::set<EventKey> missed;
  // Spikes: by factor, (caught, all).
  std::map<double, std::pair<std::uint64_t, std::uint64_t>> by_factor;

  double sensitivity() const;
  double ppv() const;  // 0 without alerts
  double false_rate() const;
  // Of the sensitivity, 95 % (Wilson 1927): what so few events can tell.
  std::pair<double, double> sensitivity_interval() const;
  // Nearest-rank quantile of `days`; nullopt when nothing was caught.
  std::optional<int> Quantile(double p) const;
  Tally& operator+=(const Tally& other);
};

struct CurvePoint {
  double threshold = 0;
  Tally tally;  // all areas
};

// A detector beside Belgrand's own on the same events, both held out. Leads of two detectors that
// catch different events say little; on those that both caught they can be compared.
struct Duel {
  std::uint64_t both = 0;
  std::uint64_t only_own = 0;
  std::uint64_t only_this = 0;
  // Median over `both` of the days by which Belgrand's own was earlier; negative: later.
  std::optional<double> own_earlier_days;
};

struct ComparedDetector {
  std::string name;
  std::vector<CurvePoint> curve;
  std::size_t own = 0;  // the curve's point of the detector's own threshold
  // Chosen on the named half; nullopt: none keeps the budget there.
  std::optional<std::size_t> chosen_on_a;
  std::optional<std::size_t> chosen_on_b;
  Tally held_out;
  // nullopt for Belgrand's own, and where it is not among the detectors compared.
  std::optional<Duel> duel;
  // For who reads alerts: of half A at the threshold chosen on B and the other way round.
  std::vector<AlertRow> held_out_alerts;
};

enum class TrialKind { kWaves, kSpikes };

// Belgrand's own detector of that trial, by name.
std::string_view OwnDetector(TrialKind kind);

struct Trial {
  TrialKind kind = TrialKind::kWaves;
  double budget = 1;  // false alerts an area-year
  std::set<std::string> half_a;
  std::set<std::string> half_b;
  std::vector<ComparedDetector> detectors;
};

// Of the areas in order of the FNV-1a hash of their names, every second one.
std::set<std::string> HalfOf(const std::set<std::string>& areas);

Trial CompareOnWaves(const std::vector<SweptDetector>& swept, const std::vector<Wave>& waves,
                     const std::vector<Observation>& observations, double budget);
// `swept` and `observations` of the injected history.
Trial CompareOnSpikes(const std::vector<SweptDetector>& swept,
                      const std::vector<InjectedSpike>& spikes,
                      const std::vector<Observation>& observations, double budget);

}  // namespace belgrand::detection
