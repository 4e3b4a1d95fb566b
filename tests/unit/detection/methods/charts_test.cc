#include "detection/methods/charts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <span>

#include "detection/methods/bayes.h"
#include "detection/methods/renewal.h"
#include "tests/unit/detection/methods/vectors.h"

namespace belgrand::detection {
namespace {

TEST(CusumTest, ReproducesTheVectorWithRossisScore) {
  const auto& vector = Vectors()["cusum_rossi"];
  const std::vector<double> counts = CountSeries();
  std::vector<double> z;
  for (std::size_t i = 9; i < counts.size(); ++i) z.push_back(RossiScore(counts[i], 5));
  const CusumRule rule;
  const std::vector<double> sums = Cusum(z, rule);
  const std::vector<double> expected = Numbers(vector["S"]);
  std::vector<int> alarms;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    EXPECT_NEAR(sums[i], expected[i], 1e-5);
    if (sums[i] >= rule.h) alarms.push_back(static_cast<int>(i) + 10);
  }
  EXPECT_EQ(alarms, vector["alarm_t"].get<std::vector<int>>());
}

TEST(EwmaTest, ReproducesTheVector) {
  const auto& vector = Vectors()["ewma"];
  const std::vector<EwmaPoint> points = Ewma(Numbers(vector["d"]), EwmaRule{});
  std::vector<int> alarms;
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_NEAR(points[i].z, vector["z"][i].get<double>(), 1e-6);
    EXPECT_NEAR(points[i].limit, vector["limit"][i].get<double>(), 1e-6);
    if (std::abs(points[i].z) > points[i].limit) alarms.push_back(static_cast<int>(i) + 1);
  }
  EXPECT_EQ(alarms, vector["alarm_t"].get<std::vector<int>>());
}

TEST(GlrTest, ReproducesTheVectorOfCounts) {
  const auto& vector = Vectors()["glr_poisson"];
  const std::vector<double> counts = CountSeries();
  const std::span<const double> monitored = std::span(counts).subspan(7);
  const std::vector<double> glr = PoissonGlr(monitored, 5, 5);
  const std::vector<double> lr = PoissonLr(monitored, 5, std::log(2), 5);
  std::vector<int> alarms;
  for (std::size_t i = 0; i < glr.size(); ++i) {
    EXPECT_NEAR(glr[i], vector["glr"][i].get<double>(), 1e-5) << i + 8;
    EXPECT_NEAR(lr[i], vector["lr_theta_ln2"][i].get<double>(), 1e-5) << i + 8;
    if (glr[i] >= 5) alarms.push_back(static_cast<int>(i) + 8);
  }
  EXPECT_EQ(alarms, vector["alarm_t"].get<std::vector<int>>());
}

TEST(GlrTest, AGaussianStepIsFoundFromItsBeginning) {
  std::vector<double> z(20, 0.0);
  z.insert(z.end(), {2.0, 2.0, 2.0});
  const std::vector<double> glr = GaussianGlr(z, 30);
  EXPECT_DOUBLE_EQ(glr[19], 0);
  EXPECT_DOUBLE_EQ(glr[20], 2);
  EXPECT_DOUBLE_EQ(glr[22], 36.0 / 6) << "(2 + 2 + 2)^2 / (2 * 3)";
  EXPECT_DOUBLE_EQ(GaussianGlrNow(z, 2), 4) << "no further back than asked";
  z.push_back(-50);
  EXPECT_DOUBLE_EQ(GaussianGlrNow(z, 30), 0) << "a fall is no step up";
}

TEST(BayesTest, ReproducesTheVector) {
  const auto& vector = Vectors()["bayes"];
  const std::vector<double> counts = CountSeries();
  std::vector<int> alarms;
  for (std::size_t i = 7; i < counts.size(); ++i) {
    const double upper = BayesUpper(std::span(counts).subspan(i - 6, 6), 0.05);
    EXPECT_DOUBLE_EQ(upper, vector["upper"][i - 7].get<double>()) << i + 1;
    if (counts[i] > upper) alarms.push_back(static_cast<int>(i) + 1);
  }
  EXPECT_EQ(alarms, vector["alarm_t"].get<std::vector<int>>());
}

TEST(RenewalTest, ReproducesTheVector) {
  const auto& vector = Vectors()["discrete_gamma"];
  const std::vector<double> shedding = DiscreteGamma(12.90215, 1.759937, 33);
  const std::vector<double> interval = DiscreteGamma(6.84, 2.39, 15);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(shedding[i], vector["shedding_first5"][i].get<double>(), 1e-7);
    EXPECT_NEAR(interval[i], vector["gi_first5"][i].get<double>(), 1e-7);
  }
  const auto& r = vector["R_from_r"];
  EXPECT_NEAR(ReproductionNumber(0.05, interval), r["0.05"].get<double>(), 1e-6);
  EXPECT_NEAR(ReproductionNumber(-0.05, interval), r["-0.05"].get<double>(), 1e-6);
  EXPECT_NEAR(ReproductionNumber(std::log(2) / 7, interval), r["ln2/7"].get<double>(), 1e-6);
}

}  // namespace
}  // namespace belgrand::detection
