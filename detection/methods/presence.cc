#include "detection/methods/presence.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace belgrand::detection {
namespace {

constexpr std::int64_t kEpisodeGapDays = 56;
constexpr std::int64_t kRecentDays = 28;
constexpr std::int64_t kFreshDays = 14;
constexpr int kLeastSamples = 3;

}  // namespace

std::int64_t WeekEnd(std::int64_t day) {
  // Day 2 is a Saturday.
  const std::int64_t past = ((day - 2) % 7 + 7) % 7;
  return past == 0 ? day : day + 7 - past;
}

WeeklyStatus WeekStatus(std::span<const PresenceSample> samples, std::int64_t week_end) {
  WeeklyStatus status = WeeklyStatus::kNoData;
  for (const PresenceSample& s : samples) {
    if (s.day > week_end || s.day <= week_end - 7) continue;
    if (s.detected) return WeeklyStatus::kDetected;
    status = WeeklyStatus::kNotDetected;
  }
  return status;
}

FourWeekStatus StatusOf(std::span<const PresenceSample> samples, std::int64_t today) {
  int count = 0;
  int detections = 0;
  bool fresh = false;
  for (const PresenceSample& s : samples) {
    if (s.day > today || s.day <= today - kRecentDays) continue;
    ++count;
    if (!s.detected) continue;
    ++detections;
    fresh = fresh || s.day > today - kFreshDays;
  }
  if (fresh && 5 * detections > 4 * count) return FourWeekStatus::kPersistent;
  if (fresh) return FourWeekStatus::kDetection;
  return count < kLeastSamples ? FourWeekStatus::kNoRecentData : FourWeekStatus::kNoRecentDetection;
}

PresenceEvidence JudgePresence(std::span<const PresenceSample> samples) {
  PresenceEvidence evidence;
  if (samples.empty()) return evidence;
  std::int64_t newest = std::numeric_limits<std::int64_t>::min();
  for (const PresenceSample& s : samples) newest = std::max(newest, s.day);
  std::vector<std::int64_t> detections;
  for (const PresenceSample& s : samples) {
    if (!s.detected) continue;
    detections.push_back(s.day);
    if (s.day == newest) evidence.newest_detected = true;
    if (s.day > newest - kRecentDays) ++evidence.recent_detections;
  }
  evidence.status = StatusOf(samples, newest);
  if (detections.empty()) return evidence;
  std::sort(detections.begin(), detections.end());
  std::size_t first = detections.size() - 1;
  while (first > 0 && detections[first] - detections[first - 1] <= kEpisodeGapDays) --first;
  evidence.since = detections[first];
  evidence.first = evidence.newest_detected && evidence.since == newest;
  return evidence;
}

}  // namespace belgrand::detection
