// Local linear trend in even steps: the state-space spline of the Houston programme, with
// censoring.
//
//   level(t) = 2 level(t-1) - level(t-2) + N(0, level_variance);  sample = level(t) + N(0, noise)
// The filter says what was known at each step, the smoother what is known of it now. A step may
// hold no sample, a number, or an interval (below LOD, below LOQ; matched by moments, news.h).
// For irregular days, several sites and learnt noise there is TrendFilter; this is the published
// method beside it. Units: the caller's (log10 gc/L). Thread safety: pure function. Every number
// out is finite for finite input. Source: Ensor et al. 2024, Sci Rep 14:5575; fixed-interval
// smoothing, Rauch, Tung & Striebel 1965.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "detection/observation.h"

namespace belgrand::detection {

struct LocalTrendParameters {
  double noise = 0.10;           // variance of a sample
  double level_variance = 0.02;  // of the second difference of the level
  // Before the first step: level there and one step earlier. The published form starts at 0 with
  // variance 1, which pulls the first weeks down; start near the data with a large variance.
  double start[2] = {0, 0};
  double start_variance = 1;
};

struct LocalTrendPoint {
  double filtered = 0;
  double filtered_variance = 0;
  double smoothed = 0;
  double smoothed_variance = 0;
};

struct LocalTrend {
  std::vector<LocalTrendPoint> points;
  double log_likelihood = 0;
};

// REQUIRES: noise > 0, level_variance >= 0, start_variance > 0.
LocalTrend FollowLocalTrend(std::span<const std::optional<LogValue>> samples,
                            const LocalTrendParameters& parameters);

}  // namespace belgrand::detection
