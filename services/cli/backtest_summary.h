// The words of a backtest's report, for who answers for public health and not for statistics.
// Thread safety: pure functions.
#pragma once

#include <string>

#include "services/cli/backtest_report.h"

namespace belgrand::cli {

// What was replayed, what Belgrand's own detectors and the best of the others did at equally many
// false alerts, what was missed, and what the figures cannot tell. HTML.
std::string Summary(const BacktestReport& report, const Say& say);
// What the columns of a trial's table mean. HTML.
std::string Legend(const detection::Trial& trial, const Say& say);

}  // namespace belgrand::cli
