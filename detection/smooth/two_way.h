// Streams of samples brought to one level: what each reads above the others in the same weeks.
//
// Thread safety: pure function.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace belgrand::detection {

struct TwoWayCell {
  std::size_t stream = 0;
  std::size_t week = 0;
  double value = 0;
};

// Alternating least squares of value = stream effect + week effect; returns the stream effects,
// with mean zero over the cells. A stream that shares no week with another keeps what it reads.
// Units: the values'. REQUIRES: every stream has a cell.
std::vector<double> StreamEffects(std::span<const TwoWayCell> cells, std::size_t streams,
                                  std::size_t weeks);

}  // namespace belgrand::detection
