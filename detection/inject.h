// Contamination spikes put into a real history, to measure what no published data set labels.
//
// A spike multiplies what one to three consecutive sampled days of one site and target read: all
// rows of those days, replicates and amendments too. A non-detect is taken at half its LOD, an
// interval at its middle, and the result is held against the row's own limits again, so that a
// small spike under a high limit stays unseen, as it would in a laboratory. Spikes lie at least
// kApartDays apart and have at least kBefore sampled days before them.
// Same seed and history, same spikes, whatever the platform (random.h). Units: factors are ratios
// of gc/L. Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "detection/observation.h"
#include "platform/base/error.h"

namespace belgrand::detection {

struct InjectOptions {
  static constexpr int kApartDays = 42;
  static constexpr std::size_t kBefore = 12;

  int spikes = 100;
  std::uint64_t seed = 1;
  // Dealt out in turn.
  std::vector<double> factors = {10, 30, 100};
};

// "spikes=100,seed=1,factor=10:30:100", each part optional. InvalidArgument names the part.
base::StatusOr<InjectOptions> ParseInjectOptions(std::string_view text);

struct InjectedSpike {
  std::string site_id;
  std::string target;
  // Sampled days that were raised: the first, the last, how many.
  base::Day first{};
  base::Day last{};
  int samples = 0;
  double factor = 1;
  // When the first and the last of them became known.
  base::Day first_known{};
  base::Day last_known{};
};

struct Injection {
  std::vector<Observation> observations;  // in the order given
  // By site, target and day. Fewer than asked for where the history has no room for more.
  std::vector<InjectedSpike> spikes;
};

Injection InjectSpikes(const std::vector<Observation>& observations, const InjectOptions& options);

// "site,target,first,last,samples,factor,first_known,last_known" and a line a spike.
std::string SpikesCsv(const std::vector<InjectedSpike>& spikes);

}  // namespace belgrand::detection
