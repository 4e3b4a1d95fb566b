// From findings to the life of one signal: raised, grown in severity, held, cleared.
//
// The engine and the sweep over thresholds run this same rule, so that a backtest at a threshold
// opens what the service at that threshold would have opened. Thread safety: a value; one owner.
#pragma once

#include <cstdint>
#include <optional>

#include "detection/detector.h"

namespace belgrand::detection {

struct Hold {
  bool active = false;
  Severity severity = Severity::kWatch;
  // Raised on weak samples, and no finding since stood on others.
  bool weak = false;
  std::uint32_t quiet_samples = 0;
  double quiet_since = 0;

  // Takes the finding of one evaluation, whose newest sample was collected on `newest`; the phase
  // that it brings, if any. After kCleared the hold is as new except for `severity`, which the
  // caller may still report.
  std::optional<Phase> Take(const DetectorInfo& info, const Finding& finding, double newest);
};

}  // namespace belgrand::detection
