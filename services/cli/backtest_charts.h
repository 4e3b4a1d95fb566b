// The drawings of a backtest's report, as inline SVG: curves over thresholds, and one time line for
// each area. Sizes are CSS pixels. Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "services/cli/backtest_report.h"

namespace belgrand::cli {

// A detector's colour: its own for Belgrand's, of a fixed list for the others, by position.
std::string_view ColourOf(const detection::Trial& trial, std::size_t detector);

// Caught (up) against false alerts an area-year (right) over the thresholds of every detector; the
// dot is the detector's own threshold, the ring what was held out.
std::string CurveChart(const detection::Trial& trial, const Say& say);
// The same for one detector alone, small.
std::string SmallCurve(const detection::Trial& trial, std::size_t detector, const Say& say);

// Samples of an area on the log scale, its waves or spikes behind them, and under them one bar row
// for each detector's alerts, thresholds held out.
std::string TimeLine(const BacktestReport& report, const detection::Trial& trial,
                     const std::string& area, const std::string& target, const Say& say);

}  // namespace belgrand::cli
