#include "sensor/limits.h"

#include <algorithm>
#include <cmath>

namespace belgrand::sensor {
namespace {

constexpr std::int64_t kMinuteUs = 60 * kSecondUs;
// A gap is more than this many sampling intervals.
constexpr std::int64_t kGapIntervals = 3;
// A flat line needs several readings to be one.
constexpr std::int64_t kFlatIntervals = 5;
constexpr std::int64_t kAttenuatedIntervals = 3;

struct Defaults {
  Quantity quantity;
  double fail_low;
  double fail_high;
  std::optional<double> suspect_low;
  std::optional<double> suspect_high;
  std::optional<double> spike;
  double flat_tolerance;
  std::int64_t flat_minutes;
};

constexpr Defaults kDefaults[] = {
    {Quantity::kFlow, 0, 1e6, {}, {}, {}, 0.001, 120},
    {Quantity::kLevel, -1, 50, {}, {}, {}, 0.0005, 120},
    {Quantity::kTemperature, -5, 60, 2, 35, 1, 0.005, 120},
    {Quantity::kPh, 0, 14, 5, 10, 0.5, 0.005, 60},
    {Quantity::kConductivity, 0, 200'000, 100, 5'000, 300, 1, 60},
    {Quantity::kTurbidity, 0, 10'000, 0, 4'000, {}, 0.05, 120},
    {Quantity::kAmmonium, 0, 1'000, 0, 150, {}, 0.01, 120},
    {Quantity::kNitrate, 0, 1'000, 0, 100, {}, 0.01, 120},
    {Quantity::kCod, 0, 20'000, {}, {}, {}, 0.1, 120},
    {Quantity::kTss, 0, 50'000, {}, {}, {}, 0.1, 120},
    {Quantity::kRedox, -1'500, 1'500, {}, {}, {}, 0.1, 120},
    {Quantity::kDissolvedOxygen, 0, 25, {}, {}, {}, 0.005, 120},
};

using Problems = std::vector<std::pair<std::string, std::string>>;

void CheckFinite(std::string_view field, const std::optional<double>& value, Problems& problems) {
  if (value && !std::isfinite(*value)) {
    problems.emplace_back(field, "is not a finite number: send one, or leave it out");
  }
}

void CheckPositive(std::string_view field, const std::optional<double>& value, Problems& problems) {
  if (value && !(std::isfinite(*value) && *value > 0)) {
    problems.emplace_back(field,
                          fmt::format("is {}: a threshold is greater than 0, or left out", *value));
  }
}

void CheckOrder(std::string_view low_field, const std::optional<double>& low,
                std::string_view high_field, const std::optional<double>& high,
                Problems& problems) {
  if (low && high && !(*low < *high)) {
    problems.emplace_back(low_field,
                          fmt::format("is {}, not below {} {}", *low, high_field, *high));
  }
}

void CheckSpans(const TestLimits& limits, std::int64_t interval_us, Problems& problems) {
  if (limits.max_gap_us < interval_us || limits.max_gap_us > kMaxLookbackUs) {
    problems.emplace_back("max_gap",
                          fmt::format("is {} s: between one sampling interval ({} s) and 24 h",
                                      limits.max_gap_us / kSecondUs, interval_us / kSecondUs));
  }
  for (const auto& [field, span] : {std::pair("flat_suspect", limits.flat_suspect_us),
                                    std::pair("flat_fail", limits.flat_fail_us)}) {
    if (span != 0 && (span < kFlatIntervals * interval_us || span > kMaxLookbackUs)) {
      problems.emplace_back(field,
                            fmt::format("is {} s: at least {} sampling intervals of {} s, at most "
                                        "24 h, or 0 to leave the test out",
                                        span / kSecondUs, kFlatIntervals, interval_us / kSecondUs));
    }
  }
}

void CheckAttenuation(const TestLimits& limits, std::int64_t interval_us, Problems& problems) {
  CheckPositive("attenuated_suspect", limits.attenuated_suspect, problems);
  CheckPositive("attenuated_fail", limits.attenuated_fail, problems);
  const bool wanted = limits.attenuated_suspect || limits.attenuated_fail;
  const std::int64_t span = limits.attenuated_over_us;
  if (!wanted && span == 0) return;
  if (!wanted) {
    problems.emplace_back("attenuated_over",
                          "is given without attenuated_suspect or attenuated_fail: send a "
                          "threshold, or leave it out");
  }
  if (span < kAttenuatedIntervals * interval_us || span > kMaxLookbackUs) {
    problems.emplace_back(
        "attenuated_over",
        fmt::format("is {} s: at least {} sampling intervals of {} s, at most "
                    "24 h",
                    span / kSecondUs, kAttenuatedIntervals, interval_us / kSecondUs));
  }
}

}  // namespace

TestLimits DefaultLimits(Quantity quantity, std::int64_t interval_us) {
  TestLimits limits;
  limits.max_gap_us = std::min(kGapIntervals * interval_us, kMaxLookbackUs);
  for (const Defaults& row : kDefaults) {
    if (row.quantity != quantity) continue;
    limits.fail_low = row.fail_low;
    limits.fail_high = row.fail_high;
    limits.suspect_low = row.suspect_low;
    limits.suspect_high = row.suspect_high;
    limits.spike_suspect = row.spike;
    limits.flat_tolerance = row.flat_tolerance;
    // Sensors that are asked too rarely for a flat line within a day are not tested for one.
    limits.flat_suspect_us = std::max(row.flat_minutes * kMinuteUs, kFlatIntervals * interval_us);
    if (limits.flat_suspect_us > kMaxLookbackUs) limits.flat_suspect_us = 0;
  }
  return limits;
}

Problems CheckLimits(const TestLimits& limits, std::int64_t interval_us) {
  Problems problems;
  CheckFinite("fail_low", limits.fail_low, problems);
  CheckFinite("fail_high", limits.fail_high, problems);
  CheckFinite("suspect_low", limits.suspect_low, problems);
  CheckFinite("suspect_high", limits.suspect_high, problems);
  CheckOrder("fail_low", limits.fail_low, "fail_high", limits.fail_high, problems);
  CheckOrder("suspect_low", limits.suspect_low, "suspect_high", limits.suspect_high, problems);
  CheckPositive("spike_suspect", limits.spike_suspect, problems);
  CheckPositive("spike_fail", limits.spike_fail, problems);
  CheckPositive("rate_suspect", limits.rate_suspect, problems);
  CheckPositive("flat_tolerance", limits.flat_tolerance, problems);
  CheckSpans(limits, interval_us, problems);
  CheckAttenuation(limits, interval_us, problems);
  if (limits.seasons.size() > 24) problems.emplace_back("seasons", "are more than 24");
  for (const Season& season : limits.seasons) {
    const bool months = season.first_month >= 1 && season.first_month <= 12 &&
                        season.last_month >= 1 && season.last_month <= 12;
    if (!months || !(std::isfinite(season.low) && std::isfinite(season.high)) ||
        !(season.low < season.high)) {
      problems.emplace_back(
          "seasons", fmt::format("months {} to {} with {} to {}: months are 1 to 12, low is below "
                                 "high",
                                 season.first_month, season.last_month, season.low, season.high));
    }
  }
  return problems;
}

std::int64_t Lookback(const LimitsHistory& history) {
  std::int64_t longest = 0;
  for (const LimitsVersion& version : history) {
    const TestLimits& limits = version.limits;
    longest =
        std::max({longest, limits.flat_suspect_us, limits.flat_fail_us, limits.attenuated_over_us});
  }
  return longest + Lookahead(history);
}

std::int64_t Lookahead(const LimitsHistory& history) {
  std::int64_t longest = 0;
  for (const LimitsVersion& version : history) {
    longest = std::max(longest, version.limits.max_gap_us);
  }
  return longest;
}

}  // namespace belgrand::sensor
