// Judging alerts by waves that are known from elsewhere (cases, admissions).
//
// A wave is (area, target, onset, peak). It is met in time by a district alert that opened from 21
// days before its onset to its peak; it is met at all by one that was open in that span. An alert
// that opened in no such span is false. Only areas that have a wave are judged, from the first
// sample or onset - 21 days of the first wave on, until 14 days after the last peak of the whole
// file: beyond that nothing is known either way.
//
// Waves can be derived from cumulative cases by day and area: new cases, centred mean of seven
// days; a wave climbs from its trough to at least twice that (and at least ten cases a day), and is
// over when cases have fallen to 70 % of the peak, or the series ends; its onset is the last day at
// or below the trough plus a tenth of the climb.
//
// Where no cases are published, waves can be read off the samples themselves with hindsight: the
// district's level smoothed over the whole history (smooth/curves.h, SCOU), climbs of half a log10
// (three-fold) and more, over when the level has fallen by 0.3 log10 (half); the same onset, on the
// log scale. A climb counts where the lower end of the interval at the peak stands above the
// level at the trough. That truth says what a detector could have seen, not whether people fell
// ill, and holds every flaw of the samples: a weaker truth than cases, for each detector alike.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "detection/backtest.h"
#include "detection/smooth/curves.h"
#include "platform/base/error.h"

namespace belgrand::detection {

inline constexpr std::chrono::days kAfterLastPeak{14};

struct Wave {
  std::string area_id;
  std::string target;
  base::Day onset{};
  base::Day peak{};
};

// Columns area,target,onset,peak, or the truth file that `belgrand simulate` writes (its waves are
// taken). InvalidArgument names the line and what is wrong.
base::StatusOr<std::vector<Wave>> ReadWaves(std::istream& in);
// A "Date" column and one of cumulative cases for each area; "*" and "" mean not published (the
// value before is kept).
base::StatusOr<std::vector<Wave>> WavesOfCumulativeCases(std::istream& in,
                                                         const std::string& target);

// By district; see above.
std::vector<Wave> WavesOfCurves(const std::vector<LevelCurve>& curves);

struct WaveOutcome {
  Wave wave;
  bool met = false;
  // Opening day of the first alert in time.
  std::optional<base::Day> opened_on;
};

struct WaveScore {
  std::vector<WaveOutcome> outcomes;
  std::vector<AlertRow> true_alerts;  // opened for a wave
  std::vector<AlertRow> false_alerts;
  // Of the false ones: opened within kAfterLastPeak after a peak of that area and target. Late, but
  // not out of the blue.
  std::uint64_t late = 0;
  std::uint64_t met = 0;
  std::uint64_t in_time = 0;
  // Median days from the first alert in time to the peak; 0 without any.
  int median_lead_days = 0;
  double area_years = 0;
  double false_per_area_year() const {
    return area_years > 0 ? static_cast<double>(false_alerts.size()) / area_years : 0;
  }
};

// (area, target) and the days in which its alerts are judged; `from` > `to`: never sampled.
struct JudgedSpan {
  base::Day from{};
  base::Day to{};
  double years() const;
};
using JudgedAreas = std::map<std::pair<std::string, std::string>, JudgedSpan>;
JudgedAreas JudgedAreasOf(const std::vector<Wave>& waves,
                          const std::vector<Observation>& observations);

WaveScore ScoreWaves(const std::vector<Wave>& waves, const std::vector<AlertRow>& alerts,
                     const JudgedAreas& judged);
WaveScore ScoreWaves(const std::vector<Wave>& waves, const std::vector<AlertRow>& alerts,
                     const std::vector<Observation>& observations);

}  // namespace belgrand::detection
