// Minimum of a function of a few variables without derivatives (Nelder & Mead 1965).
//
// The adaptive coefficients are those of Gao & Han 2012 and the first simplex and the two stopping
// rules those of the published OBEPINE fit, so that its path can be followed step by step.
// A function value that is not finite counts as worse than any that is. Deterministic.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace belgrand::detection {

struct NelderMeadOptions {
  // Stops when the simplex spans no more than both.
  double argument_tolerance = 5e-3;
  double value_tolerance = 1e-4;
  int most_iterations = 600;
};

struct Minimum {
  std::vector<double> at;
  double value = 0;
  int iterations = 0;
  int evaluations = 0;
  bool converged = false;
};

Minimum Minimize(const std::function<double(std::span<const double>)>& f,
                 std::span<const double> start, const NelderMeadOptions& options);

}  // namespace belgrand::detection
