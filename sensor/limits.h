// The thresholds of the quality tests of one sensor, in the unit of its quantity.
//
// Defaults are a beginning, to be tuned for a site: ranges of pH 5-10, conductivity 100-5,000
// uS/cm, temperature 2-35 degC, ammonium 0-150 mg/L and turbidity 0-4,000 NTU, and flat line after
// 60 or 120 minutes are those usual for sewers; the others are the widest that the common sensors
// of the quantity can show. An absent threshold leaves its test out.
//
// Thread safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sensor/quantity.h"

namespace belgrand::sensor {

// What is usual in some months, both included; 11 to 2 goes over the new year. UTC.
struct Season {
  int first_month = 1;
  int last_month = 12;
  double low = 0;
  double high = 0;
  bool operator==(const Season&) const = default;
};

struct TestLimits {
  // Outside: fail. The span that the sensor can measure.
  std::optional<double> fail_low;
  std::optional<double> fail_high;
  // Outside: suspect. What the operator expects here.
  std::optional<double> suspect_low;
  std::optional<double> suspect_high;
  // Outside of every season of its month: suspect. A month without season is not tested.
  std::vector<Season> seasons;
  // Differential spike, min(|d-|,|d+|) of a point against both neighbours where they are opposite.
  std::optional<double> spike_suspect;
  std::optional<double> spike_fail;
  // Units per second between neighbours; above: suspect.
  std::optional<double> rate_suspect;
  // Range over the last flat_*_us below flat_tolerance: suspect, fail. 0: not tested.
  std::optional<double> flat_tolerance;
  std::int64_t flat_suspect_us = 0;
  std::int64_t flat_fail_us = 0;
  // Standard deviation over the last attenuated_over_us below: suspect, fail. Needs the span.
  std::optional<double> attenuated_suspect;
  std::optional<double> attenuated_fail;
  std::int64_t attenuated_over_us = 0;
  // Neighbours further apart are no neighbours; greater than 0.
  std::int64_t max_gap_us = 0;
  bool operator==(const TestLimits&) const = default;
};

// Limits hold from an instant on, for what was measured from then on.
struct LimitsVersion {
  std::int64_t from_us = 0;
  TestLimits limits;
};
// In order of from_us, at least one; the first holds for everything before the second.
using LimitsHistory = std::vector<LimitsVersion>;

inline constexpr std::int64_t kSecondUs = 1'000'000;
inline constexpr std::int64_t kMaxLookbackUs = std::int64_t{24} * 3600 * kSecondUs;

TestLimits DefaultLimits(Quantity quantity, std::int64_t interval_us);

// Pairs of field and what is wrong with it; empty: fit for use with this sampling interval.
std::vector<std::pair<std::string, std::string>> CheckLimits(const TestLimits& limits,
                                                             std::int64_t interval_us);

// How far the judgement of a point depends on what was before it: the longest span and gap.
std::int64_t Lookback(const LimitsHistory& history);
// How far it depends on what comes after it: the longest gap.
std::int64_t Lookahead(const LimitsHistory& history);

}  // namespace belgrand::sensor
