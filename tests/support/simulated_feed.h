// A simulation as detection sees it: observations in the order in which they became known.
#pragma once

#include <vector>

#include "detection/observation.h"
#include "detection/simulate.h"

namespace belgrand::testing {

inline std::vector<detection::Observation> ObservationsOf(const detection::Simulation& simulation) {
  std::vector<detection::Observation> observations;
  observations.reserve(simulation.samples.size());
  for (const detection::SimulatedSample& sample : simulation.samples) {
    detection::Observation& o = observations.emplace_back();
    o.measurement = sample.measurement;
    o.district_id = simulation.sites[sample.site].district_id;
    o.population = simulation.sites[sample.site].population_served;
    o.known_at = *sample.measurement.known_at;
    o.feed_sequence = observations.size();
  }
  return observations;
}

}  // namespace belgrand::testing
