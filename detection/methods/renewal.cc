#include "detection/methods/renewal.h"

#include <algorithm>
#include <cmath>

namespace belgrand::detection {

std::vector<double> DiscreteGamma(double mean, double shape, std::size_t days) {
  std::vector<double> weights;
  double sum = 0;
  for (std::size_t day = 1; day <= days; ++day) {
    const double x = static_cast<double>(day);
    weights.push_back(std::exp((shape - 1) * std::log(x) - shape * x / mean));
    sum += weights.back();
  }
  for (double& w : weights) w /= std::max(sum, 1e-300);
  return weights;
}

double ReproductionNumber(double growth, std::span<const double> weights) {
  constexpr double kMostGrowth = 10;
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i] *
           std::exp(-std::clamp(growth, -kMostGrowth, kMostGrowth) * static_cast<double>(i + 1));
  }
  return 1 / std::max(sum, 1e-300);
}

}  // namespace belgrand::detection
