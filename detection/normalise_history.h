// A history read in another measure: each value and limit normalised (sample/normalise.h), for a
// backtest or a curve that asks for it.
//
// What was known then is all that is used: the site's median flow is that of the rows before, and a
// row that lacks what is needed is left out and counted by what it lacks; as a higher version it
// takes the lower one with it. Nothing is filled in. Values are in the unit of the normalisation,
// but for the ratio to PMMoV, which is given in copies per million, as the methods expect numbers
// of the size of concentrations. Pure function.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "detection/observation.h"
#include "sample/normalise.h"

namespace belgrand::detection {

struct NormaliseReport {
  std::uint64_t normalised = 0;
  std::uint64_t left_out = 0;
  // By what is missing; a row may lack several things.
  std::map<std::string, std::uint64_t> missing;
};

// REQUIRES: `observations` in the order in which they became known.
std::vector<Observation> NormaliseHistory(std::vector<Observation> observations,
                                          sample::Normalisation normalisation,
                                          NormaliseReport& report);

// Of a column in that measure: "gc_per_100000_persons_day", "copies_per_million_pmmov"...
std::string_view ColumnOf(sample::Normalisation normalisation);

}  // namespace belgrand::detection
