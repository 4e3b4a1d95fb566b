#include "detection/methods/ears.h"

#include <algorithm>
#include <cmath>

namespace belgrand::detection {

std::optional<EarsStatistic> EarsAt(std::span<const DatedValue> series, std::size_t at,
                                    const EarsWindow& window) {
  const double today = series[at].day;
  std::size_t end = at;
  while (end > 0 && today - series[end - 1].day <= window.guard_days) --end;
  std::size_t begin = end;
  while (begin > 0 && end - begin < window.baseline &&
         today - series[begin - 1].day <= window.reach_days) {
    --begin;
  }
  const std::size_t n = end - begin;
  if (n < std::max<std::size_t>(window.least, 2)) return std::nullopt;
  EarsStatistic statistic;
  for (std::size_t i = begin; i < end; ++i) {
    statistic.mean += series[i].value / static_cast<double>(n);
  }
  double squares = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const double d = series[i].value - statistic.mean;
    squares += d * d / static_cast<double>(n - 1);
  }
  statistic.sd = std::max(std::sqrt(squares), window.least_sd);
  const double excess = series[at].value - statistic.mean;
  // Rounding leaves a constant window a spread of a few units in the last place.
  const double resolution = 1e-12 * std::max(std::abs(statistic.mean), 1e-300);
  if (statistic.sd > resolution) statistic.score = excess / statistic.sd;
  return statistic;
}

std::vector<std::optional<EarsStatistic>> Ears(std::span<const DatedValue> series,
                                               const EarsWindow& window) {
  std::vector<std::optional<EarsStatistic>> all;
  all.reserve(series.size());
  for (std::size_t i = 0; i < series.size(); ++i) all.push_back(EarsAt(series, i, window));
  return all;
}

std::optional<double> EarsC3At(std::span<const DatedValue> series, std::size_t at,
                               const EarsWindow& window) {
  if (at < 2) return std::nullopt;
  double sum = 0;
  for (std::size_t i = at - 2; i <= at; ++i) {
    const auto c2 = EarsAt(series, i, window);
    if (!c2) return std::nullopt;
    sum += std::max(0.0, c2->score - 1);
  }
  return sum;
}

}  // namespace belgrand::detection
