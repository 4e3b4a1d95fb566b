// One reading of a series: an instant, a value in the quantity's unit, and what quality control
// says of it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace belgrand::sensor {

// QARTOD primary flags (IOC 54:V3), also those of ODM. Stored; cannot be changed.
enum class Flag : std::uint8_t {
  kGood = 1,
  kUnknown = 2,  // no test could be evaluated
  kSuspect = 3,
  kFail = 4,
  kMissing = 9,  // the sensor said that it has no value
};

// Bits of Mark::tests: the tests that did not pass. Stored; cannot be changed.
enum Test : std::uint8_t {
  kGrossRange = 1,
  kClimatology = 2,
  kSpike = 4,
  kRateOfChange = 8,
  kFlatLine = 16,
  kGap = 32,  // nothing came for longer than max_gap before this reading; the flag is unaffected
  kAttenuated = 64,
};
inline constexpr std::uint8_t kAllTests = 127;

struct Mark {
  Flag flag = Flag::kUnknown;
  std::uint8_t tests = 0;
  bool operator==(const Mark&) const = default;
};

struct Point {
  std::int64_t time_us = 0;  // since 1970, UTC
  double value = 0;          // finite; 0 when missing
  Mark mark;

  bool missing() const { return mark.flag == Flag::kMissing; }
  bool operator==(const Point&) const = default;
};

using Points = std::vector<Point>;

inline bool IsFlag(int number) { return (number >= 1 && number <= 4) || number == 9; }

}  // namespace belgrand::sensor
