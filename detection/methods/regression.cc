#include "detection/methods/regression.h"

#include <algorithm>
#include <cmath>

#include "detection/methods/distributions.h"

namespace belgrand::detection {

std::optional<RegressionTrend> FitTrend(std::span<const DatedValue> series) {
  const double n = static_cast<double>(series.size());
  if (series.size() < 2) return std::nullopt;
  double day = 0;
  double value = 0;
  for (const DatedValue& v : series) {
    day += v.day / n;
    value += v.value / n;
  }
  double sxx = 0;
  double sxy = 0;
  double syy = 0;
  for (const DatedValue& v : series) {
    sxx += (v.day - day) * (v.day - day);
    sxy += (v.day - day) * (v.value - value);
    syy += (v.value - value) * (v.value - value);
  }
  if (!(sxx > 0)) return std::nullopt;
  RegressionTrend trend;
  // What rounding leaves of a constant series is no slope.
  const double resolution = 1e-13 * std::max(std::abs(value), 1e-300);
  if (syy <= n * resolution * resolution) return trend;
  trend.slope = sxy / sxx;
  const double span = series.back().day - series.front().day;
  constexpr double kMostDecades = 15;
  trend.percent_change =
      100 * (std::pow(10.0, std::clamp(trend.slope * span, -kMostDecades, kMostDecades)) - 1);
  if (series.size() > 2) {
    double rest = 0;
    for (const DatedValue& v : series) {
      const double e = v.value - value - trend.slope * (v.day - day);
      rest += e * e;
    }
    const double t2 = (n - 2) * trend.slope * sxy / std::max(rest, 1e-300);
    trend.p = StudentTwoSided(std::sqrt(t2), n - 2);
  }
  constexpr double kMostDays = 1e4;
  const double doubling = std::log10(2.0) / trend.slope;
  if (std::abs(doubling) <= kMostDays) trend.doubling_days = doubling;
  return trend;
}

}  // namespace belgrand::detection
