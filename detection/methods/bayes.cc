#include "detection/methods/bayes.h"

#include <numeric>

#include "detection/methods/distributions.h"

namespace belgrand::detection {

double BayesUpper(std::span<const double> past, double alpha) {
  const double n = static_cast<double>(past.size());
  const double sum = std::accumulate(past.begin(), past.end(), 0.0);
  return NegativeBinomialQuantile(1 - alpha, sum + 0.5, n / (n + 1));
}

}  // namespace belgrand::detection
