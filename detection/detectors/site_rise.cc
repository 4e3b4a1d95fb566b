// A sustained increase at one site, before or without the rest of its district.
#include "detection/detectors/detectors.h"
#include "detection/detectors/rise.h"

namespace belgrand::detection {
namespace {

class SiteRise final : public Detector {
 public:
  SiteRise()
      : Detector({.name = "site-rise",
                  .version = "3",
                  .level = AreaLevel::kSite,
                  .kind = SignalKind::kRise,
                  .meaning = "The level of one site compared with its own level one to six weeks "
                             "ago; same rule as "
                             "district-rise (docs/methods.md, section 3).",
                  .threshold = kRule.limit,
                  .sweep = LinearSweep(-1.0, 7.0, 65),
                  .quiet_samples = 2,
                  .quiet_days = 7}) {}
  Finding Measure(const AreaView& view) const override { return MeasureRise(view, kRule); }

 private:
  static constexpr RiseRule kRule{.least_rise = 0.2, .limit = 2.0, .least_growth = 1.0364};
};

}  // namespace

std::unique_ptr<const Detector> MakeSiteRise() { return std::make_unique<SiteRise>(); }

}  // namespace belgrand::detection
