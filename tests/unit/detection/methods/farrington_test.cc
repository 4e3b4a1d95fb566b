#include "detection/methods/farrington.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/detection/methods/vectors.h"

namespace belgrand::detection {
namespace {

void ExpectBounds(const CountBounds& bounds, const nlohmann::json& expected) {
  EXPECT_NEAR(bounds.lower, expected[0].get<double>(), 1e-6);
  EXPECT_NEAR(bounds.upper, expected[1].get<double>(), 1e-6);
  EXPECT_NEAR(bounds.p, expected[2].get<double>(), 1e-7);
}

TEST(FarringtonTest, DeltaBoundsReproduceThePublishedTest) {
  const auto& vector = Vectors()["farrington_threshold"];
  const std::pair<const char*, PowerTransform> cases[] = {{"none", PowerTransform::kNone},
                                                          {"1/2", PowerTransform::kHalf},
                                                          {"2/3", PowerTransform::kTwoThirds}};
  for (const auto& [name, transform] : cases) {
    const CountBounds bounds = DeltaBounds(5, 0.2, 1, transform, 0.05, 8);
    ExpectBounds(bounds, vector[name]);
    EXPECT_NEAR(bounds.score, vector[name][3].get<double>(), 1e-7);
  }
}

TEST(FarringtonTest, QuantileBoundsReproduceThePublishedTest) {
  const auto& vector = Vectors()["farrington_threshold"]["noufaily_eta_ln5_se_ln2_y11"];
  const struct {
    const char* name;
    QuantileMean mean;
    double phi;
  } cases[] = {{"muan_1.5", QuantileMean::kUpperLimit, 1.5},
               {"muan_1", QuantileMean::kUpperLimit, 1},
               {"nbPlugin_1.5", QuantileMean::kPlugIn, 1.5},
               {"nbPlugin_1", QuantileMean::kPlugIn, 1}};
  const double eta = std::log(5);
  for (const auto& c : cases) {
    const CountBounds bounds = QuantileBounds(eta, std::log(2), c.phi, c.mean, 0.05, 11);
    ExpectBounds(bounds, vector[c.name]);
    // The published score measures from the logarithm of the expected count instead of the count.
    // Ours is the one that is described; both exceed 1 for the same counts.
    EXPECT_NEAR((11 - eta) / (bounds.upper - eta), vector[c.name][3].get<double>(), 1e-7);
    EXPECT_NEAR(bounds.score, (11 - 5) / (bounds.upper - 5), 1e-12);
  }
}

TEST(FarringtonTest, WeightsReproduceThePublishedTest) {
  const std::vector<double> residuals = {0, 0, 0, 0, 0, 2, 2, 2, 2, 2};
  const std::vector<double> expected =
      Numbers(Vectors()["farrington_threshold"]["weights_s0x5_2x5_thr0"]);
  const std::vector<double> weights = OutbreakWeights(residuals, 0);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_NEAR(weights[i], expected[i], 1e-12);
}

FarringtonRule AgonaRule() {
  FarringtonRule rule;
  rule.years = 4;
  return rule;
}

// R's own numbers need R's scale of the standard error (ErrorScale::kSurveillance). R stops its
// iterations at 1e-8 of the deviance; this leaves a few units in the sixth digit.
TEST(FarringtonTest, ReproducesSalmonellaAgonaAsRComputesIt) {
  const auto& vector = Vectors()["farrington_flexible_agona"];
  const std::vector<double> counts = Numbers(vector["counts"]);
  FarringtonRule rule = AgonaRule();
  rule.error_scale = ErrorScale::kSurveillance;
  for (std::size_t i = 0; i < 6; ++i) {
    const std::size_t at = 281 + i;
    ASSERT_DOUBLE_EQ(counts[at], vector["obs"][i].get<double>());
    rule.threshold = CountThreshold::kDelta;
    const auto delta = FarringtonFlexible(counts, at, rule);
    ASSERT_TRUE(delta.has_value());
    EXPECT_NEAR(delta->expected, vector["expected"][i].get<double>(), 1e-6);
    EXPECT_NEAR(delta->phi, vector["phi"][i].get<double>(), 1e-5);
    EXPECT_NEAR(delta->bounds.upper, vector["delta_upper"][i].get<double>(), 1e-5);
    EXPECT_EQ(delta->alarm, at + 1 == 284 || at + 1 == 285);
    rule.threshold = CountThreshold::kNbPlugin;
    EXPECT_DOUBLE_EQ(FarringtonFlexible(counts, at, rule)->bounds.upper,
                     vector["nbPlugin_upper"][i].get<double>());
    rule.threshold = CountThreshold::kMuan;
    EXPECT_DOUBLE_EQ(FarringtonFlexible(counts, at, rule)->bounds.upper,
                     vector["muan_upper"][i].get<double>());
  }
}

TEST(FarringtonTest, TheModelsOwnErrorGivesAlmostTheSameBoundAndTheSameAlarms) {
  const auto& vector = Vectors()["farrington_flexible_agona"];
  const std::vector<double> counts = Numbers(vector["counts"]);
  for (std::size_t i = 0; i < 6; ++i) {
    const std::size_t at = 281 + i;
    const auto result = FarringtonFlexible(counts, at, AgonaRule());
    const double as_in_r = vector["delta_upper"][i].get<double>();
    EXPECT_GT(result->bounds.upper, as_in_r) << "R's error is too small";
    EXPECT_LT(result->bounds.upper, as_in_r + 0.07);
    EXPECT_EQ(result->alarm, at + 1 == 284 || at + 1 == 285);
  }
}

TEST(FarringtonTest, SaysNothingWithoutYearsOrCases) {
  std::vector<double> counts(400, 3);
  EXPECT_FALSE(FarringtonFlexible(counts, 262, FarringtonRule{}).has_value());
  EXPECT_TRUE(FarringtonFlexible(counts, 263, FarringtonRule{}).has_value());
  counts.assign(400, 1);
  EXPECT_FALSE(FarringtonFlexible(counts, 300, FarringtonRule{}).has_value()) << "4 in 4 weeks";
  EXPECT_FALSE(FarringtonFlexible(counts, 400, FarringtonRule{}).has_value()) << "no such week";
}

}  // namespace
}  // namespace belgrand::detection
