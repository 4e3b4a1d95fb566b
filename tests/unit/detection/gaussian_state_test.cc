#include "detection/gaussian_state.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace belgrand::detection {
namespace {

// Vector V4a: the state-space spline of Ensor et al. 2024 (Sci Rep 14:5575), checked against an
// independent program. mu_t = 2 mu_{t-1} - mu_{t-2} + w, y_t = mu_t + v, H = 0.10, Q = 0.02.
TEST(GaussianStateTest, ReproducesTheStateSpaceSplineOfTheHoustonMethod) {
  const double gap = std::numeric_limits<double>::quiet_NaN();
  const double y[] = {4.54, 4.36, gap, 4.75, 4.58, 5.45, 5.33, 5.68, gap, 4.95};
  const double filter[] = {4.127273, 4.6225,   5.595,    4.905769, 4.788589,
                           5.25873,  5.412309, 5.664826, 5.903699, 5.201497};
  const double variance[] = {.090909, .09326,  .412647, .091429, .067941,
                             .062755, .062049, .062038, .162982, .078911};
  GaussianState state;
  state.Append(0, 1);
  state.Append(0, 1);
  const Term form[] = {{0, 1.0}};
  double log_likelihood = 0;
  for (std::size_t t = 0; t < 10; ++t) {
    if (t > 0) state.MovePair(0, {2, -1, 1, 0}, {0.02, 0, 0, 0});
    if (!std::isnan(y[t])) {
      const Projection predicted = state.Project(form);
      const double s2 = predicted.variance + 0.10;
      const double innovation = y[t] - predicted.mean;
      log_likelihood += -0.5 * (std::log(2 * M_PI * s2) + innovation * innovation / s2);
      state.Absorb(predicted, innovation / s2, 1 / s2);
    }
    EXPECT_NEAR(state.mean(0), filter[t], 1e-6) << "t = " << t;
    EXPECT_NEAR(state.variance(0), variance[t], 1e-6) << "t = " << t;
  }
  EXPECT_NEAR(log_likelihood, -23.384365329, 1e-8);
}

TEST(GaussianStateTest, CloneIsPerfectlyCorrelatedWithItsOrigin) {
  GaussianState state;
  state.Append(3, 0.5);
  state.Append(1, 0.2);
  state.Append(0, 0);
  state.Clone(0, 2);
  const Term difference[] = {{0, 1.0}, {2, -1.0}};
  EXPECT_NEAR(state.Moments(difference).mean, 0, 1e-12);
  EXPECT_LE(state.Moments(difference).variance, 1e-9);
  state.AddVariance(0, 0.3);
  EXPECT_NEAR(state.Moments(difference).variance, 0.3, 1e-12);
}

TEST(GaussianStateTest, RemovalKeepsTheOthers) {
  GaussianState state;
  for (int i = 0; i < 4; ++i) state.Append(i, 1 + i);
  const Term pair[] = {{1, 1.0}, {3, 1.0}};
  state.Absorb(state.Project(pair), 0.1, 0.05);
  const double covariance = state.covariance(1, 3);
  state.Remove(2);
  ASSERT_EQ(state.size(), 3U);
  EXPECT_DOUBLE_EQ(state.covariance(1, 2), covariance);
  EXPECT_DOUBLE_EQ(state.covariance(2, 1), covariance);
}

}  // namespace
}  // namespace belgrand::detection
