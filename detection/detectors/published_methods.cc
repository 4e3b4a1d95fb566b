#include "detection/detectors/published_methods.h"

#include <array>
#include <cmath>
#include <string_view>

#include "detection/detectors/detectors.h"
#include "detection/evidence.h"
#include "sample/target.h"

namespace belgrand::detection {
namespace {

struct Method {
  std::string_view name;
  Score (*score)(const AreaView&);
  Compare compare;
  double limit;
  // From this score on the alert is a warning.
  double warning;
  Past past;
  std::vector<double> (*sweep)();
  std::string_view meaning;
};

// Thresholds that a curve is drawn over.
constexpr std::size_t kSteps = 60;
std::vector<double> SweepDeviations() { return GeometricSweep(0.3, 60, kSteps); }
// 1 - p, from a coin's toss to one in a hundred million.
std::vector<double> SweepConfidence() {
  std::vector<double> values = GeometricSweep(0.5, 1e-8, kSteps);
  for (double& value : values) value = 1 - value;
  return values;
}
// An activity level is exponential in standard deviations: after months of nothing it has no scale.
std::vector<double> SweepMultiples() { return GeometricSweep(0.2, 1e6, 3 * kSteps); }
std::vector<double> SweepPercent() { return LinearSweep(40, 100, kSteps + 1); }
std::vector<double> SweepStatus() { return {1, 2}; }

constexpr std::array<Method, 11> kMethods = {{
    {"ears-c1", ScoreEarsC1, Compare::kAbove, 3.090232, 1e9, Past::kForget, SweepDeviations,
     "EARS C1: the newest day against mean and sd (at least 0.15 log10) of the seven samples "
     "before it in 28 days, at least five."},
    {"ears-c2", ScoreEarsC2, Compare::kAbove, 3.090232, 1e9, Past::kForget, SweepDeviations,
     "EARS C2: as C1, the two days before the newest left out of the baseline."},
    {"ears-c3", ScoreEarsC3, Compare::kAtLeast, 1.959964, 1e9, Past::kForget, SweepDeviations,
     "EARS C3 as documented: sum over the newest three days of max(0, C2 - 1)."},
    {"trend-3", ScoreTrend3, Compare::kAtLeast, 0.9, 1e9, Past::kForget, SweepConfidence,
     "Regression through the newest three sampled days in 28: 1 - p of a rising slope of at least "
     "10 %."},
    {"trend-5", ScoreTrend5, Compare::kAtLeast, 0.9, 1e9, Past::kForget, SweepConfidence,
     "Regression through the newest five sampled days in 28: 1 - p of a rising slope of at least "
     "10 %."},
    {"cusum", ScoreCusum, Compare::kAtLeast, 2.26, 1e9, Past::kForget, SweepDeviations,
     "CUSUM of the one-step-ahead residuals, k = 1.04, h = 2.26."},
    {"ewma", ScoreEwma, Compare::kAbove, 3, 1e9, Past::kForget, SweepDeviations,
     "EWMA of the one-step-ahead residuals, lambda = 0.4, in its own standard deviations."},
    {"glr", ScoreGlr, Compare::kAtLeast, 5, 1e9, Past::kForget, SweepDeviations,
     "Generalised likelihood ratio of a step up in the one-step-ahead residuals, at most 30 "
     "back."},
    {"wval", ScoreWval, Compare::kAbove, 1, 1e9, Past::kKeep, SweepMultiples,
     "CDC activity level (August 2025) Moderate or above, median over sites, in units of the upper "
     "cut of Low; SARS-CoV-2, influenza A and RSV only."},
    {"percentile", ScorePercentile, Compare::kAtLeast, 80, 95, Past::kKeep, SweepPercent,
     "The newest sample's place in its site's own history (26 samples at least), percent, median "
     "over sites: the highest fifth."},
    {"presence", ScorePresence, Compare::kAtLeast, 1, 2, Past::kForget, SweepStatus,
     "For pathogens whose presence is news: 1 a detection in 28 days, 2 persistent (CDC: more than "
     "80 % of the samples of four weeks, one of them in the last two)."},
}};

class PublishedMethod final : public Detector {
 public:
  PublishedMethod(const Method& method, AreaLevel level)
      : Detector(
            {.name = std::string(NameOf(level)) + "-" + std::string(method.name),
             .version = "1",
             .level = level,
             .kind = SignalKind::kRise,
             .meaning = std::string(method.meaning),
             .threshold = method.limit,
             .compare = method.compare,
             .sweep = method.sweep(),
             .quiet_when = QuietWhen::kBelowThreshold,
             .quiet_samples = level == AreaLevel::kSite ? 2U : 3U,
             .quiet_days = 7,
             .selection = method.score == ScorePresence && level == AreaLevel::kSite
                              ? Selection::kForRareTargets
                              : Selection::kOnRequest,
             .past = method.past,
             .wording = method.score == ScorePresence ? Wording::kPresence : Wording::kMethod}),
        method_(method) {}

  Finding Measure(const AreaView& view) const override {
    const Score score = method_.score(view);
    const LogValue& newest = view.steps.back()->value;
    Finding finding;
    finding.score = score.value;
    // Below a limit is never an increase (methods, section 8); what presence needs is a detection,
    // which is news however late it became known.
    finding.eligible = method_.score == ScorePresence ? score.detections > 0 : newest.quantified();
    const bool rare = method_.score == ScorePresence && sample::IsRareTarget(view.target);
    finding.severity =
        rare || score.value >= method_.warning ? Severity::kWarning : Severity::kWatch;
    finding.detections = score.detections;
    finding.baseline_log10 = view.filter.Level(kActiveDays).mean - score.excess_log10;
    finding.since_day = view.steps.back()->day - score.since_days;
    finding.excess_log10 = score.excess_log10;
    return finding;
  }

 private:
  const Method& method_;
};

}  // namespace

std::vector<std::unique_ptr<const Detector>> MakePublishedMethods(AreaLevel level) {
  std::vector<std::unique_ptr<const Detector>> all;
  for (const Method& method : kMethods) {
    all.push_back(std::make_unique<PublishedMethod>(method, level));
  }
  return all;
}

}  // namespace belgrand::detection
