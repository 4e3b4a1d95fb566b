// The series that a published method is run on: what a view holds, as numbers.
//
// The methods take numbers, so here, and only here and in levels/, a non-detect becomes half its
// limit and an interval its middle; no alarm is given on a sample that is not quantified
// (published_methods.cc). Units: log10 gc/L; residuals in standard deviations.
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "detection/detector.h"
#include "detection/methods/dated_value.h"

namespace belgrand::detection {

// log10 of half the limit for a non-detect, of the middle of an interval on the log scale.
double AsNumber(const LogValue& value);

// One value a day over the view's steps. Streams are brought to one level by a two-way fit (stream
// and week, least squares): a site that joins or leaves does not move the series. The level itself
// is that of the streams' mean.
std::vector<DatedValue> LevelSeries(const AreaView& view);

// One-step-ahead residuals of the view's steps in order, without those that open a segment.
std::vector<double> ResidualSeries(const AreaView& view);

// Every sample that is known of one site, oldest first: the long past, then the window.
struct SiteSample {
  std::int64_t day = 0;
  std::string_view stream;  // of the view's track
  LogValue value;
};
struct SiteHistory {
  std::string site_id;
  std::vector<SiteSample> samples;
};
// By site name.
std::vector<SiteHistory> Histories(const AreaView& view);

}  // namespace belgrand::detection
