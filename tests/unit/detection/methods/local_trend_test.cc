#include "detection/smooth/local_trend.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/detection/methods/vectors.h"

namespace belgrand::detection {
namespace {

TEST(LocalTrendTest, ReproducesTheHoustonVectorFilterAndSmoother) {
  const auto& vector = Vectors()["state_space_spline"];
  std::vector<std::optional<LogValue>> samples;
  for (const auto& y : vector["y"]) {
    samples.push_back(y.is_null() ? std::nullopt
                                  : std::optional(LogValue{y.get<double>(), y.get<double>()}));
  }
  const LocalTrend trend = FollowLocalTrend(samples, {});
  EXPECT_NEAR(trend.log_likelihood, vector["loglik"].get<double>(), 1e-9);
  for (std::size_t t = 0; t < samples.size(); ++t) {
    EXPECT_NEAR(trend.points[t].filtered, vector["filter"][t].get<double>(), 1e-6);
    EXPECT_NEAR(trend.points[t].filtered_variance, vector["Ptt"][t].get<double>(), 1e-6);
    EXPECT_NEAR(trend.points[t].smoothed, vector["smoother"][t].get<double>(), 1e-6);
    EXPECT_NEAR(trend.points[t].smoothed_variance, vector["smoother_var"][t].get<double>(), 1e-6);
  }
}

// A censored sample is the limit of ever narrower knowledge: an interval of no width is a point,
// one without bounds is no sample.
TEST(LocalTrendTest, AnIntervalLiesBetweenAPointAndNothing) {
  const double infinity = std::numeric_limits<double>::infinity();
  const LocalTrendParameters parameters{.start = {4, 4}, .start_variance = 1};
  const auto last = [&](std::optional<LogValue> value) {
    const std::optional<LogValue> samples[] = {LogValue{4, 4}, LogValue{4.2, 4.2}, value};
    return FollowLocalTrend(samples, parameters).points.back();
  };
  const auto point = last(LogValue{3, 3});
  const auto narrow = last(LogValue{3 - 1e-5, 3 + 1e-5});
  EXPECT_NEAR(narrow.filtered, point.filtered, 1e-4);
  EXPECT_NEAR(narrow.filtered_variance, point.filtered_variance, 1e-6);
  const auto nothing = last(std::nullopt);
  const auto below = last(LogValue{-infinity, 3});
  EXPECT_LT(below.filtered, nothing.filtered - 0.2);
  EXPECT_LT(below.filtered_variance, nothing.filtered_variance);
  EXPECT_GT(below.filtered_variance, point.filtered_variance);
  const auto far_above = last(LogValue{-infinity, 50});
  EXPECT_NEAR(far_above.filtered, nothing.filtered, 1e-9) << "a limit far above says nothing";
}

}  // namespace
}  // namespace belgrand::detection
