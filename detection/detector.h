// The seam between what is known of an area and what is said about it.
//
// A detector is a pure function of an AreaView: it keeps nothing between calls, so a re-read past
// (late or amended samples) needs nothing from it. A method with a running sum (CUSUM) runs it anew
// over the view; one that needs years (levels) asks for the long past, which costs memory and is
// therefore kept only where a chosen detector asks. The engine turns findings into signals: it
// raises, holds through the detector's hysteresis and clears. A new method is one file that
// implements Detector and one line in registry.cc.
//
// Thread safety: a Detector is immutable; the same object serves every thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "detection/signal.h"
#include "detection/track.h"
#include "detection/trend_filter.h"

namespace belgrand::detection {

// What a detector may look at.
struct AreaView {
  const TrendFilter& filter;
  // The newest samples of the area, oldest first: at most kMostSteps, none older than
  // kOldestStepDays before the newest.
  std::span<const Step* const> steps;
  // The same samples and those of the window before, by stream; the long past where asked for.
  const Track& track;
  std::string_view target;
  // Of a site: what its district knows, this site's samples included. nullptr for a district.
  const Track* district = nullptr;
  static constexpr std::size_t kMostSteps = 128;
  static constexpr double kOldestStepDays = 90;
};

struct Finding {
  double score = 0;
  // Everything but the score allows an alarm; REQUIRED of Measure, with the score.
  bool eligible = false;
  // The signal is raised when this holds, and is on its way out when `quiet` holds. Judge sets
  // both, except that a detector with QuietWhen::kOwnRule sets `quiet` in Measure.
  bool alarm = false;
  bool quiet = true;
  Severity severity = Severity::kWatch;
  // Level before the change, log10 gc/L, and the day from which the change is counted.
  double baseline_log10 = 0;
  double since_day = 0;
  // For a spike: how far the sample stands above what was expected, log10.
  double excess_log10 = 0;
  // For a spike: that the sample is one rather than scatter.
  std::optional<double> spike_probability = std::nullopt;
  // For presence: in the last four weeks.
  std::uint32_t detections = 0;
  // It stands on weak samples (strength.h); the severity is then the lowest.
  bool weak = false;
};

// In use unless others are chosen by name, or only when chosen: the published methods that Belgrand
// is compared with are of the second kind. Of the third is what must not be forgotten where a
// pathogen is rare: in use by default, on rare targets alone (sample/target.h).
enum class Selection { kDefault, kOnRequest, kForRareTargets };
// Which paragraph explains it (words.h).
enum class Wording { kOwn, kMethod, kPresence };

// When an evaluation counts towards the end of a signal.
enum class QuietWhen { kOwnRule, kBelowThreshold, kBelowHalfThreshold };
enum class Compare { kAbove, kAtLeast };

struct DetectorInfo {
  std::string name;
  std::string version;
  AreaLevel level = AreaLevel::kSite;
  SignalKind kind = SignalKind::kRise;
  // What it computes, when it alarms, and where the formula comes from.
  std::string meaning;
  // Limit of Finding::score.
  double threshold = 0;
  Compare compare = Compare::kAtLeast;
  // Other thresholds that make sense, ascending: what a backtest draws its curve over.
  std::vector<double> sweep = {};
  QuietWhen quiet_when = QuietWhen::kOwnRule;
  // A signal ends after this many quiet evaluations in a row, spread over at least so many days.
  std::uint32_t quiet_samples = 3;
  double quiet_days = 7;
  Selection selection = Selection::kDefault;
  Past past = Past::kForget;
  Wording wording = Wording::kOwn;
};

class Detector {
 public:
  virtual ~Detector() = default;
  const DetectorInfo& info() const { return info_; }
  // The score and all that does not depend on the threshold. REQUIRES: view.steps is not empty.
  virtual Finding Measure(const AreaView& view) const = 0;
  // What the finding means at a threshold.
  Finding Judge(Finding finding, double threshold) const;
  // Measure, judged at the detector's own threshold.
  Finding Evaluate(const AreaView& view) const { return Judge(Measure(view), info_.threshold); }

 protected:
  explicit Detector(DetectorInfo info) : info_(std::move(info)) {}

 private:
  DetectorInfo info_;
};

// `count` thresholds from `low` to `high`, evenly spaced; geometrically for the second form.
std::vector<double> LinearSweep(double low, double high, std::size_t count);
std::vector<double> GeometricSweep(double low, double high, std::size_t count);

// Every detector there is, in the order in which they are evaluated; lives for ever.
std::span<const std::unique_ptr<const Detector>> RegisteredDetectors();

}  // namespace belgrand::detection
