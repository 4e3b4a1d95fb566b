#include "detection/methods/ears.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "detection/normal.h"
#include "tests/unit/detection/methods/vectors.h"

namespace belgrand::detection {
namespace {

using ::testing::ElementsAreArray;

const double kZ = NormalQuantile(1 - 0.001);

std::vector<int> AlarmTimes(const std::vector<DatedValue>& series, const EarsWindow& window) {
  std::vector<int> times;
  const auto all = Ears(series, window);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] && series[i].value > all[i]->Upper(kZ)) times.push_back(static_cast<int>(i) + 1);
  }
  return times;
}

TEST(EarsTest, C1AndC2ReproduceTheVector) {
  const auto& vector = Vectors()["ears"];
  const std::vector<double> upper = Numbers(vector["C1_upper_t8"]);
  const std::vector<DatedValue> series = Daily(CountSeries());
  const auto c1 = Ears(series, {});
  const auto c2 = Ears(series, {.guard_days = 2});
  for (std::size_t i = 0; i < series.size(); ++i) {
    ASSERT_EQ(c1[i].has_value(), i >= 7);
    ASSERT_EQ(c2[i].has_value(), i >= 9);
    if (i >= 7) {
      EXPECT_NEAR(c1[i]->Upper(kZ), upper[i - 7], 1e-6) << i + 1;
    }
    if (i >= 9) {
      EXPECT_NEAR(c2[i]->Upper(kZ), upper[i - 9], 1e-6) << i + 1;
    }
  }
  EXPECT_EQ(AlarmTimes(series, {}), vector["C1_alarm_t"].get<std::vector<int>>());
  EXPECT_EQ(AlarmTimes(series, {.guard_days = 2}), vector["C2_alarm_t"].get<std::vector<int>>());
}

TEST(EarsTest, AFloorOfTheSpreadKeepsAConstantPastFromAlarming) {
  const std::vector<DatedValue> series = Daily(CountSeries());
  EXPECT_THAT(AlarmTimes(series, {.least_sd = 1}), ElementsAreArray({10, 14}));
  EXPECT_NEAR(EarsAt(series, 25, {.least_sd = 1})->Upper(kZ), 3.090232, 1e-6);
}

TEST(EarsTest, C1ReproducesThePublishedNewportValues) {
  const auto& vector = Vectors()["ears"]["published_newport"];
  std::vector<double> values = Numbers(vector["prev7"]);
  for (const double v : Numbers(vector["then"])) values.push_back(v);
  const std::vector<DatedValue> series = Daily(values);
  const std::vector<double> upper = Numbers(vector["upper"]);
  for (std::size_t i = 0; i < upper.size(); ++i) {
    EXPECT_NEAR(EarsAt(series, i + 7, {})->Upper(NormalQuantile(0.95)), upper[i], 1e-6);
  }
}

TEST(EarsTest, C3IsTheDocumentedSum) {
  const auto& vector = Vectors()["ears"];
  const std::vector<DatedValue> series = Daily(CountSeries());
  const EarsWindow window{.guard_days = 2};
  std::vector<int> alarms;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const auto c3 = EarsC3At(series, i, window);
    ASSERT_EQ(c3.has_value(), i >= 11);
    if (c3 && *c3 > 2) alarms.push_back(static_cast<int>(i) + 1);
  }
  for (const auto& [t, value] : vector["C3_documented_values"].items()) {
    EXPECT_NEAR(*EarsC3At(series, std::stoul(t) - 1, window), value.get<double>(), 5e-5) << t;
  }
  EXPECT_EQ(alarms, vector["C3_documented_alarm_gt2_t"].get<std::vector<int>>());
}

// R's earsC bounds the value of t by what the two days before leave of the limit, so that the value
// of t itself never counts in C3. Its numbers follow from ours.
TEST(EarsTest, TheFormThatRComputesFollowsFromC2) {
  const auto& vector = Vectors()["ears"];
  const std::vector<double> upper = Numbers(vector["C3_R_code_upper_t12"]);
  const std::vector<DatedValue> series = Daily(CountSeries());
  const auto c2 = Ears(series, {.guard_days = 2});
  const double z = NormalQuantile(1 - 0.025);
  std::vector<int> alarms;
  for (std::size_t i = 11; i < series.size(); ++i) {
    const auto part = [&](std::size_t at) { return std::max(0.0, c2[at]->score - 1); };
    const double bound =
        std::max(0.0, series[i].value + c2[i]->sd * (z - part(i - 1) - part(i - 2)));
    EXPECT_NEAR(bound, upper[i - 11], 1e-5) << i + 1;
    if (series[i].value > bound) alarms.push_back(static_cast<int>(i) + 1);
  }
  EXPECT_EQ(alarms, vector["C3_R_code_alarm_t"].get<std::vector<int>>());
}

TEST(EarsTest, TheWindowCountsSamplesWithinReach) {
  const std::vector<DatedValue> series = {{0, 9},  {40, 1}, {44, 3}, {47, 1},
                                          {51, 3}, {54, 2}, {56, 5}};
  EXPECT_FALSE(EarsAt(series, 6, {.reach_days = 28}).has_value()) << "five of seven";
  const auto five = EarsAt(series, 6, {.least = 5, .reach_days = 28});
  ASSERT_TRUE(five.has_value());
  EXPECT_DOUBLE_EQ(five->mean, 2);
  const auto guarded = EarsAt(series, 6, {.least = 4, .guard_days = 2, .reach_days = 28});
  EXPECT_DOUBLE_EQ(guarded->mean, 2) << "the sample two days before is left out";
}

}  // namespace
}  // namespace belgrand::detection
