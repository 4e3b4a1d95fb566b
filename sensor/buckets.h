// Readings summed up in equal spans of time.
//
// Buckets are aligned to 1970-01-01 UTC; one without readings is left out. Values count where their
// flag is among those asked for; the counts by flag are of all readings. The mean is of the
// readings, not weighted by time.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "sensor/point.h"

namespace belgrand::sensor {

struct Bucket {
  std::int64_t from_us = 0;
  std::uint64_t count = 0;  // of values
  double lowest = 0;
  double highest = 0;
  double mean = 0;
  double last = 0;
  std::int64_t last_time_us = 0;
  std::array<std::uint64_t, 10> by_flag{};  // by number of Flag
};

// Which flags count.
class FlagSet {
 public:
  void Add(Flag flag) { bits_ |= 1U << static_cast<unsigned>(flag); }
  bool Has(Flag flag) const { return (bits_ >> static_cast<unsigned>(flag) & 1U) != 0; }
  bool empty() const { return bits_ == 0; }
  // Good, unknown and suspect: what is neither wrong for certain nor absent.
  static FlagSet Usable();

 private:
  unsigned bits_ = 0;
};

class Downsampler {
 public:
  // REQUIRES: width_us > 0.
  Downsampler(std::int64_t width_us, FlagSet counted) : width_us_(width_us), counted_(counted) {}

  // The bucket that ended, when `point` begins another. REQUIRES: in order of time.
  std::optional<Bucket> Add(const Point& point);
  // The last one.
  std::optional<Bucket> Finish();

 private:
  std::int64_t StartOf(std::int64_t time_us) const;

  std::int64_t width_us_;
  FlagSet counted_;
  std::optional<Bucket> current_;
  double sum_ = 0;
  double lost_ = 0;  // of the sum, to rounding (Neumaier)
};

}  // namespace belgrand::sensor
