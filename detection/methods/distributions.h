// The distribution functions that the detection methods need beyond the normal (normal.h).
//
// Sources: Press et al., Numerical Recipes 6.2 and 6.4 (incomplete gamma and beta by series and
// Lentz's continued fraction). Thread safety: pure functions. Nothing here returns NaN for finite
// input; arguments outside their range are taken as the nearest that is inside.
#pragma once

namespace belgrand::detection {

// Lower incomplete gamma P(a, x), regularised; a > 0, x >= 0.
double RegularizedGamma(double a, double x);
// Incomplete beta I_x(a, b), regularised; a, b > 0, 0 <= x <= 1.
double RegularizedBeta(double a, double b, double x);
// Probability that |T| >= |t| for Student's T of df degrees of freedom.
double StudentTwoSided(double t, double df);
// P(X <= k); k < 0 gives 0.
double PoissonCdf(double k, double mean);
// X counts failures before `size` successes of probability `prob`; size may be fractional.
double NegativeBinomialCdf(double k, double size, double prob);
// Smallest whole k with P(X <= k) >= p; p is clamped to [0, 1 - 1e-12].
double PoissonQuantile(double p, double mean);
double NegativeBinomialQuantile(double p, double size, double prob);

}  // namespace belgrand::detection
