#include "sensor/rolling_spread.h"

#include <cmath>

namespace belgrand::sensor {

RollingSpread::Moments RollingSpread::Join(const Moments& a, const Moments& b) {
  if (a.count == 0) return b;
  if (b.count == 0) return a;
  const double count = a.count + b.count;
  const double step = b.mean - a.mean;
  return {count, a.mean + step * b.count / count,
          a.squares + b.squares + step * step * a.count * b.count / count};
}

void RollingSpread::Add(std::int64_t time_us, double value) {
  newer_.push_back({time_us, value, {}});
  of_newer_ = Join(of_newer_, {1, value, 0});
}

void RollingSpread::Turn() {
  Moments sum;
  for (auto entry = newer_.rbegin(); entry != newer_.rend(); ++entry) {
    sum = Join({1, entry->value, 0}, sum);
    older_.push_back({entry->time_us, entry->value, sum});
  }
  newer_.clear();
  of_newer_ = {};
}

std::optional<double> RollingSpread::Over(std::int64_t from_us) {
  for (;;) {
    if (older_.empty()) {
      if (newer_.empty() || newer_.front().time_us >= from_us) break;
      Turn();
    }
    if (older_.back().time_us >= from_us) break;
    older_.pop_back();
  }
  const Moments all = Join(older_.empty() ? Moments{} : older_.back().from_here, of_newer_);
  if (all.count < 2) return std::nullopt;
  return std::sqrt(all.squares / (all.count - 1));
}

void RollingSpread::Clear() {
  older_.clear();
  newer_.clear();
  of_newer_ = {};
}

}  // namespace belgrand::sensor
