#include "detection/methods/regression.h"

#include <gtest/gtest.h>

#include <cmath>

#include "detection/methods/distributions.h"
#include "tests/unit/detection/methods/vectors.h"

namespace belgrand::detection {
namespace {

TEST(RegressionTest, ReproducesTheVector) {
  const auto& vector = Vectors()["regression"];
  std::vector<DatedValue> series;
  for (std::size_t i = 0; i < vector["days"].size(); ++i) {
    series.push_back(
        {vector["days"][i].get<double>(), std::log10(vector["conc"][i].get<double>())});
  }
  const auto trend = FitTrend(series);
  ASSERT_TRUE(trend.has_value());
  EXPECT_NEAR(trend->slope, vector["slope_log10_per_day"].get<double>(), 1e-12);
  EXPECT_NEAR(trend->percent_change, vector["pc_percent"].get<double>(), 1e-8);
  EXPECT_NEAR(trend->p, vector["p"].get<double>(), 1e-12);
  EXPECT_NEAR(*trend->doubling_days, vector["doubling_days"].get<double>(), 1e-10);
}

TEST(RegressionTest, HalvingIsANegativeDoubling) {
  const auto trend = FitTrend(Daily({4, 3.9, 3.8}));
  EXPECT_NEAR(*trend->doubling_days, -3.0103, 1e-4);
  EXPECT_LT(trend->percent_change, 0);
}

TEST(RegressionTest, TwoSamplesAreNoEvidenceAndOneIsNoTrend) {
  EXPECT_DOUBLE_EQ(FitTrend(Daily({1, 2}))->p, 1);
  EXPECT_FALSE(FitTrend(Daily({1})).has_value());
  EXPECT_DOUBLE_EQ(FitTrend(Daily({0.1, 0.1, 0.1}))->p, 1);
  EXPECT_FALSE(FitTrend(Daily({0.1, 0.1, 0.1}))->doubling_days.has_value());
}

TEST(DistributionsTest, AgreeWithTheirClosedForms) {
  for (const double t : {0.0, 0.3, 2.5, 40.0}) {
    EXPECT_NEAR(StudentTwoSided(t, 1), 1 - 2 / M_PI * std::atan(t), 1e-12);
    EXPECT_NEAR(StudentTwoSided(t, 2), 1 - t / std::sqrt(2 + t * t), 1e-12);
  }
  EXPECT_NEAR(PoissonCdf(3, 2.5), std::exp(-2.5) * (1 + 2.5 + 3.125 + 15.625 / 6), 1e-12);
  EXPECT_NEAR(NegativeBinomialCdf(3, 2, 0.5), 0.8125, 1e-12);
  EXPECT_DOUBLE_EQ(NegativeBinomialQuantile(0.8125, 2, 0.5), 3) << "no further than exactly p";
  EXPECT_DOUBLE_EQ(PoissonQuantile(0, 5), 0);
  EXPECT_NEAR(PoissonQuantile(0.5, 1e6), 1e6, 1);
}

}  // namespace
}  // namespace belgrand::detection
