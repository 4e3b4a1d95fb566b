// A log-linear regression of counts with quasi-Poisson spread, by iteratively reweighted least
// squares: the engine inside Farrington's algorithm.
//
// Thread safety: pure function. Limits: a column that the others explain is left out (coefficient
// 0); the linear predictor is held within +-30. Source: McCullagh & Nelder 1989, chapters 2 and 6.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace belgrand::detection {

struct QuasiPoissonFit {
  std::vector<double> coefficients;
  std::vector<double> mean;      // fitted, by row
  std::vector<double> leverage;  // diagonal of the hat matrix, by row
  // sum of weight * (y - mean)^2 / mean over the residual degrees of freedom.
  double dispersion = 1;
  double residual_df = 1;
  std::vector<double> covariance;  // of the coefficients, before the dispersion; row-major

  // Linear predictor at x, and its variance before the dispersion.
  double Predict(std::span<const double> x) const;
  double PredictionVariance(std::span<const double> x) const;
};

// `design` row-major, counts.size() rows. nullopt: no convergence, or fewer rows than columns + 1.
std::optional<QuasiPoissonFit> FitQuasiPoisson(std::span<const double> counts,
                                               std::span<const double> design, std::size_t columns,
                                               std::span<const double> weights);

}  // namespace belgrand::detection
