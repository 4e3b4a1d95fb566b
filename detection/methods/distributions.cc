#include "detection/methods/distributions.h"

#include <math.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace belgrand::detection {
namespace {

constexpr double kTiny = 1e-300;
constexpr double kEnough = 1e-15;
constexpr int kMostTerms = 20000;
// Rounding must not push a quantile one too far.
constexpr double kFuzz = 64 * std::numeric_limits<double>::epsilon();

// std::lgamma writes a global.
double LogGamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

double AwayFromZero(double x) { return std::abs(x) < kTiny ? kTiny : x; }

// Modified Lentz evaluation of the continued fraction of I_x(a, b).
double BetaFraction(double a, double b, double x) {
  double c = 1;
  double d = 1 / AwayFromZero(1 - (a + b) * x / (a + 1));
  double h = d;
  for (int m = 1; m < kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / AwayFromZero(1 + even * d);
    c = AwayFromZero(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / AwayFromZero(1 + odd * d);
    c = AwayFromZero(1 + odd / c);
    h *= d * c;
    if (std::abs(d * c - 1) < kEnough) break;
  }
  return h;
}

template <typename Cdf>
double SmallestWith(double p, Cdf cdf) {
  const double target = std::clamp(p, 0.0, 1 - 1e-12) * (1 - kFuzz);
  if (cdf(0.0) >= target) return 0;
  double low = 0;
  double high = 1;
  constexpr double kMost = 0x1.0p52;
  while (high < kMost && cdf(high) < target) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const double middle = std::floor(0.5 * (low + high));
    (cdf(middle) < target ? low : high) = middle;
  }
  return high;
}

}  // namespace

double RegularizedGamma(double a, double x) {
  if (!(x > 0) || !(a > 0)) return 0;
  const double front = std::exp(a * std::log(x) - x - LogGamma(a));
  if (x < a + 1) {
    double term = 1 / a;
    double sum = term;
    for (int n = 1; n < kMostTerms; ++n) {
      term *= x / (a + n);
      sum += term;
      if (term < sum * kEnough) break;
    }
    return std::clamp(sum * front, 0.0, 1.0);
  }
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / AwayFromZero(b);
  double h = d;
  for (int n = 1; n < kMostTerms; ++n) {
    const double step = -n * (n - a);
    b += 2;
    d = 1 / AwayFromZero(step * d + b);
    c = AwayFromZero(b + step / c);
    h *= d * c;
    if (std::abs(d * c - 1) < kEnough) break;
  }
  return std::clamp(1 - front * h, 0.0, 1.0);
}

double RegularizedBeta(double a, double b, double x) {
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * std::log(x) + b * std::log1p(-x));
  const double value = x < (a + 1) / (a + b + 2) ? front * BetaFraction(a, b, x) / a
                                                 : 1 - front * BetaFraction(b, a, 1 - x) / b;
  return std::clamp(value, 0.0, 1.0);
}

double StudentTwoSided(double t, double df) {
  if (std::isinf(t)) return 0;
  return RegularizedBeta(0.5 * df, 0.5, df / (df + t * t));
}

double PoissonCdf(double k, double mean) {
  if (k < 0) return 0;
  return 1 - RegularizedGamma(std::floor(k) + 1, mean);
}

double NegativeBinomialCdf(double k, double size, double prob) {
  if (k < 0) return 0;
  return RegularizedBeta(size, std::floor(k) + 1, prob);
}

double PoissonQuantile(double p, double mean) {
  return SmallestWith(p, [mean](double k) { return PoissonCdf(k, mean); });
}

double NegativeBinomialQuantile(double p, double size, double prob) {
  return SmallestWith(p, [=](double k) { return NegativeBinomialCdf(k, size, prob); });
}

}  // namespace belgrand::detection
