// Detect or not, for pathogens whose mere presence is news: first, repeated, persistent.
//
// Two published status rules and the alert that stands on them. A detection is a sample above its
// LOD; a sample without usable controls is not given to this file at all (observation.h): nothing
// else silences a detection. Days count from any origin; weeks end on Saturdays.
// Sources: CDC NWSS pages on measles and H5 (week), mpox (four weeks). Where CDC's mpox script and
// its text disagree (>= 80 % against > 80 %) the text is followed.
// Thread safety: pure functions. Samples may come in any order.
#pragma once

#include <cstdint>
#include <span>

namespace belgrand::detection {

struct PresenceSample {
  std::int64_t day = 0;
  bool detected = false;
};

enum class WeeklyStatus { kNoData, kNotDetected, kDetected };
enum class FourWeekStatus { kNoRecentData, kNoRecentDetection, kDetection, kPersistent };

// The Saturday that ends the week of `day` (days since 1970-01-01, a Thursday).
std::int64_t WeekEnd(std::int64_t day);
// Any detection in the seven days that end on `week_end` makes the week detected.
WeeklyStatus WeekStatus(std::span<const PresenceSample> samples, std::int64_t week_end);
// Over the 28 days that end on `today`: persistent when more than 80 % of the samples detect,
// detection when any does, each only with a detection in the last 14 days; no recent data with
// fewer than 3 samples that show none of these.
FourWeekStatus StatusOf(std::span<const PresenceSample> samples, std::int64_t today);

struct PresenceEvidence {
  bool newest_detected = false;
  // No detection in the 56 days (8 reporting weeks) before the first detection of this episode.
  bool first = false;
  // Detections in the 28 days that end with the newest sample.
  int recent_detections = 0;
  FourWeekStatus status = FourWeekStatus::kNoRecentData;
  std::int64_t since = 0;  // day of the first detection of the episode
};
// As of the newest sample; all values default without samples.
PresenceEvidence JudgePresence(std::span<const PresenceSample> samples);

}  // namespace belgrand::detection
