#include "detection/normal.h"

#include <algorithm>
#include <cmath>

namespace belgrand::detection {
namespace {

constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kInverseSqrtTwoPi = 0.39894228040143267794;
// erfc underflows past 38; everything the filter does is decided long before.
constexpr double kFar = 30.0;

// Probability that a standard normal exceeds z.
double UpperTail(double z) { return 0.5 * std::erfc(z * kSqrtHalf); }

}  // namespace

double NormalDensity(double z) { return kInverseSqrtTwoPi * std::exp(-0.5 * z * z); }

double NormalCdf(double z) { return UpperTail(-z); }

double NormalQuantile(double p) {
  const double target = std::clamp(p, 1e-12, 1 - 1e-12);
  double low = -8;
  double high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (NormalCdf(middle) < target ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

TruncatedMoments TruncateStandardNormal(double a, double b) {
  // Work in the upper tail, where erfc keeps its relative precision.
  if (b < 0 || (a < 0 && -a > b)) {
    TruncatedMoments mirrored = TruncateStandardNormal(-b, -a);
    mirrored.mean = -mirrored.mean;
    return mirrored;
  }
  TruncatedMoments moments;
  if (a >= kFar) {
    moments.probability = UpperTail(kFar);
    moments.mean = a + 1 / a;
    moments.variance = 1 / (a * a);
    if (b - a < 4 / a) {
      moments.mean = 0.5 * (a + b);
      moments.variance = std::max((b - a) * (b - a) / 12, 1e-12);
    }
    return moments;
  }
  const double density_a = std::isinf(a) ? 0 : NormalDensity(a);
  const double density_b = std::isinf(b) ? 0 : NormalDensity(b);
  moments.probability = (std::isinf(a) ? 1 : UpperTail(a)) - (std::isinf(b) ? 0 : UpperTail(b));
  if (std::isfinite(a) && b - a < 1e-4) {
    // Flat over so narrow a piece; the differences below would cancel.
    moments.mean = 0.5 * (a + b);
    moments.variance = std::max((b - a) * (b - a) / 12, 1e-12);
    moments.probability = std::max((b - a) * NormalDensity(moments.mean), 1e-300);
    return moments;
  }
  moments.probability = std::max(moments.probability, 1e-300);
  const double mean = (density_a - density_b) / moments.probability;
  const double edge_a = std::isinf(a) ? 0 : a * density_a;
  const double edge_b = std::isinf(b) ? 0 : b * density_b;
  const double variance = 1 + (edge_a - edge_b) / moments.probability - mean * mean;
  moments.mean = std::clamp(mean, a, b);
  moments.variance = std::clamp(variance, 1e-12, 1.0);
  return moments;
}

}  // namespace belgrand::detection
