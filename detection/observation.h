// What the engine is fed, and what one sample says on the log scale.
//
// An Observation is one version of one row as the service learnt it; a LogValue is the part of it
// that the likelihood sees: an interval of log10 gc/L, which is a point for a quantified value. A
// non-detect is never turned into a number. Values only. Units: gc/L in, log10 gc/L out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/time.h"
#include "sample/sample.h"

namespace belgrand::detection {

struct Observation {
  sample::Measurement measurement;
  // The district that acts on the site, and the persons it serves, from the catalogue of sites.
  std::string district_id;
  double population = 0;
  // Where those persons live, when the sample was collected; empty: all in district_id. The sample
  // counts in each of these districts with its share of the persons.
  std::vector<sample::DistrictShare> shares = {};
  // When the value became known: the only clock the engine has.
  base::Instant known_at{};
  // Number in the change feed; ascending over calls.
  std::uint64_t feed_sequence = 0;
  // From 1; a higher version of (laboratory, sample, target, gene) replaces the lower one.
  std::uint32_t version = 1;
  // This version takes the row back: `measurement` says which row and when, and no more.
  bool voided = false;
};

// low < high: somewhere between (either may be infinite); low == high: quantified.
struct LogValue {
  double low = 0;
  double high = 0;
  bool quantified() const { return low == high; }
};

// nullopt: the row says nothing that detection may use, because a quality flag holds it (methods:
// NTC amplified, analysis failed, sample compromised; a non-detect under inhibition or bad
// transport), or because the limit that its censoring needs is absent. A quantified value under
// inhibition, warm or late transport is a lower bound: those errors bias downward only.
std::optional<LogValue> ToLogValue(const sample::Measurement& measurement);

// Rows of one site and day from one laboratory and method count once: the median row, or, where the
// two middle rows differ, their mean (both quantified) or the interval they span. REQUIRES: not
// empty.
LogValue CombineReplicates(std::vector<LogValue> rows);

// What is read under one laboratory and method at one site; another gene, version of the method,
// sampler (grab, passive, composite), matrix or fraction is another measurement, with a level of
// its own.
std::string StreamOf(const sample::Measurement& row);

}  // namespace belgrand::detection
