// How often each of Belgrand's own detectors alarms where nothing rises: raised signals an
// area-year at every limit, measured on simulated districts without a wave or a spike
// (docs/methods.md, section 11, says with which command).
//
// It counts signals as the engine opens them, hysteresis and repeated looks included: what a
// p-value of one look does not tell. Between the measured limits the logarithm of the rate is
// linear; beyond them it goes on along the last two. Real districts in quiet times gave fewer.
// Thread safety: pure functions.
#pragma once

#include <string_view>

namespace belgrand::detection {

bool HasNullRate(std::string_view detector);
// Signals an area-year that score at least so much; falls as the score grows, finite and above
// zero. REQUIRES: HasNullRate(detector).
double NullRate(std::string_view detector, double score);
// The score of that rate, the other way round. REQUIRES: HasNullRate(detector), rate > 0.
double ScoreOfNullRate(std::string_view detector, double rate);

}  // namespace belgrand::detection
