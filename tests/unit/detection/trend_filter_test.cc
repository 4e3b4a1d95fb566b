#include "detection/trend_filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace belgrand::detection {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

LogValue Point(double log10_value) { return {log10_value, log10_value}; }
LogValue Below(double log10_limit) { return {-kInfinity, log10_limit}; }

TEST(TrendFilterTest, FollowsAConstantLevelWithoutGrowth) {
  const TrendParameters parameters;
  TrendFilter filter(parameters);
  for (int i = 0; i < 60; ++i) filter.Observe(3.5 * i, "a", "a", 1000, Point(4));
  EXPECT_NEAR(filter.Level(60).mean, 4, 0.01);
  EXPECT_NEAR(filter.Growth().mean, 0, 0.001);
  EXPECT_LT(filter.noise_sd(), 0.25) << "the noise scale is learnt";
}

TEST(TrendFilterTest, RecoversTheGrowthRateOfAnExponentialRise) {
  const TrendParameters parameters;
  TrendFilter filter(parameters);
  for (int i = 0; i < 40; ++i) filter.Observe(2.0 * i, "a", "a", 1000, Point(3 + 0.05 * 2 * i));
  // Shrunk towards no growth by its damping, never beyond the truth.
  EXPECT_GT(filter.Growth().mean, 0.03);
  EXPECT_LT(filter.Growth().mean, 0.055);
  double days_ago = 0;
  const Estimate rise = filter.RiseSince(1, &days_ago);
  EXPECT_NEAR(rise.mean, 0.05 * days_ago, 0.15);
}

TEST(TrendFilterTest, NonDetectsOnlyBoundTheLevelFromAbove) {
  const TrendParameters parameters;
  TrendFilter filter(parameters);
  for (int i = 0; i < 100; ++i) filter.Observe(3.5 * i, "a", "a", 1000, Below(3));
  EXPECT_LT(filter.Level(60).mean, 3);
  EXPECT_GT(filter.Level(60).mean, 1.5) << "held near the limit";
  EXPECT_NEAR(filter.Growth().mean, 0, 0.01);
}

TEST(TrendFilterTest, OneOutlierHardlyMovesTheLevel) {
  const TrendParameters parameters;
  TrendFilter filter(parameters);
  for (int i = 0; i < 40; ++i) filter.Observe(3.5 * i, "a", "a", 1000, Point(4 + 0.1 * (i % 3)));
  const double before = filter.Level(60).mean;
  const Step step = filter.Observe(3.5 * 40, "a", "a", 1000, Point(7));
  EXPECT_GT(step.outlier_probability, 0.9);
  EXPECT_GT(step.residual, 5);
  EXPECT_LT(filter.Level(60).mean - before, 0.5);
}

TEST(TrendFilterTest, AStrangeSampleMovesTheLevelOnlyOnceAnotherAgrees) {
  const TrendParameters parameters;
  TrendFilter filter(parameters);
  for (int i = 0; i < 40; ++i) filter.Observe(3.5 * i, "a", "a", 1000, Point(4 + 0.1 * (i % 3)));
  const double before = filter.Level(60).mean;
  // Two genes of one sample are one witness.
  EXPECT_TRUE(filter.Observe(140, "a", "a", 1000, Point(9)).set_aside);
  filter.Observe(140, "a", "a gene 2", 1000, Point(12));
  EXPECT_NEAR(filter.Level(60).mean, before, 0.05);
  EXPECT_FALSE(filter.Observe(143, "a", "a", 1000, Point(9)).set_aside);
  EXPECT_GT(filter.Level(60).mean, before + 0.1);
}

TEST(TrendFilterTest, AUsualSampleEndsTheWaitingForAnother) {
  const TrendParameters parameters;
  TrendFilter filter(parameters);
  for (int i = 0; i < 40; ++i) filter.Observe(3.5 * i, "a", "a", 1000, Point(4 + 0.1 * (i % 3)));
  EXPECT_TRUE(filter.Observe(140, "a", "a", 1000, Point(9)).set_aside);
  EXPECT_FALSE(filter.Observe(143, "a", "a", 1000, Point(4)).set_aside);
  EXPECT_TRUE(filter.Observe(147, "a", "a", 1000, Point(9)).set_aside);
  EXPECT_TRUE(filter.Observe(150, "a", "a", 1000, Point(-2)).set_aside) << "on the other side";
}

TEST(TrendFilterTest, ASiteThatJoinsHighDoesNotRaiseItsDistrict) {
  const TrendParameters parameters;
  TrendFilter filter(parameters);
  for (int i = 0; i < 40; ++i) {
    filter.Observe(3.5 * i, "a", "a", 1000, Point(4));
    filter.Observe(3.5 * i, "b", "b", 1000, Point(4.2));
  }
  for (int i = 40; i < 48; ++i) {
    filter.Observe(3.5 * i, "a", "a", 1000, Point(4));
    filter.Observe(3.5 * i, "b", "b", 1000, Point(4.2));
    filter.Observe(3.5 * i, "c", "c", 1000, Point(5.5));
  }
  double days_ago = 0;
  EXPECT_LT(filter.RiseSince(2, &days_ago).mean, 0.25);
}

// Vector V2c: five samples on an exact-ish exponential; ordinary regression gives 0.0354 log10 a
// day. The filter shrinks towards no growth but must have its sign and size.
TEST(TrendFilterTest, AgreesWithRegressionOnThePublishedFiveSamples) {
  const TrendParameters parameters;
  TrendFilter filter(parameters);
  const double days[] = {0, 3, 7, 10, 14};
  const double concentrations[] = {1000, 1400, 1600, 2600, 3100};
  for (int i = 0; i < 5; ++i) {
    filter.Observe(days[i], "a", "a", 1000, Point(std::log10(concentrations[i])));
  }
  const Estimate growth = filter.Growth();
  EXPECT_GT(growth.mean, 0);
  EXPECT_LT(growth.mean, 0.035433683795);
  EXPECT_NEAR(growth.mean, 0.035433683795, 2 * growth.sd);
}

TEST(TrendFilterTest, StaysFiniteOnAnyInput) {
  const TrendParameters parameters;
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    TrendFilter filter(parameters);
    double day = 0;
    for (int i = 0; i < 300; ++i) {
      day += random() % 10 == 0 ? static_cast<double>(random() % 90)
                                : static_cast<double>(random() % 4);
      const double centre = static_cast<double>(random() % 25) - 6;
      LogValue value = Point(centre);
      switch (random() % 5) {
        case 0:
          value = Below(centre);
          break;
        case 1:
          value = {centre, centre + 0.5};
          break;
        case 2:
          value = {centre, kInfinity};
          break;
        default:
          break;
      }
      const std::string stream(1, static_cast<char>('a' + random() % 6));
      const double population = random() % 3 == 0 ? 0 : static_cast<double>(random() % 1000000);
      const Step step = filter.Observe(day, stream, stream, population, value);
      ASSERT_TRUE(std::isfinite(step.residual) && std::isfinite(step.expected) &&
                  std::isfinite(step.log_score) && step.deviation > 0)
          << "sample " << i;
      ASSERT_TRUE(std::isfinite(filter.Level(60).mean) && filter.Level(60).sd > 0);
      ASSERT_TRUE(std::isfinite(filter.Growth().mean) && filter.Growth().sd > 0);
    }
  }
}

}  // namespace
}  // namespace belgrand::detection
