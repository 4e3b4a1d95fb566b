// How much stands behind a finding: how many samples, and how many of them free of doubt.
//
// Weak evidence does not silence a signal and does not let it shout: it is raised at the lowest
// severity and says "verify" (suppression matrix, docs/methods.md section 1). A spike is weak when
// its sample is doubtful, anything else when fewer than half of the detections of the last three
// weeks are free of doubt. The presence of a rare pathogen is never weak: it asks for confirmation
// anyway. Thread safety: pure function.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "detection/detector.h"
#include "sample/quality.h"

namespace belgrand::detection {

struct Strength {
  bool weak = false;
  // Of the samples that the finding stands on, in order of their numbers, each once.
  std::vector<sample::Doubt> doubts;
  // Set when so few samples stand behind it that they are worth a word.
  std::optional<std::size_t> few;
};

Strength StrengthOf(const DetectorInfo& detector, const AreaView& view);

}  // namespace belgrand::detection
