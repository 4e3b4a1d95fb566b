// A site, be it a plant or a sub-catchment sampled within one, that leaves its district: where to
// look when something rises in a part of it only.
//
// What the district's filter did not expect of the site's samples, less what it did not expect of
// the other sites' in the same week: a rise of all is nobody's departure. An EWMA runs over these
// contrasts in units of its own standard deviation, as in the control charts of sub-sewersheds
// against their plant (Ensor et al. 2024; lambda fixed instead of estimated, so that it looks at
// nothing but the past). Upward only.
#include <cmath>
#include <string_view>
#include <vector>

#include "detection/detectors/detectors.h"
#include "detection/methods/charts.h"

namespace belgrand::detection {
namespace {

constexpr double kSameWeekDays = 7;
constexpr std::size_t kLeastContrasts = 4;
// Of the newest two.
constexpr double kLeastContrast = 0.5;
constexpr EwmaRule kEwma{.lambda = 0.3, .limit_sd = 3};

// The site's steps as its district saw them, oldest first, each less the mean of the other sites'
// within a week of it, as far as they are known, in standard deviations.
std::vector<double> Contrasts(const Track& district, std::string_view site, double newest) {
  std::vector<const Step*> steps;
  for (const auto& [key, group] : district.groups()) {
    const Step& step = group.step;
    if (newest - step.day > AreaView::kOldestStepDays || step.opens_segment) continue;
    steps.push_back(&step);
  }
  std::vector<double> contrasts;
  for (const Step* own : steps) {
    if (own->site_id != site) continue;
    double sum = 0;
    double count = 0;
    for (const Step* other : steps) {
      if (other->site_id == site || std::abs(own->day - other->day) > kSameWeekDays) continue;
      sum += other->residual;
      ++count;
    }
    if (count == 0) continue;
    contrasts.push_back((own->residual - sum / count) / std::sqrt(1 + 1 / count));
  }
  return contrasts;
}

class SiteDeparture final : public Detector {
 public:
  SiteDeparture()
      : Detector({.name = "site-departure",
                  .version = "1",
                  .level = AreaLevel::kSite,
                  .kind = SignalKind::kRise,
                  .meaning = "What the district did not expect of a site's samples, less what it "
                             "did not expect of its other sites in the same week; an EWMA of that "
                             "in its own standard deviations (docs/methods.md, section 9).",
                  .threshold = kEwma.limit_sd,
                  .compare = Compare::kAbove,
                  .sweep = LinearSweep(0.5, 8, 61),
                  .quiet_when = QuietWhen::kBelowThreshold,
                  .quiet_samples = 2,
                  .quiet_days = 7,
                  .selection = Selection::kOnRequest,
                  .wording = Wording::kMethod}) {}

  Finding Measure(const AreaView& view) const override {
    const Step& newest = *view.steps.back();
    Finding finding;
    finding.baseline_log10 = newest.expected;
    finding.since_day = newest.day;
    if (!view.district) return finding;
    const std::vector<double> contrasts = Contrasts(*view.district, newest.site_id, newest.day);
    if (contrasts.empty()) return finding;
    const EwmaPoint now = Ewma(contrasts, kEwma).back();
    finding.score = kEwma.limit_sd * now.z / now.limit;
    // One alone is a spike, or a rise of all whose other sites are not known yet.
    const bool twice = contrasts.size() >= kLeastContrasts && contrasts.back() > kLeastContrast &&
                       contrasts[contrasts.size() - 2] > kLeastContrast;
    finding.eligible = twice && newest.value.quantified();
    if (newest.value.quantified()) finding.excess_log10 = newest.value.low - newest.expected;
    return finding;
  }
};

}  // namespace

std::unique_ptr<const Detector> MakeSiteDeparture() { return std::make_unique<SiteDeparture>(); }

}  // namespace belgrand::detection
