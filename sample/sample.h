// A measurement as Belgrand thinks of it: one target (and gene) in one sample, in gc/L, with its
// censoring. A row is named by (laboratory, sample, target, gene).
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
  kInhibitionAddressed = 7,
  kTraceContamination = 8,
  kEstimated = 9,
  kLimitEstimated = 10,
  kUnquantified = 11,
  kOutOfRange = 12,
  kOutlier = 13,
  kFrozen = 14,
  kWrongStorage = 15,
  kSpilled = 16,
  kLowVolume = 17,
  kTimeNotRecorded = 18,
  kNotLabelled = 19,
  kNoConcern = 20,
  kOtherConcern = 21,
};

// Closed sets; 0 is "not said". Numbers are persisted (belgrand.ingest.v1) and cannot be changed;
// what each means stands in proto/belgrand/ingest/v1/sample.proto.
enum class Sampling : int {
  kNotSaid = 0,
  kGrab = 1,
  kCompositeTime = 2,
  kCompositeFlow = 3,
  kCompositeVolume = 4,
  kCompositeManual = 5,
  kCompositeOther = 6,
  kPassive = 7,
};

enum class Matrix : int {
  kNotSaid = 0,
  kRawWastewater = 1,
  kPostGritRemoval = 2,
  kPrimarySludge = 3,
  kPrimaryEffluent = 4,
  kSecondarySludge = 5,
  kSecondaryEffluent = 6,
  kSeptage = 7,
  kHoldingTank = 8,
};

enum class Fraction : int { kNotSaid = 0, kLiquid = 1, kSolid = 2, kMixed = 3 };

enum class Inhibition : int {
  kNotSaid = 0,
  kAbsent = 1,
  kNotTested = 2,
  kAdjusted = 3,
  kUnadjusted = 4,
};

// Of a control that must stay empty.
enum class Control : int { kNotSaid = 0, kClean = 1, kAmplified = 2, kNotRun = 3 };

// How, when and what was collected.
struct Collection {
  Sampling sampling = Sampling::kNotSaid;
  Matrix matrix = Matrix::kNotSaid;
  Fraction fraction = Fraction::kNotSaid;
  // From the first portion to the last.
  std::optional<double> composite_hours;
  std::optional<base::Instant> started_at;
  std::optional<base::Instant> received_at;
  std::optional<double> received_celsius;
  // From the end of collection to the extraction.
  std::optional<double> hold_hours;

  friend bool operator==(const Collection&, const Collection&) = default;
};

// What the laboratory's controls say.
struct Controls {
  // Of the spiked control; absent: not tested.
  std::optional<double> recovery_percent;
  Inhibition inhibition = Inhibition::kNotSaid;
  Control no_template_control = Control::kNotSaid;
  Control extraction_blank = Control::kNotSaid;

  friend bool operator==(const Controls&, const Controls&) = default;
};

// Measured in the same sample, to normalise with.
struct Normalisers {
  std::optional<double> ammonium_mg_n_per_l;
  std::optional<double> pmmov_gc_per_l;

  friend bool operator==(const Normalisers&, const Normalisers&) = default;
};

// One of the measurements that a value summarises, in gc/L; its limits are those of the row.
struct Replicate {
  std::optional<double> value;
  Censoring censoring = Censoring::kNone;

  friend bool operator==(const Replicate&, const Replicate&) = default;
};

// The numbers that may come in another unit than they are stored in.
enum class ReportedColumn : int {
  kValue = 1,
  kLod = 2,
  kLoq = 3,
  kReplicate = 4,
  kFlow = 5,
  kReceivedTemperature = 6,
  kAmmonium = 7,
  kPmmov = 8,
};

// A number as the laboratory wrote it.
struct Reported {
  ReportedColumn column = ReportedColumn::kValue;
  double number = 0;
  std::string unit;
  // With kReplicate: which, from 0.
  std::uint32_t replicate = 0;

  friend bool operator==(const Reported&, const Reported&) = default;
};

// One row that has passed validation: concentrations and limits in gc/L.
struct Measurement {
  std::string laboratory_id;
  std::string sample_id;
  std::string site_id;
  std::string target;
  // The gene that was amplified, lower case; empty: not said. Part of the row's identity.
  std::string gene;
  // End of the collection.
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
  std::string method_version;
  // Ascending, each once.
  std::vector<QualityFlag> quality_flags;
  Collection collection;
  Controls controls;
  Normalisers normalisers;
  std::vector<Replicate> replicates;
  // Every number that came in another unit, as it was written.
  std::vector<Reported> reported;
  // The sample of the same laboratory of which this is a new analysis; empty: none.
  std::string retest_of;
};

// How many persons a site serves from an instant on; absent: from the beginning.
struct DatedPopulation {
  std::optional<base::Instant> valid_from;
  double persons = 0;

  friend bool operator==(const DatedPopulation&, const DatedPopulation&) = default;
};

// Which part of a site's persons, 0 to 1, lives in a district.
struct DistrictShare {
  std::string district_id;
  double share = 0;

  friend bool operator==(const DistrictShare&, const DistrictShare&) = default;
};

struct DatedDistricts {
  std::optional<base::Instant> valid_from;
  std::vector<DistrictShare> shares;

  friend bool operator==(const DatedDistricts&, const DatedDistricts&) = default;
};

// A sampling site of the catalogue.
struct Site {
  std::string site_id;
  std::string name;
  // Whose officials act on the site.
  std::string district_id;
  // Persons, greater than zero; the newest number.
  double population_served = 0;
  // In order of valid_from; before the first entry the first one holds. Empty: population_served.
  std::vector<DatedPopulation> populations = {};
  // Likewise; empty: all persons in district_id.
  std::vector<DatedDistricts> districts = {};

  double PopulationAt(base::Instant at) const;
  std::vector<DistrictShare> SharesAt(base::Instant at) const;
};

}  // namespace belgrand::sample
