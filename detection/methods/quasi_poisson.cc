#include "detection/methods/quasi_poisson.h"

#include <algorithm>
#include <cmath>

namespace belgrand::detection {
namespace {

constexpr double kMostPredictor = 30;
constexpr int kMostRounds = 50;
constexpr double kAliased = 1e-11;

// Inverse of a symmetric matrix by elimination; rows and columns of what is aliased become 0.
std::vector<double> InvertSymmetric(std::vector<double> a, std::size_t n) {
  std::vector<double> scale(n);
  for (std::size_t i = 0; i < n; ++i) scale[i] = a[i * n + i];
  std::vector<char> kept(n, 0);
  // The sweep operator: after sweeping all of S, a holds -inverse(S).
  for (std::size_t k = 0; k < n; ++k) {
    const double pivot = a[k * n + k];
    if (!(pivot > kAliased * scale[k])) continue;
    kept[k] = 1;
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = a[i * n + k] / pivot;
      for (std::size_t j = 0; j < n; ++j) {
        if (j != k) a[i * n + j] -= factor * a[k * n + j];
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      a[i * n + k] /= pivot;
      a[k * n + i] /= pivot;
    }
    a[k * n + k] = -1 / pivot;
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      a[i * n + j] = kept[i] && kept[j] ? -a[i * n + j] : 0;
    }
  }
  return a;
}

double Dot(const double* a, const double* b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

double QuadraticForm(std::span<const double> matrix, const double* x, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i] * Dot(&matrix[i * n], x, n);
  return sum;
}

double Deviance(std::span<const double> y, std::span<const double> mean,
                std::span<const double> weights) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double log_term = y[i] > 0 ? y[i] * std::log(y[i] / mean[i]) : 0;
    sum += 2 * weights[i] * (log_term - (y[i] - mean[i]));
  }
  return sum;
}

}  // namespace

double QuasiPoissonFit::Predict(std::span<const double> x) const {
  return Dot(x.data(), coefficients.data(), coefficients.size());
}

double QuasiPoissonFit::PredictionVariance(std::span<const double> x) const {
  return std::max(0.0, QuadraticForm(covariance, x.data(), coefficients.size()));
}

std::optional<QuasiPoissonFit> FitQuasiPoisson(std::span<const double> counts,
                                               std::span<const double> design, std::size_t columns,
                                               std::span<const double> weights) {
  const std::size_t rows = counts.size();
  if (rows < columns + 1) return std::nullopt;
  QuasiPoissonFit fit;
  fit.mean.assign(counts.begin(), counts.end());
  for (double& m : fit.mean) m += 0.1;
  double deviance = Deviance(counts, fit.mean, weights);
  bool converged = false;
  for (int round = 0; round < kMostRounds && !converged; ++round) {
    std::vector<double> cross(columns * columns, 0);
    std::vector<double> right(columns, 0);
    for (std::size_t r = 0; r < rows; ++r) {
      const double* x = &design[r * columns];
      const double w = weights[r] * fit.mean[r];
      const double z = std::log(fit.mean[r]) + (counts[r] - fit.mean[r]) / fit.mean[r];
      for (std::size_t i = 0; i < columns; ++i) {
        right[i] += w * x[i] * z;
        for (std::size_t j = 0; j < columns; ++j) cross[i * columns + j] += w * x[i] * x[j];
      }
    }
    fit.covariance = InvertSymmetric(std::move(cross), columns);
    fit.coefficients.resize(columns);
    for (std::size_t i = 0; i < columns; ++i) {
      fit.coefficients[i] = Dot(&fit.covariance[i * columns], right.data(), columns);
    }
    for (std::size_t r = 0; r < rows; ++r) {
      const double eta = Dot(&design[r * columns], fit.coefficients.data(), columns);
      fit.mean[r] = std::exp(std::clamp(eta, -kMostPredictor, kMostPredictor));
    }
    const double next = Deviance(counts, fit.mean, weights);
    if (!std::isfinite(next)) return std::nullopt;
    converged = std::abs(next - deviance) / (std::abs(next) + 0.1) < 1e-10;
    deviance = next;
  }
  if (!converged) return std::nullopt;
  double squares = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    const double e = counts[r] - fit.mean[r];
    squares += weights[r] * e * e / fit.mean[r];
    fit.leverage.push_back(weights[r] * fit.mean[r] *
                           QuadraticForm(fit.covariance, &design[r * columns], columns));
  }
  std::size_t used = 0;
  for (std::size_t i = 0; i < columns; ++i) used += fit.covariance[i * columns + i] > 0 ? 1 : 0;
  fit.residual_df = static_cast<double>(rows - used);
  fit.dispersion = squares / fit.residual_df;
  return fit;
}

}  // namespace belgrand::detection
