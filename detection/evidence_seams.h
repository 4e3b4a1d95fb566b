// Where the samples that a detector looks at cross a change of how they are measured, and what
// bridges it.
//
// The filter gives every stream of a site (laboratory, method, version, gene, sampler, matrix,
// fraction) an offset of its own, so that a new stream moves an offset and not the level. The
// difference of the two offsets, as known with the newest sample, is what the new one is taken to
// read above the old one. After a silence that starts the level anew nothing is compared. Genes
// that one assay reads side by side are no seam. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "detection/signal.h"
#include "detection/track.h"

namespace belgrand::detection {

// Of the newest 90 days, at most kMostSeams, the newest; oldest first. REQUIRES: not empty.
std::vector<Seam> SeamsOf(AreaLevel level, const Track& track);

inline constexpr std::size_t kMostSeams = 8;

}  // namespace belgrand::detection
