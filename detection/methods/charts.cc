#include "detection/methods/charts.h"

#include <algorithm>
#include <cmath>

namespace belgrand::detection {

std::vector<double> Cusum(std::span<const double> z, const CusumRule& rule) {
  std::vector<double> sums;
  sums.reserve(z.size());
  double sum = 0;
  for (const double value : z) sums.push_back(sum = std::max(0.0, sum + value - rule.k));
  return sums;
}

double RossiScore(double count, double mean) {
  return (count - 3 * mean + 2 * std::sqrt(count * mean)) / (2 * std::sqrt(mean));
}

std::vector<EwmaPoint> Ewma(std::span<const double> d, const EwmaRule& rule) {
  std::vector<EwmaPoint> points;
  points.reserve(d.size());
  const double kept = 1 - rule.lambda;
  double z = 0;
  double forgotten = 1;
  for (const double value : d) {
    z = rule.lambda * value + kept * z;
    forgotten *= kept * kept;
    const double variance = rule.lambda / (2 - rule.lambda) * (1 - forgotten);
    points.push_back({z, rule.limit_sd * std::sqrt(variance)});
  }
  return points;
}

std::vector<double> PoissonGlr(std::span<const double> counts, double mean, double limit) {
  std::vector<double> ratios;
  ratios.reserve(counts.size());
  std::size_t start = 0;
  for (std::size_t n = 0; n < counts.size(); ++n) {
    double best = 0;
    double sum = 0;
    double expected = 0;
    for (std::size_t k = n + 1; k-- > start;) {
      sum += counts[k];
      expected += mean;
      if (sum > expected) best = std::max(best, sum * std::log(sum / expected) - sum + expected);
    }
    ratios.push_back(best);
    if (best >= limit) start = n + 1;
  }
  return ratios;
}

std::vector<double> PoissonLr(std::span<const double> counts, double mean, double theta,
                              double limit) {
  std::vector<double> ratios;
  ratios.reserve(counts.size());
  double sum = 0;
  for (const double count : counts) {
    sum = std::max(0.0, sum + theta * count + (1 - std::exp(theta)) * mean);
    ratios.push_back(sum);
    if (sum > limit) sum = 0;
  }
  return ratios;
}

double GaussianGlrNow(std::span<const double> z, std::size_t most) {
  double best = 0;
  double sum = 0;
  const std::size_t n = std::min(most, z.size());
  for (std::size_t length = 1; length <= n; ++length) {
    sum += z[z.size() - length];
    if (sum > 0) best = std::max(best, 0.5 * sum * (sum / static_cast<double>(length)));
  }
  return best;
}

std::vector<double> GaussianGlr(std::span<const double> z, std::size_t most) {
  std::vector<double> ratios;
  ratios.reserve(z.size());
  for (std::size_t n = 1; n <= z.size(); ++n) ratios.push_back(GaussianGlrNow(z.first(n), most));
  return ratios;
}

}  // namespace belgrand::detection
