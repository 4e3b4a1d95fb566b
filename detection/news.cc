#include "detection/news.h"

#include <cmath>

#include "detection/normal.h"

namespace belgrand::detection {
namespace {

constexpr double kHalfLogTwoPi = 0.91893853320467274178;

}  // namespace

News NewsOf(const LogValue& value, double mean, double s2) {
  const double s = std::sqrt(s2);
  News news;
  if (value.quantified()) {
    const double z = (value.low - mean) / s;
    news.log_weight = -0.5 * z * z - std::log(s) - kHalfLogTwoPi;
    news.pull = z / s;
    news.certainty = 1 / s2;
    return news;
  }
  const TruncatedMoments piece =
      TruncateStandardNormal((value.low - mean) / s, (value.high - mean) / s);
  news.log_weight = std::log(piece.probability);
  news.pull = piece.mean / s;
  news.certainty = (1 - piece.variance) / s2;
  return news;
}

}  // namespace belgrand::detection
