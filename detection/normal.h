// Moments of the normal distribution and of its pieces, safe in the far tails.
//
// Purpose: the censored update of the filter needs the mean and variance of a normal restricted to
// an interval; written naively both are 0/0 a few standard deviations out. Nothing here returns NaN
// for finite input. Thread safety: pure functions. Units: standard deviations. Source of the
// formulas: Johnson, Kotz & Balakrishnan, Continuous Univariate Distributions 1, 13.10.
#pragma once

namespace belgrand::detection {

double NormalDensity(double z);
double NormalCdf(double z);
// Inverse of NormalCdf for p in (0, 1), to about 1e-9; p is clamped to [1e-12, 1 - 1e-12].
double NormalQuantile(double p);

// A standard normal given that it lies in (a, b).
struct TruncatedMoments {
  double probability = 0;  // of the interval
  double mean = 0;
  double variance = 1;  // in (0, 1]
};
// REQUIRES a < b; either may be infinite. Intervals beyond 30 standard deviations are taken as
// their near end.
TruncatedMoments TruncateStandardNormal(double a, double b);

}  // namespace belgrand::detection
