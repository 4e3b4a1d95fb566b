// The reasons of a signal: what an official needs to judge it; words.h puts them into a paragraph.
//
// Pure functions: the same track and finding give the same bytes.
#pragma once

#include <string>

#include "detection/detector.h"
#include "detection/signal.h"
#include "detection/track.h"

namespace belgrand::detection {

// Streams not sampled for longer do not speak for their area.
inline constexpr double kActiveDays = 60;
inline constexpr double kNaturalLogOfTen = 2.302585092994046;

// Fills everything but the explanation and what strength.h says of it. REQUIRES: the track is not
// empty.
Evidence CollectEvidence(AreaLevel level, const Track& track, const DetectorInfo& detector,
                         const Finding& finding);

// Probability that the growth rate is above zero.
double ProbabilityRising(const TrendFilter& filter);

}  // namespace belgrand::detection
