#include "detection/hysteresis.h"

namespace belgrand::detection {

std::optional<Phase> Hold::Take(const DetectorInfo& info, const Finding& finding, double newest) {
  if (!active) {
    if (!finding.alarm) return std::nullopt;
    *this = Hold{true, finding.severity, finding.weak, 0, 0};
    return Phase::kRaised;
  }
  std::optional<Phase> phase;
  if (finding.alarm && finding.severity > severity) {
    // Within an episode severity only grows: an official is told once of each step up.
    severity = finding.severity;
    phase = Phase::kUpdated;
  }
  if (finding.alarm && weak && !finding.weak) {
    // What was weak is verified: it says so even at the same severity.
    weak = false;
    phase = Phase::kUpdated;
  }
  if (!finding.quiet) {
    quiet_samples = 0;
    return phase;
  }
  if (quiet_samples == 0) quiet_since = newest;
  ++quiet_samples;
  if (quiet_samples < info.quiet_samples || newest - quiet_since < info.quiet_days) return phase;
  *this = Hold{false, severity, false, 0, 0};
  return Phase::kCleared;
}

}  // namespace belgrand::detection
