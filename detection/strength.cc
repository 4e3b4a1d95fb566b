#include "detection/strength.h"

#include <algorithm>
#include <cmath>

namespace belgrand::detection {
namespace {

// The rise rule asks for three detections in as many days: one more is what confirms them.
constexpr std::int64_t kRiseDays = 21;
constexpr std::size_t kFewForARise = 4;
constexpr std::int64_t kSpikeDays = 90;
constexpr std::size_t kFewForASpike = 8;

// A replicate without doubt confirms the others of its day.
bool IsDoubtful(const SampleGroup& group) {
  return std::ranges::none_of(group.rows,
                              [](const auto& row) { return row.second->doubts.empty(); });
}

void AddDoubts(const SampleGroup& group, std::vector<sample::Doubt>& doubts) {
  for (const auto& [id, row] : group.rows) {
    doubts.insert(doubts.end(), row->doubts.begin(), row->doubts.end());
  }
}

}  // namespace

Strength StrengthOf(const DetectorInfo& detector, const AreaView& view) {
  const bool spike = detector.kind == SignalKind::kSpike;
  const std::int64_t newest = view.track.groups().rbegin()->first.day;
  const std::int64_t since = newest - (spike ? kSpikeDays : kRiseDays);
  Strength strength;
  std::size_t samples = 0;
  std::size_t decisive = 0;
  std::size_t doubtful = 0;
  for (auto it = view.track.groups().rbegin(); it != view.track.groups().rend(); ++it) {
    const SampleGroup& group = it->second;
    if (it->first.day < since) break;
    ++samples;
    const bool carries =
        spike ? it == view.track.groups().rbegin() : !std::isinf(group.step.value.low);
    if (!carries) continue;
    ++decisive;
    if (!IsDoubtful(group)) continue;
    ++doubtful;
    AddDoubts(group, strength.doubts);
  }
  std::ranges::sort(strength.doubts);
  strength.doubts.erase(std::unique(strength.doubts.begin(), strength.doubts.end()),
                        strength.doubts.end());
  if (detector.wording == Wording::kPresence) return strength;
  strength.weak = 2 * doubtful > decisive;
  // The sample of a spike is not one of those that let it be expected.
  const std::size_t behind = spike ? samples - 1 : samples;
  if (behind < (spike ? kFewForASpike : kFewForARise)) strength.few = behind;
  return strength;
}

}  // namespace belgrand::detection
