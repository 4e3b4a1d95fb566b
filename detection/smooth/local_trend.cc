#include "detection/smooth/local_trend.h"

#include <algorithm>
#include <cmath>

#include "detection/gaussian_state.h"
#include "detection/news.h"

namespace belgrand::detection {
namespace {

constexpr double kStep[4] = {2, -1, 1, 0};

struct Pair {
  double mean[2] = {0, 0};
  double p00 = 0;
  double p01 = 0;
  double p11 = 0;
};

Pair Read(const GaussianState& state) {
  return {
      {state.mean(0), state.mean(1)}, state.variance(0), state.covariance(0, 1), state.variance(1)};
}

bool Usable(const LogValue& v) {
  if (std::isnan(v.low) || std::isnan(v.high) || v.low > v.high) return false;
  return std::isfinite(v.low) || std::isfinite(v.high);
}

// What is known of a step given all that is known of the next; `predicted` is the next as the
// filter of this step foresaw it.
Pair SmoothBack(const Pair& filtered, const Pair& predicted, const Pair& next) {
  // Gain = P F' inverse(predicted P), with F = [[2, -1], [1, 0]].
  const double pf[4] = {2 * filtered.p00 - filtered.p01, filtered.p00,
                        2 * filtered.p01 - filtered.p11, filtered.p01};
  const double determinant =
      std::max(predicted.p00 * predicted.p11 - predicted.p01 * predicted.p01, 1e-300);
  const double inverse[3] = {predicted.p11 / determinant, -predicted.p01 / determinant,
                             predicted.p00 / determinant};
  const double g[4] = {
      pf[0] * inverse[0] + pf[1] * inverse[1], pf[0] * inverse[1] + pf[1] * inverse[2],
      pf[2] * inverse[0] + pf[3] * inverse[1], pf[2] * inverse[1] + pf[3] * inverse[2]};
  const double d0 = next.mean[0] - predicted.mean[0];
  const double d1 = next.mean[1] - predicted.mean[1];
  const double c00 = next.p00 - predicted.p00;
  const double c01 = next.p01 - predicted.p01;
  const double c11 = next.p11 - predicted.p11;
  const auto change = [&](const double* a, const double* b) {
    return a[0] * (c00 * b[0] + c01 * b[1]) + a[1] * (c01 * b[0] + c11 * b[1]);
  };
  Pair smoothed;
  smoothed.mean[0] = filtered.mean[0] + g[0] * d0 + g[1] * d1;
  smoothed.mean[1] = filtered.mean[1] + g[2] * d0 + g[3] * d1;
  smoothed.p00 = std::max(filtered.p00 + change(g, g), 0.0);
  smoothed.p01 = filtered.p01 + change(g, g + 2);
  smoothed.p11 = std::max(filtered.p11 + change(g + 2, g + 2), 0.0);
  return smoothed;
}

}  // namespace

LocalTrend FollowLocalTrend(std::span<const std::optional<LogValue>> samples,
                            const LocalTrendParameters& parameters) {
  LocalTrend trend;
  if (samples.empty()) return trend;
  GaussianState state;
  state.Append(parameters.start[0], parameters.start_variance);
  state.Append(parameters.start[1], parameters.start_variance);
  const Term level[] = {{0, 1.0}};
  std::vector<Pair> predicted;
  std::vector<Pair> filtered;
  for (std::size_t t = 0; t < samples.size(); ++t) {
    if (t > 0) state.MovePair(0, kStep, {parameters.level_variance, 0, 0, 0});
    predicted.push_back(Read(state));
    if (samples[t] && Usable(*samples[t])) {
      const Projection foreseen = state.Project(level);
      const News news = NewsOf(*samples[t], foreseen.mean, foreseen.variance + parameters.noise);
      trend.log_likelihood += news.log_weight;
      state.Absorb(foreseen, news.pull, news.certainty);
    }
    filtered.push_back(Read(state));
  }
  Pair smoothed = filtered.back();
  trend.points.resize(samples.size());
  for (std::size_t t = samples.size(); t-- > 0;) {
    if (t + 1 < samples.size()) smoothed = SmoothBack(filtered[t], predicted[t + 1], smoothed);
    trend.points[t] = {filtered[t].mean[0], filtered[t].p00, smoothed.mean[0], smoothed.p00};
  }
  return trend;
}

}  // namespace belgrand::detection
