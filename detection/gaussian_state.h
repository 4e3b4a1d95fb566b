// A jointly normal state vector: the few exact operations a Kalman filter is made of.
//
// Why its own class: every step keeps the covariance symmetric and its diagonal positive, so that
// no caller can leave it broken; the same code is checked against the published state-space vector
// (V4a). Thread safety: a value; copied freely. Cost: O(n^2) per operation, n the dimension.
// Source: Kalman filter with one scalar observation at a time (Durbin & Koopman, Time Series
// Analysis by State Space Methods, 4.3 and 6.4).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace belgrand::detection {

// One term of a linear form: coefficient * state[index].
struct Term {
  std::size_t index;
  double coefficient;
};

// The distribution of a linear form h'x, with P h, which carries any news about it to the whole
// state.
struct Projection {
  double mean = 0;
  double variance = 0;
  std::vector<double> gain;  // P h
};

class GaussianState {
 public:
  std::size_t size() const { return mean_.size(); }
  double mean(std::size_t i) const { return mean_[i]; }
  double variance(std::size_t i) const { return covariance_[i * size() + i]; }
  double covariance(std::size_t i, std::size_t j) const { return covariance_[i * size() + j]; }

  // Adds an independent component; its index is the old size().
  void Append(double mean, double variance);
  void Remove(std::size_t index);
  // Makes `to` an exact copy of `from` as it is now.
  void Clone(std::size_t from, std::size_t to);
  // Moves the components first and first + 1: x <- F x + w, Var w = Q (row-major 2 x 2).
  void MovePair(std::size_t first, const double (&f)[4], const double (&q)[4]);
  void AddVariance(std::size_t index, double variance);

  Projection Project(std::span<const Term> form) const;
  // Mean and variance only.
  Projection Moments(std::span<const Term> form) const;
  // x <- x + gain * shift, P <- P - gain gain' * shrink.
  // REQUIRES: shrink <= 1 / projection.variance.
  void Absorb(const Projection& projection, double shift, double shrink);

 private:
  std::vector<double> mean_;
  std::vector<double> covariance_;  // row-major, symmetric
};

}  // namespace belgrand::detection
