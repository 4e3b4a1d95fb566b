// Signals of tests, in one line each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "belgrand/detection/v1/detection.pb.h"

namespace belgrand::alerting::testing {

using detection::v1::Signal;

struct SignalSpec {
  detection::v1::AreaLevel level = detection::v1::DISTRICT;
  std::string area = "north";
  detection::v1::SignalKind kind = detection::v1::RISE;
  Signal::Phase phase = Signal::RAISED;
  detection::v1::Severity severity = detection::v1::WATCH;
  std::uint64_t feed = 1;
  std::string district = "north";
  std::string rule = "trend";
  std::string target = "SARS-CoV-2";
  std::uint64_t generation = 0;
  // Seconds; 0: the signal does not say.
  std::int64_t recorded = 0;
};

inline Signal MakeSignal(const SignalSpec& spec) {
  Signal signal;
  signal.set_level(spec.level);
  signal.set_area_id(spec.area);
  signal.set_district_id(spec.district);
  signal.set_target(spec.target);
  signal.set_detector(spec.rule);
  signal.set_detector_version("1");
  signal.set_kind(spec.kind);
  signal.set_phase(spec.phase);
  signal.set_severity(spec.severity);
  signal.set_feed_sequence(spec.feed);
  signal.set_signal_key(detection::v1::AreaLevel_Name(spec.level) + "/" + spec.area + "/" +
                        spec.target + "/" + spec.rule);
  signal.set_generation(spec.generation);
  if (spec.recorded != 0) signal.mutable_recorded_at()->set_seconds(spec.recorded);
  signal.mutable_observed_at()->set_seconds(1'600'000'000 + static_cast<std::int64_t>(spec.feed));
  signal.mutable_evidence()->set_score(static_cast<double>(spec.feed));
  return signal;
}

}  // namespace belgrand::alerting::testing
