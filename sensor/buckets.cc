#include "sensor/buckets.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace belgrand::sensor {

FlagSet FlagSet::Usable() {
  FlagSet set;
  set.Add(Flag::kGood);
  set.Add(Flag::kUnknown);
  set.Add(Flag::kSuspect);
  return set;
}

std::int64_t Downsampler::StartOf(std::int64_t time_us) const {
  const std::int64_t rest = time_us % width_us_;
  return time_us - rest - (rest < 0 ? width_us_ : 0);
}

std::optional<Bucket> Downsampler::Add(const Point& point) {
  std::optional<Bucket> ended;
  const std::int64_t start = StartOf(point.time_us);
  if (current_ && current_->from_us != start) ended = Finish();
  if (!current_) {
    current_.emplace();
    current_->from_us = start;
    sum_ = 0;
    lost_ = 0;
  }
  Bucket& bucket = *current_;
  ++bucket.by_flag[static_cast<std::size_t>(point.mark.flag)];
  if (point.missing() || !counted_.Has(point.mark.flag)) return ended;
  bucket.lowest = bucket.count == 0 ? point.value : std::min(bucket.lowest, point.value);
  bucket.highest = bucket.count == 0 ? point.value : std::max(bucket.highest, point.value);
  ++bucket.count;
  bucket.last = point.value;
  bucket.last_time_us = point.time_us;
  const double sum = sum_ + point.value;
  lost_ += std::abs(sum_) >= std::abs(point.value) ? (sum_ - sum) + point.value
                                                   : (point.value - sum) + sum_;
  sum_ = sum;
  return ended;
}

std::optional<Bucket> Downsampler::Finish() {
  if (current_ && current_->count > 0) {
    current_->mean = (sum_ + lost_) / static_cast<double>(current_->count);
  }
  return std::exchange(current_, std::nullopt);
}

}  // namespace belgrand::sensor
