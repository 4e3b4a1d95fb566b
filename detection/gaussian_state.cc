#include "detection/gaussian_state.h"

#include <algorithm>

namespace belgrand::detection {
namespace {
// Rounding may eat a variance that is truly tiny; it must stay positive.
constexpr double kLeastVariance = 1e-12;
}  // namespace

void GaussianState::Append(double mean, double variance) {
  const std::size_t old = size();
  const std::size_t now = old + 1;
  std::vector<double> grown(now * now, 0.0);
  for (std::size_t i = 0; i < old; ++i) {
    std::copy_n(covariance_.begin() + static_cast<std::ptrdiff_t>(i * old), old,
                grown.begin() + static_cast<std::ptrdiff_t>(i * now));
  }
  grown[old * now + old] = variance;
  covariance_ = std::move(grown);
  mean_.push_back(mean);
}

void GaussianState::Remove(std::size_t index) {
  const std::size_t old = size();
  std::vector<double> kept;
  kept.reserve((old - 1) * (old - 1));
  for (std::size_t i = 0; i < old; ++i) {
    for (std::size_t j = 0; j < old; ++j) {
      if (i != index && j != index) kept.push_back(covariance_[i * old + j]);
    }
  }
  covariance_ = std::move(kept);
  mean_.erase(mean_.begin() + static_cast<std::ptrdiff_t>(index));
}

void GaussianState::Clone(std::size_t from, std::size_t to) {
  const std::size_t n = size();
  mean_[to] = mean_[from];
  for (std::size_t j = 0; j < n; ++j) covariance_[to * n + j] = covariance_[from * n + j];
  for (std::size_t j = 0; j < n; ++j) covariance_[j * n + to] = covariance_[j * n + from];
  covariance_[to * n + to] = covariance_[from * n + from];
}

void GaussianState::MovePair(std::size_t first, const double (&f)[4], const double (&q)[4]) {
  const std::size_t n = size();
  const std::size_t second = first + 1;
  const double a = mean_[first];
  const double b = mean_[second];
  mean_[first] = f[0] * a + f[1] * b;
  mean_[second] = f[2] * a + f[3] * b;
  for (std::size_t j = 0; j < n; ++j) {
    const double u = covariance_[first * n + j];
    const double v = covariance_[second * n + j];
    covariance_[first * n + j] = f[0] * u + f[1] * v;
    covariance_[second * n + j] = f[2] * u + f[3] * v;
  }
  for (std::size_t j = 0; j < n; ++j) {
    const double u = covariance_[j * n + first];
    const double v = covariance_[j * n + second];
    covariance_[j * n + first] = f[0] * u + f[1] * v;
    covariance_[j * n + second] = f[2] * u + f[3] * v;
  }
  covariance_[first * n + first] += q[0];
  covariance_[first * n + second] += q[1];
  covariance_[second * n + first] += q[2];
  covariance_[second * n + second] += q[3];
}

void GaussianState::AddVariance(std::size_t index, double variance) {
  covariance_[index * size() + index] += variance;
}

Projection GaussianState::Moments(std::span<const Term> form) const {
  Projection projection;
  for (const Term& term : form) {
    projection.mean += term.coefficient * mean_[term.index];
    for (const Term& other : form) {
      projection.variance +=
          term.coefficient * other.coefficient * covariance(term.index, other.index);
    }
  }
  projection.variance = std::max(projection.variance, kLeastVariance);
  return projection;
}

Projection GaussianState::Project(std::span<const Term> form) const {
  Projection projection = Moments(form);
  const std::size_t n = size();
  projection.gain.assign(n, 0.0);
  for (const Term& term : form) {
    const double* row = &covariance_[term.index * n];
    for (std::size_t j = 0; j < n; ++j) projection.gain[j] += term.coefficient * row[j];
  }
  return projection;
}

void GaussianState::Absorb(const Projection& projection, double shift, double shrink) {
  const std::size_t n = size();
  const double* gain = projection.gain.data();
  for (std::size_t i = 0; i < n; ++i) {
    mean_[i] += gain[i] * shift;
    double* row = &covariance_[i * n];
    const double factor = gain[i] * shrink;
    for (std::size_t j = 0; j < n; ++j) row[j] -= factor * gain[j];
    row[i] = std::max(row[i], kLeastVariance);
  }
}

}  // namespace belgrand::detection
