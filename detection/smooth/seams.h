// A change of method or laboratory without a week in common: how much the new one reads above the
// old one, as far as the samples about the seam tell.
//
// Streams that share weeks, directly or through others, make one segment (two_way.h brings those to
// one level). Where a segment follows another within kMostGapDays, what the samples of kAboutDays
// before and after the seam read is taken as  level + growth * days + offset of the new one,  with
// growth ~ N(0, kGrowthSd) and noise of kNoiseSd: Bayesian least squares, whose posterior of the
// offset is shown. A real change of level on the very day of the seam cannot be told from it.
// Everything is brought to what the newest segment reads. Units: log10; days.
// Thread safety: pure function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace belgrand::detection {

struct SeamCell {
  std::size_t stream = 0;
  std::int64_t day = 0;
  double value = 0;  // streams of one segment at one level
};

struct SeamOffset {
  // First sample of the new segment.
  std::int64_t day = 0;
  // A stream of either side: the one sampled last before, and first after.
  std::size_t before = 0;
  std::size_t after = 0;
  // What the new one reads above all that began before; bridged = false: too long a silence,
  // nothing is moved.
  double offset = 0;
  double sd = 0;
  bool bridged = false;
};

struct Bridge {
  // To be added to every value of the stream.
  std::vector<double> shift;
  // In order of day.
  std::vector<SeamOffset> seams;
};

inline constexpr std::int64_t kSeamMostGapDays = 28;
inline constexpr std::int64_t kSeamAboutDays = 28;

// REQUIRES: every stream has a cell.
Bridge BridgeSeams(std::span<const SeamCell> cells, std::size_t streams);

}  // namespace belgrand::detection
