// A sustained increase of a district's level: the signal an official acts on.
#include "detection/detectors/detectors.h"
#include "detection/detectors/rise.h"

namespace belgrand::detection {
namespace {

class DistrictRise final : public Detector {
 public:
  DistrictRise()
      : Detector({.name = "district-rise",
                  .version = "3",
                  .level = AreaLevel::kDistrict,
                  .kind = SignalKind::kRise,
                  .meaning = "Population-weighted district level compared with its own level one "
                             "to six weeks ago; alarms "
                             "when the increase exceeds the least that counts by the threshold, in "
                             "standard deviations of the joint posterior, and growth goes on "
                             "(docs/methods.md, section 3).",
                  .threshold = kRule.limit,
                  .sweep = LinearSweep(-1.0, 7.0, 65),
                  .quiet_samples = 3,
                  .quiet_days = 7}) {}
  Finding Measure(const AreaView& view) const override { return MeasureRise(view, kRule); }

 private:
  static constexpr RiseRule kRule{};
};

}  // namespace

std::unique_ptr<const Detector> MakeDistrictRise() { return std::make_unique<DistrictRise>(); }

}  // namespace belgrand::detection
