#include "detection/detector.h"

#include <cmath>

namespace belgrand::detection {

Finding Detector::Judge(Finding finding, double threshold) const {
  const bool reached =
      info_.compare == Compare::kAbove ? finding.score > threshold : finding.score >= threshold;
  finding.alarm = finding.eligible && reached;
  if (info_.quiet_when == QuietWhen::kBelowThreshold) finding.quiet = !reached;
  if (info_.quiet_when == QuietWhen::kBelowHalfThreshold) {
    finding.quiet = finding.score < threshold / 2;
  }
  return finding;
}

std::vector<double> LinearSweep(double low, double high, std::size_t count) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(count - 1));
  }
  return values;
}

std::vector<double> GeometricSweep(double low, double high, std::size_t count) {
  std::vector<double> values = LinearSweep(std::log(low), std::log(high), count);
  for (double& value : values) value = std::exp(value);
  return values;
}

}  // namespace belgrand::detection
