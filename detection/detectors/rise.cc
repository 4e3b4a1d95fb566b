#include "detection/detectors/rise.h"

#include <algorithm>
#include <cmath>

#include "detection/normal.h"

namespace belgrand::detection {
namespace {

constexpr double kRecentDays = 21;
// A rise is over when the level does not stand out from that of one to two weeks ago and growth is
// no likelier than this.
constexpr double kStillGrowing = 0.7;
constexpr double kActiveDays = 60;
// What a standard deviation of growth is worth in the score, which is one of the increase.
constexpr double kGrowthWeight = 3;

// Scattered detections among non-detects are the noise of the assay at its limit and no rise.
bool DetectedEnough(const AreaView& view, const RiseRule& rule) {
  const double newest = view.steps.back()->day;
  std::size_t samples = 0;
  std::size_t detections = 0;
  for (const Step* step : view.steps) {
    if (newest - step->day > kRecentDays) continue;
    ++samples;
    if (!std::isinf(step->value.low)) ++detections;
  }
  return detections >= rule.least_detections &&
         static_cast<double>(detections) >=
             rule.least_detected_share * static_cast<double>(samples);
}

// No rise stands on one sample: where the strongest of the newest is more likely an outlier than
// the usual noise, another site or day must read high too.
bool RestsOnOne(const AreaView& view) {
  constexpr double kWitnessDays = 14;
  constexpr double kWitness = 1;
  const double newest = view.steps.back()->day;
  const Step* strongest = nullptr;
  for (const Step* step : view.steps) {
    if (newest - step->day > kWitnessDays) continue;
    if (strongest == nullptr || step->residual > strongest->residual) strongest = step;
  }
  if (strongest->outlier_probability <= 0.5 || strongest->residual <= 0) return false;
  return std::none_of(view.steps.begin(), view.steps.end(), [&](const Step* step) {
    return newest - step->day <= kWitnessDays && step->residual >= kWitness &&
           (step->day != strongest->day || step->site_id != strongest->site_id);
  });
}

// Watch for a rise; warning when it doubles within a week or stands above three quarters of its own
// history; critical when both hold and it stands above nine tenths.
Severity SeverityOf(const TrendFilter& filter) {
  constexpr double kDoublingInAWeek = 0.30103 / 7;
  constexpr std::size_t kLeastWeeks = 26;
  const bool fast = filter.Growth().mean >= kDoublingInAWeek;
  const double rank = filter.LevelRank(kLeastWeeks);
  if (fast && rank >= 0.9) return Severity::kCritical;
  if (fast || rank >= 0.75) return Severity::kWarning;
  return Severity::kWatch;
}

}  // namespace

Finding MeasureRise(const AreaView& view, const RiseRule& rule) {
  const TrendFilter& filter = view.filter;
  Finding finding;
  finding.score = -10;
  bool higher_than_lately = false;
  Estimate best;
  for (std::size_t k = 0; k < filter.anchors(); ++k) {
    double days_ago = 0;
    const Estimate rise = filter.RiseSince(k, &days_ago);
    if (days_ago < 7) continue;
    if (days_ago < 14 && rise.mean > rise.sd) higher_than_lately = true;
    const double score = (rise.mean - rule.least_rise) / rise.sd;
    if (score <= finding.score) continue;
    finding.score = score;
    finding.since_day = filter.day() - days_ago;
    best = rise;
  }
  finding.baseline_log10 = filter.Level(kActiveDays).mean - best.mean;
  const Estimate growth = filter.Growth();
  const double growing = NormalCdf(growth.mean / growth.sd);
  finding.score = std::min(
      finding.score, rule.limit + kGrowthWeight * (growth.mean / growth.sd - rule.least_growth));
  // A sample below a limit counts towards the level, but an official is not called on the strength
  // of one: only a quantified sample raises the alarm.
  finding.eligible =
      DetectedEnough(view, rule) && view.steps.back()->value.quantified() && !RestsOnOne(view);
  finding.quiet = !higher_than_lately && growing < kStillGrowing;
  finding.severity = SeverityOf(filter);
  return finding;
}

}  // namespace belgrand::detection
