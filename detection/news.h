// What one observation says of a normally predicted quantity: a point, or an interval.
//
// The update by an interval matches the first two moments of the exact posterior. It belongs here
// and not to a filter because two filters use it (trend_filter.h, smooth/local_trend.h).
// Thread safety: pure function. Source: moments of the truncated normal (normal.h).
#pragma once

#include "detection/observation.h"

namespace belgrand::detection {

// With prediction N(mean, s2) of the observed quantity and P h its covariance with the state:
//   x <- x + P h * pull,  P <- P - P h h' P * certainty
struct News {
  double log_weight = 0;  // log density or log probability
  double pull = 0;        // expected innovation / s2
  double certainty = 0;   // 1/s2 for a point; less for an interval
};

// REQUIRES: s2 > 0, the variance of the prediction with the noise of the observation.
News NewsOf(const LogValue& value, double mean, double s2);

}  // namespace belgrand::detection
