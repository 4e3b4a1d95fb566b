// Readings of the sensors at one place in a sewer, with known discharges, storms and faults.
//
// Six sensors (flow, conductivity, pH, temperature, turbidity, ammonium) over a day and night
// profile whose weekends begin later, with noise that hangs together over a quarter of an hour and
// days that differ; pH and ammonium drift; storms thin, cool and stir up; faults are stuck sensors,
// lost hours, single wild readings and a slow fouling of the turbidity. Discharges are acid,
// alkali, organic (ammonium, turbidity and conductivity up) or salt (conductivity alone), of ten
// minutes to six hours, most under one. The points carry the flags that quality control gives them.
//
// A seed gives the same bytes. Thread safety: pure function.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "sensor/discharge.h"
#include "sensor/point.h"

namespace belgrand::sensor {

struct SewerOptions {
  std::uint64_t seed = 1;
  int days = 90;
  std::int64_t interval_s = 60;
  int discharges = 12;
  int storms = 10;
  int faults = 12;
  // Midnight, UTC.
  std::int64_t from_us = 1'609'459'200'000'000;  // 2021-01-01
};

struct SewerEvent {
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
  // Of a discharge: what it is; of others kUnclear.
  Signature kind = Signature::kUnclear;
  // Of a discharge: 0.5 (weak) to 2 (strong).
  double strength = 1;
};

struct SewerSimulation {
  std::vector<std::pair<Quantity, Points>> series;
  std::vector<SewerEvent> discharges;
  std::vector<SewerEvent> storms;
  std::vector<SewerEvent> faults;
};

// Discharges lie after the first fortnight and at least twelve hours apart; fewer where there is
// no room.
SewerSimulation SimulateSewer(const SewerOptions& options);

}  // namespace belgrand::sensor
