// One to three samples at a site far above what was expected: contamination, a discharge, or a real
// jump.
#include <algorithm>
#include <cmath>

#include "detection/detectors/detectors.h"

namespace belgrand::detection {
namespace {

constexpr double kLimit = 3.0;
constexpr double kLeastExcess = 0.7;  // log10: five-fold

class SiteSpike final : public Detector {
 public:
  SiteSpike()
      : Detector({.name = "site-spike",
                  .version = "1",
                  .level = AreaLevel::kSite,
                  .kind = SignalKind::kSpike,
                  .meaning = "Standardised one-step-ahead residual of the newest sample at a site "
                             "(docs/methods.md, "
                             "section 4).",
                  .threshold = kLimit,
                  .sweep = GeometricSweep(0.5, 30, 60),
                  .quiet_when = QuietWhen::kBelowHalfThreshold,
                  .quiet_samples = 2,
                  .quiet_days = 0}) {}

  Finding Measure(const AreaView& view) const override {
    const Step& step = *view.steps.back();
    Finding finding;
    finding.score = step.residual;
    finding.baseline_log10 = step.expected;
    finding.since_day = step.day;
    const double excess = step.value.quantified() ? step.value.low - step.expected : 0;
    finding.excess_log10 = excess;
    finding.eligible = !step.opens_segment && view.steps.size() >= 5 && step.value.quantified() &&
                       excess >= kLeastExcess;
    if (excess >= 1.0) finding.severity = Severity::kWarning;
    return finding;
  }
};

}  // namespace

std::unique_ptr<const Detector> MakeSiteSpike() { return std::make_unique<SiteSpike>(); }

}  // namespace belgrand::detection
