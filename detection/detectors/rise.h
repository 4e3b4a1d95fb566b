// The rise rule, shared by the site and the district detector: all of it but the threshold.
#pragma once

#include "detection/detector.h"

namespace belgrand::detection {

struct RiseRule {
  // Smallest increase that counts, log10: 40 % (the Missouri rule of thumb).
  double least_rise = 0.146;
  // Standard deviations by which the increase must exceed it: 90 %, one-sided.
  double limit = 1.282;
  // At that limit, growth must be so many standard deviations above none (82 %); at another, a
  // third as many more or fewer as the limit has. One threshold then trades both kinds of proof
  // against false alerts; with growth held fixed a lower limit soon changed nothing.
  double least_growth = 0.915;
  // Samples above their limit of detection in the last three weeks, at least so many.
  std::size_t least_detections = 3;
  // And at least this share of them.
  double least_detected_share = 1.0 / 3;
};

Finding MeasureRise(const AreaView& view, const RiseRule& rule);

}  // namespace belgrand::detection
