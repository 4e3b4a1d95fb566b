// The standard deviation over the last span of time, reading by reading.
//
// Two stacks of (count, mean, squares), combined by Chan's formula (Chan, Golub & LeVeque 1983) and
// never subtracted: the cost is constant a reading on average, the result does not drift however
// long the run (where it began matters to the last digits alone), and a constant has a deviation of
// exactly nothing. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace belgrand::sensor {

class RollingSpread {
 public:
  // REQUIRES: later than what was added before.
  void Add(std::int64_t time_us, double value);
  // Of what was added from `from_us` on, by n - 1; nullopt: fewer than two. What is before is
  // forgotten. REQUIRES: `from_us` does not go back.
  std::optional<double> Over(std::int64_t from_us);
  void Clear();

 private:
  struct Moments {
    double count = 0;
    double mean = 0;
    double squares = 0;  // of the distances from the mean
  };
  struct Entry {
    std::int64_t time_us = 0;
    double value = 0;
    // Of this one and all that are newer in its stack.
    Moments from_here;
  };
  static Moments Join(const Moments& a, const Moments& b);
  void Turn();

  std::vector<Entry> older_;  // newest first, so that the oldest is at the back
  std::vector<Entry> newer_;  // oldest first; from_here is not kept
  Moments of_newer_;
};

}  // namespace belgrand::sensor
