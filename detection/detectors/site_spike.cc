// One to three samples at a site far above what was expected: contamination, a discharge, or a real
// jump.
#include <algorithm>
#include <cmath>

#include "detection/detectors/detectors.h"

namespace belgrand::detection {
namespace {

constexpr double kLimit = 3.0;
constexpr double kLeastExcess = 0.7;  // log10: five-fold

// What the newest sample was expected to be, and how far off it is.
struct Prediction {
  bool known = false;
  double mean = 0;
  double residual = 0;
  // That the sample is an outlier of the filter's mixture rather than its usual noise.
  double outlier = 0;
};

// A grab among composites is a stream of its own (observation.h), whose offset is not known: it is
// judged all the same, with that uncertainty, rather than let pass however high it reads. Not where
// the site's filter has only begun.
bool IsGrabAmongComposites(const AreaView& view) {
  constexpr double kMostDeviation = 0.9;
  const SampleGroup& newest = view.track.groups().rbegin()->second;
  return newest.step.deviation < kMostDeviation &&
         newest.rows.begin()->second->measurement.collection.sampling == sample::Sampling::kGrab;
}

// The site's own past and its district (neighbours, and the site's offset from them) each predict
// the sample. Neither is right alone: a site sampled rarely knows little of itself, and a site may
// go its own way. Their residuals count alike; where the site starts anew its district speaks.
Prediction Expected(const AreaView& view) {
  const Step& own = *view.steps.back();
  const auto& newest = view.track.groups().rbegin()->first;
  const Step* wide = nullptr;
  if (view.district) {
    const auto found = view.district->groups().find(newest);
    if (found != view.district->groups().end() && !found->second.step.opens_segment) {
      wide = &found->second.step;
    }
  }
  if (!wide) {
    return {!own.opens_segment || IsGrabAmongComposites(view), own.expected, own.residual,
            own.outlier_probability};
  }
  if (own.opens_segment) return {true, wide->expected, wide->residual, wide->outlier_probability};
  const double own_weight = 1 / (own.deviation * own.deviation);
  const double wide_weight = 1 / (wide->deviation * wide->deviation);
  const double mean =
      (own_weight * own.expected + wide_weight * wide->expected) / (own_weight + wide_weight);
  return {true, mean, (own.residual + wide->residual) / 2,
          (own.outlier_probability + wide->outlier_probability) / 2};
}

class SiteSpike final : public Detector {
 public:
  SiteSpike()
      : Detector({.name = "site-spike",
                  .version = "3",
                  .level = AreaLevel::kSite,
                  .kind = SignalKind::kSpike,
                  .meaning = "Standardised one-step-ahead residual of the newest sample at a site, "
                             "the mean of what the site's own past and its district predict "
                             "(docs/methods.md, section 4).",
                  .threshold = kLimit,
                  .sweep = GeometricSweep(0.5, 30, 60),
                  .quiet_when = QuietWhen::kBelowHalfThreshold,
                  .quiet_samples = 2,
                  .quiet_days = 0}) {}

  Finding Measure(const AreaView& view) const override {
    const Step& step = *view.steps.back();
    const Prediction expected = Expected(view);
    Finding finding;
    finding.score = expected.residual;
    finding.baseline_log10 = expected.mean;
    finding.since_day = step.day;
    finding.spike_probability = expected.outlier;
    const double excess = step.value.quantified() ? step.value.low - expected.mean : 0;
    finding.excess_log10 = excess;
    finding.eligible = expected.known && view.steps.size() >= 5 && step.value.quantified() &&
                       excess >= kLeastExcess;
    if (excess >= 1.0) finding.severity = Severity::kWarning;
    return finding;
  }
};

}  // namespace

std::unique_ptr<const Detector> MakeSiteSpike() { return std::make_unique<SiteSpike>(); }

}  // namespace belgrand::detection
