#include "detection/normal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace belgrand::detection {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Moments by summing the density over a fine grid: another way to the same numbers.
TruncatedMoments BySummation(double a, double b) {
  const double low = std::max(a, -12.0);
  const double high = std::min(b, 12.0);
  constexpr int kSteps = 200000;
  double mass = 0;
  double first = 0;
  double second = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double z = low + (high - low) * (i + 0.5) / kSteps;
    const double p = NormalDensity(z) * (high - low) / kSteps;
    mass += p;
    first += p * z;
    second += p * z * z;
  }
  return {mass, first / mass, second / mass - first / mass * (first / mass)};
}

TEST(NormalTest, QuantileInvertsCdf) {
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963985, 1e-8);
  EXPECT_NEAR(NormalQuantile(0.999), 3.090232306, 1e-8);
  EXPECT_NEAR(NormalCdf(NormalQuantile(0.01)), 0.01, 1e-10);
}

TEST(NormalTest, TruncatedMomentsEqualTheSumOverTheDensity) {
  const double pieces[][2] = {{-kInfinity, 0}, {-kInfinity, -2.5}, {-kInfinity, 1.7},
                              {-0.3, 0.4},     {1, 1.5},           {-5, -4.5},
                              {2, kInfinity},  {-kInfinity, -6}};
  for (const auto& piece : pieces) {
    SCOPED_TRACE(testing::Message() << piece[0] << ".." << piece[1]);
    const TruncatedMoments expected = BySummation(piece[0], piece[1]);
    const TruncatedMoments actual = TruncateStandardNormal(piece[0], piece[1]);
    EXPECT_NEAR(actual.probability / expected.probability, 1, 1e-5);
    EXPECT_NEAR(actual.mean, expected.mean, 1e-4);
    EXPECT_NEAR(actual.variance, expected.variance, 1e-4);
  }
}

TEST(NormalTest, FarTailsStayFiniteInsideTheInterval) {
  const double ends[] = {-1e6, -300, -40, -31, -29, -9, 0, 9, 29, 31, 40, 300, 1e6};
  for (const double a : ends) {
    for (const double width : {1e-9, 1e-3, 1.0, 50.0, kInfinity}) {
      for (const bool mirrored : {false, true}) {
        const double low = mirrored ? -(a + width) : a;
        const double high = mirrored ? -a : a + width;
        if (!(low < high)) continue;
        SCOPED_TRACE(testing::Message() << low << ".." << high);
        const TruncatedMoments m = TruncateStandardNormal(low, high);
        EXPECT_GE(m.mean, low);
        EXPECT_LE(m.mean, high);
        EXPECT_GT(m.variance, 0);
        EXPECT_LE(m.variance, 1);
        EXPECT_GT(m.probability, 0);
        EXPECT_TRUE(std::isfinite(std::log(m.probability)));
      }
    }
  }
}

}  // namespace
}  // namespace belgrand::detection
