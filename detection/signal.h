// What detection says: a detector's signal on an area starts, changes severity or ends, with its
// reasons.
//
// The values mirror belgrand.detection.v1 (numbers of the enumerations too); services/detection
// turns them into the wire form. Units: log10 gc/L; growth in natural log per day; instants UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/time.h"
#include "sample/normalise.h"
#include "sample/quality.h"
#include "sample/sample.h"

namespace belgrand::detection {

enum class AreaLevel : int { kSite = 1, kDistrict = 2 };
enum class SignalKind : int { kSpike = 1, kRise = 2 };
enum class Severity : int { kWatch = 1, kWarning = 2, kCritical = 3 };
enum class Phase : int { kRaised = 1, kUpdated = 2, kCleared = 3 };

struct EvidenceSample {
  sample::Measurement measurement;
  double expected_log10 = 0;
  double residual = 0;
  std::vector<sample::Doubt> doubts = {};
  // In every way that some sample of the evidence allows.
  std::vector<sample::Normalised> normalised = {};
};

enum class SeamChange : int {
  kLaboratory = 1,
  kMethod = 2,
  kMethodVersion = 3,
  kGene = 4,
  kSampler = 5,
  kMatrix = 6,
  kFraction = 7,
  kLongGap = 8,
};

// From here on a site is measured in another way, or after so long a silence that the level starts
// anew.
struct Seam {
  // Empty: the whole district.
  std::string site_id;
  // Collection of the first sample behind it.
  base::Instant at{};
  // Ascending.
  std::vector<SeamChange> changes;
  // What of it differs; of a gap the days of the samples on its sides.
  std::string before;
  std::string after;
  // What the new one reads above the old one, as known now; absent: nothing is compared across it.
  std::optional<double> offset_log10 = std::nullopt;
  std::optional<double> sd_log10 = std::nullopt;
};

struct SiteContribution {
  std::string site_id;
  double weight = 0;
  double estimate_log10 = 0;
  double growth_per_day = 0;
};

struct Evidence {
  double score = 0;
  double limit = 0;
  double baseline_log10 = 0;
  double estimate_log10 = 0;
  double lower_log10 = 0;
  double upper_log10 = 0;
  double growth_per_day = 0;
  // Of a rise; 0 otherwise.
  double probability_rising = 0;
  // Of a spike while its sample stands out: that this sample is one, and not scatter.
  std::optional<double> probability_spike = std::nullopt;
  std::vector<EvidenceSample> samples;
  std::vector<SiteContribution> sites;
  // It stands on weak samples; the severity is then the lowest.
  bool verify = false;
  std::optional<std::uint32_t> few_samples = std::nullopt;
  // Oldest first.
  std::vector<Seam> seams = {};
  std::string explanation;
  std::string explanation_fr;
};

struct SignalChange {
  // "<level>/<area>/<target>/<detector>".
  std::string signal_key;
  std::uint64_t feed_sequence = 0;
  Phase phase = Phase::kRaised;
  AreaLevel level = AreaLevel::kSite;
  std::string area_id;
  std::string district_id;
  std::string target;
  SignalKind kind = SignalKind::kRise;
  Severity severity = Severity::kWatch;
  std::string detector;
  std::string detector_version;
  base::Instant observed_at{};
  base::Instant known_at{};
  Evidence evidence;
};

// What is believed of an area now.
struct AreaState {
  AreaLevel level = AreaLevel::kSite;
  std::string area_id;
  std::string district_id;
  std::string target;
  base::Instant observed_at{};
  std::uint64_t sample_count = 0;
  double estimate_log10 = 0;
  double lower_log10 = 0;
  double upper_log10 = 0;
  double growth_per_day = 0;
  double probability_rising = 0.5;
  std::vector<std::string> active_detectors;
  // Those of them whose signal stands on weak samples.
  std::vector<std::string> detectors_to_verify;
};

// "site" or "district"; "watch", "warning" or "critical"; "spike" or "rise".
std::string_view NameOf(AreaLevel level);
std::string_view NameOf(Severity severity);
std::string_view NameOf(SignalKind kind);

}  // namespace belgrand::detection
