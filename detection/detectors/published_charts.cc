// Control charts on the one-step-ahead residuals of the filter.
//
// The charts run over the view (90 days, 128 samples at most) from zero: a longer run would not
// change what they say now, and the view makes them independent of the order of arrival.
#include "detection/detectors/area_series.h"
#include "detection/detectors/published_methods.h"
#include "detection/methods/charts.h"

namespace belgrand::detection {
namespace {

constexpr std::size_t kGlrMost = 30;

// What the newest step stands above its expectation.
double Excess(const AreaView& view) {
  const Step& step = *view.steps.back();
  return AsNumber(step.value) - step.expected;
}

}  // namespace

Score ScoreCusum(const AreaView& view) {
  const std::vector<double> sums = Cusum(ResidualSeries(view), CusumRule{});
  return {sums.empty() ? 0 : sums.back(), Excess(view), 0};
}

Score ScoreEwma(const AreaView& view) {
  const EwmaRule rule;
  const std::vector<EwmaPoint> points = Ewma(ResidualSeries(view), rule);
  if (points.empty()) return {};
  return {rule.limit_sd * points.back().z / points.back().limit, Excess(view), 0};
}

Score ScoreGlr(const AreaView& view) {
  return {GaussianGlrNow(ResidualSeries(view), kGlrMost), Excess(view), 0};
}

}  // namespace belgrand::detection
