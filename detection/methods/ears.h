// Early Aberration Reporting System: a value against the mean and spread of a short window before.
//
// C1: window directly before the value. C2: a guard of two days between, so that a rise does not
// lift its own baseline. C3: what the last three values stand above one deviation, by C2, summed:
//   C3(t) = sum over t-2..t of max(0, C2(i) - 1).
// This is C3 as documented; R's surveillance computes it without the value of t itself
// (docs/methods.md says what follows from that).
// The window counts samples, not days: the newest `baseline` samples older than the guard and
// not more than `reach_days` before the value.
// Units: those of the series (log10 gc/L for concentrations). Thread safety: pure functions.
// Source: Hutwagner et al. 2003; surveillance::earsC.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "detection/methods/dated_value.h"

namespace belgrand::detection {

struct EarsWindow {
  std::size_t baseline = 7;
  std::size_t least = 7;  // with fewer samples in reach there is no result
  double guard_days = 0;  // 2 for C2 and C3
  double reach_days = 1e9;
  // Floor of the standard deviation, so that a constant past does not make every change an alarm.
  double least_sd = 0;
};

struct EarsStatistic {
  double mean = 0;
  double sd = 0;
  // (value - mean) / sd; 0 where sd is 0: the past has no spread to measure against.
  double score = 0;
  // `z` standard deviations above the mean; an alarm when the value exceeds it.
  double Upper(double z) const { return mean + z * sd; }
};

// By position in `series`; REQUIRES: in order (PutInOrder).
std::optional<EarsStatistic> EarsAt(std::span<const DatedValue> series, std::size_t at,
                                    const EarsWindow& window);
std::vector<std::optional<EarsStatistic>> Ears(std::span<const DatedValue> series,
                                               const EarsWindow& window);
// nullopt where one of the three has no C2. `window` is that of C2.
std::optional<double> EarsC3At(std::span<const DatedValue> series, std::size_t at,
                               const EarsWindow& window);

}  // namespace belgrand::detection
