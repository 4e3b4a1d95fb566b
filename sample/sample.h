// A measurement as Belgrand thinks of it: one target in one sample, in gc/L, with its censoring.
//
// Values only: no clock, no I/O, no protobuf. The wire form is belgrand.ingest.v1.Sample, the file
// form docs/formats/sample_csv.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/time.h"

namespace belgrand::sample {

// Numbers are persisted (belgrand.ingest.v1.Censoring) and cannot be changed.
enum class Censoring : int {
  kNone = 1,
  kBelowLod = 2,
  kBelowLoq = 3,
  kNotDetected = 4,
};

// Numbers are persisted (belgrand.ingest.v1.QualityFlag) and cannot be changed.
enum class QualityFlag : int {
  kNtcAmplified = 1,
  kAnalysisFailed = 2,
  kInhibitionUnaddressed = 3,
  kWrongTemperature = 4,
  kDelayedArrival = 5,
  kSampleCompromised = 6,
};

// One row that has passed validation: concentrations and limits in gc/L.
struct Measurement {
  std::string laboratory_id;
  std::string sample_id;
  std::string site_id;
  std::string target;
  base::Instant collected_at{};
  // When the value became known; the caller decides what stands in for an absent one.
  std::optional<base::Instant> known_at;
  // Present with kNone; with a censored value only kept, never used as a number.
  std::optional<double> value;
  Censoring censoring = Censoring::kNone;
  std::optional<double> lod;
  std::optional<double> loq;
  std::optional<double> flow_m3_per_day;
  std::optional<double> population_served;
  std::string method_id;
  std::vector<QualityFlag> quality_flags;
};

// A sampling site of the catalogue.
struct Site {
  std::string site_id;
  std::string name;
  std::string district_id;
  // Persons, greater than zero.
  double population_served = 0;
};

}  // namespace belgrand::sample
