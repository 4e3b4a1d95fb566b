// The slope of the last few samples: percent change, doubling time, significance (CDC NWSS).
//
// Ordinary least squares of log10 gc/L on the day. Source: NWSS trend classes; the programmes that
// show them use the last 5 samples, else 3. Thread safety: pure function.
#pragma once

#include <optional>
#include <span>

#include "detection/methods/dated_value.h"

namespace belgrand::detection {

struct RegressionTrend {
  double slope = 0;           // log10 per day
  double percent_change = 0;  // over the days the samples span
  // Two-sided, of no slope; 1 for two samples, which no line can miss.
  double p = 1;
  // Halving time where negative; nullopt beyond 10,000 days.
  std::optional<double> doubling_days;
};

// nullopt: fewer than two days.
std::optional<RegressionTrend> FitTrend(std::span<const DatedValue> log10_series);

}  // namespace belgrand::detection
