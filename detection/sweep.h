// One replay of a history, judged at every threshold of every detector.
//
// The state that a detector looks at does not depend on its threshold, so the history is read once:
// the engine's readings (engine.h, Reading) are judged anew at each threshold, through the
// same Detector::Judge and Hold as in the engine. What opens here at a threshold is what the
// service opens at it. Thread safety: RunSweep is a pure function; its result does not
// depend on the number of threads.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "detection/backtest.h"
#include "detection/detector.h"
#include "detection/partition.h"

namespace belgrand::detection {

struct SweptDetector {
  const Detector* detector = nullptr;
  // Ascending; the detector's own is among them.
  std::vector<double> thresholds;
  std::size_t own = 0;  // its position
  // By threshold, each in the order of BacktestResult::alerts.
  std::vector<std::vector<AlertRow>> alerts;
};

// `detectors` by registered name; empty: every detector there is. InvalidArgument: a name that is
// not registered. REQUIRES: `observations` in the order in which they became known.
base::StatusOr<std::vector<SweptDetector>> RunSweep(const std::vector<Observation>& observations,
                                                    const std::vector<std::string>& detectors,
                                                    unsigned threads,
                                                    const OnProgress& on_progress = {});

}  // namespace belgrand::detection
