#include "detection/smooth/scou.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "detection/smooth/nelder_mead.h"
#include "tests/unit/detection/methods/vectors.h"

namespace belgrand::detection {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

LogValue Seen(double y, double limit) {
  return y <= limit ? LogValue{-kInfinity, limit} : LogValue{y, y};
}

std::vector<DatedLogValue> PublishedSamples() {
  const auto& vector = Vectors()["scou_published"];
  std::vector<DatedLogValue> samples;
  for (std::size_t i = 0; i < vector["days"].size(); ++i) {
    samples.push_back({vector["days"][i].get<std::int64_t>(),
                       Seen(vector["y"][i].get<double>(), vector["threshold"].get<double>())});
  }
  return samples;
}

ScouParameters PublishedParameters() {
  const auto& vector = Vectors()["scou_published"];
  return {vector["sigma"].get<double>(), vector["eps"].get<double>(),
          vector["p_out"].get<double>()};
}

TEST(ScouTest, ReproducesThePublishedSolutionOverTheYear) {
  const auto& vector = Vectors()["scou_published"];
  const std::vector<DatedLogValue> samples = PublishedSamples();
  ASSERT_EQ(samples.size(), vector["n_obs"].get<std::size_t>());
  const auto smooth = SmoothScou(samples, PublishedParameters(), vector["K"].get<std::size_t>());
  ASSERT_TRUE(smooth.has_value());
  ASSERT_EQ(smooth->mean.size(), 365U);
  EXPECT_NEAR(smooth->grid_low, vector["a"].get<double>(), 1e-12);
  EXPECT_NEAR(smooth->grid_high, vector["b"].get<double>(), 1e-12);
  EXPECT_NEAR(smooth->log_likelihood, -124.9982778, 1e-7);
  for (std::size_t i = 0; i < vector["checked_days"].size(); ++i) {
    const std::size_t day = vector["checked_days"][i].get<std::size_t>();
    EXPECT_NEAR(smooth->mean[day], vector["mean"][i].get<double>(), 1e-9) << day;
    EXPECT_NEAR(smooth->lower[day], vector["lower"][i].get<double>(), 1e-9) << day;
    EXPECT_NEAR(smooth->upper[day], vector["upper"][i].get<double>(), 1e-9) << day;
  }
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(smooth->mean[i], vector["mu_first4"][i].get<double>(), 1e-9);
  }
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto outlier = smooth->outlier_probability[static_cast<std::size_t>(samples[i].day)];
    ASSERT_TRUE(outlier.has_value());
    EXPECT_NEAR(*outlier, vector["outlier_probability"][i].get<double>(), 1e-9);
  }
  EXPECT_FALSE(smooth->outlier_probability[1].has_value()) << "nothing was sampled that day";
  EXPECT_EQ(smooth->as_of_day, samples.back().day);
}

TEST(ScouTest, ReproducesTheMiniVector) {
  const auto& vector = Vectors()["scou_mini"];
  const double limit = vector["lod_log10"].get<double>();
  std::vector<DatedLogValue> samples;
  for (std::size_t i = 0; i < vector["y_log10"].size(); ++i) {
    if (vector["y_log10"][i].is_null()) continue;
    samples.push_back(
        {static_cast<std::int64_t>(i), Seen(vector["y_log10"][i].get<double>(), limit)});
  }
  std::reverse(samples.begin(), samples.end());
  const auto smooth = SmoothScou(samples, {.sigma = 0.15, .epsilon = 0.3}, 200);
  ASSERT_TRUE(smooth.has_value());
  EXPECT_NEAR(smooth->log_likelihood, vector["loglik_with_uniform_1_over_K"].get<double>(), 1e-9);
  EXPECT_NEAR(smooth->grid_low, vector["a"].get<double>(), 1e-12);
  EXPECT_NEAR(smooth->grid_high, vector["b"].get<double>(), 1e-12);
  for (std::size_t i = 0; i < smooth->mean.size(); ++i) {
    EXPECT_NEAR(smooth->mean[i], vector["mu"][i].get<double>(), 1e-9);
    EXPECT_NEAR(smooth->lower[i], vector["ci_lo"][i].get<double>(), 1e-9);
    EXPECT_NEAR(smooth->upper[i], vector["ci_hi"][i].get<double>(), 1e-9);
    ASSERT_EQ(smooth->outlier_probability[i].has_value(), !vector["p_outlier"][i].is_null());
    if (smooth->outlier_probability[i]) {
      EXPECT_NEAR(*smooth->outlier_probability[i], vector["p_outlier"][i].get<double>(), 1e-9);
    }
  }
}

// The published fit on its own grid: the same number of iterations and evaluations and the same
// least value. The parameters that were published with it are those of the last evaluation, which
// was not the best: the program kept what it had tried last.
TEST(ScouTest, FollowsThePublishedFitStepByStep) {
  const auto& vector = Vectors()["scou_published"];
  const std::vector<DatedLogValue> samples = PublishedSamples();
  double mean = 0;
  double squares = 0;
  for (const double y : Numbers(vector["y"])) mean += y / 105;
  for (const double y : Numbers(vector["y"])) squares += (y - mean) * (y - mean) / 105;
  const double sd = std::sqrt(squares);
  std::vector<double> last;
  const Minimum minimum = Minimize(
      [&](std::span<const double> x) {
        last.assign(x.begin(), x.end());
        return -ScouLogLikelihood(samples, {x[0], x[1], x[2]}, 600);
      },
      std::vector<double>{0.5 * sd, sd, 0.1}, {});
  EXPECT_EQ(minimum.iterations, 69);
  EXPECT_EQ(minimum.evaluations, 129);
  // The published value lacks the 1/K of the start.
  EXPECT_NEAR(minimum.value, vector["min_neg_loglik"].get<double>(), 1e-6);
  EXPECT_NEAR(last[0], vector["sigma"].get<double>(), 1e-9);
  EXPECT_NEAR(last[1], vector["eps"].get<double>(), 1e-9);
  EXPECT_NEAR(last[2], vector["p_out"].get<double>(), 1e-9);
}

TEST(ScouTest, TheCoarseGridOfTheFitFindsTheSameParameters) {
  const ScouFit fit = FitScou(PublishedSamples());
  ASSERT_EQ(fit.outcome, ScouFitOutcome::kFitted);
  EXPECT_NEAR(fit.parameters.sigma, 0.2158, 5e-3);
  EXPECT_NEAR(fit.parameters.epsilon, 0.519, 5e-3);
  EXPECT_NEAR(fit.parameters.outlier_probability, 0.039, 2e-3);
  // And what it costs in likelihood on the fine grid is next to nothing.
  EXPECT_GT(ScouLogLikelihood(PublishedSamples(), fit.parameters, 600), -125.01);
}

TEST(ScouTest, AnOutlierIsSeenAndDoesNotMoveTheCurve) {
  std::vector<DatedLogValue> samples;
  for (int i = 0; i < 60; ++i) samples.push_back({3 * i, {4 + 0.1 * (i % 3), 4 + 0.1 * (i % 3)}});
  const auto before = SmoothScou(samples, {});
  samples[30].value = {6.5, 6.5};
  const auto after = SmoothScou(samples, {});
  EXPECT_GT(*after->outlier_probability[90], 0.99);
  EXPECT_LT(*after->outlier_probability[87], 0.05);
  EXPECT_NEAR(after->mean[90], before->mean[90], 0.05);
}

TEST(ScouTest, SaysWhyItDidNotFit) {
  std::vector<DatedLogValue> samples = {{0, {4, 4}}, {3, {4.5, 4.5}}};
  EXPECT_EQ(FitScou(samples).outcome, ScouFitOutcome::kTooFew);
  samples.assign(10, {});
  for (int i = 0; i < 10; ++i)
    samples[static_cast<std::size_t>(i)] = {i, {-kInfinity, 3 + 0.1 * i}};
  EXPECT_EQ(FitScou(samples).outcome, ScouFitOutcome::kAllBelowLimit);
  for (auto& s : samples) s.value = {4, 4};
  EXPECT_EQ(FitScou(samples).outcome, ScouFitOutcome::kNoSpread);
  EXPECT_FALSE(SmoothScou(samples, {}).has_value());
}

TEST(ScouTest, AGapStartsANewPiece) {
  const std::vector<DatedLogValue> samples = {
      {40, {4, 4}}, {0, {4, 4}}, {28, {4, 4}}, {69, {4, 4}}};
  const auto pieces = SplitAtGaps(samples);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[0].size(), 3U);
  EXPECT_EQ(pieces[1][0].day, 69);
}

}  // namespace
}  // namespace belgrand::detection
