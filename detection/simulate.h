// A simulator of wastewater samples: for the demonstration where no published data are at hand, and
// for measuring detection where the truth is known.
//
// Generator (docs/methods.md, section 8), per catchment and target, in log10 gc/L and days:
//   level     district level + site offset + own random walk. The district level is a slow random
//   walk
//             held near its mean, plus the injected waves: a logistic climb of 0.7 to 1.6 log10
//             over three to six weeks, then an exponential decline.
//   sampling  every 3 to 7 days by site, one visit in ten missed, now and then a gap of weeks.
//   noise     normal, sd by laboratory 0.2 to 0.3; one sample in fifty an outlier of sd 1.
//   spikes    at some sites, one to three consecutive samples read 1 to 2 log10 too high.
//   limits    LOD and LOQ by laboratory; below LOD a row is below_lod or not_detected, between the
//   limits
//             below_loq.
//   known     one to six days after collection.
// The same seed gives the same bytes: the random numbers and their distributions are the project's
// own. Thread safety: Simulate is a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/time.h"
#include "sample/sample.h"

namespace belgrand::detection {

struct SimulationOptions {
  std::uint64_t seed = 1;
  int districts = 4;
  // In each district.
  int sites = 4;
  int days = 365;
  base::Day first_day{std::chrono::days(18628)};  // 2021-01-01
  // In each district, spread over the days.
  int waves = 2;
  // Injected into each district, at sites chosen at random.
  int spikes = 2;
  std::string target = "sars-cov-2";
};

struct SimulatedSample {
  sample::Measurement measurement;
  std::size_t site = 0;  // index into Simulation::sites
};

// What was injected.
struct TrueEvent {
  bool spike = false;
  // Site of a spike, district of a wave.
  std::string area_id;
  std::string target;
  base::Day onset{};
  // Of a spike: the day of its last sample.
  base::Day peak{};
  double size_log10 = 0;
};

struct Simulation {
  std::vector<sample::Site> sites;
  // In order of known_at.
  std::vector<SimulatedSample> samples;
  std::vector<TrueEvent> events;
};

// InvalidArgument names the option that is out of its range.
base::StatusOr<Simulation> Simulate(const SimulationOptions& options);

// "kind,area,target,onset,peak,size_log10".
std::string EventsCsv(const std::vector<TrueEvent>& events);

}  // namespace belgrand::detection
