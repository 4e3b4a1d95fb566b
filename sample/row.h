// A row as it came, before anything is believed about it, and what can be said against it.
//
// The wire and every file format are turned into Row; Validate (sample/validate.h) turns a Row into
// a Measurement or a list of violations. So a mistake gets the same verdict whichever way it came.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/time.h"
#include "sample/sample.h"
#include "sample/violation.h"

namespace belgrand::sample {

// A field that is more than text: its value, or the text that could not be read as one.
template <typename T>
struct Field {
  std::optional<T> value;
  // Only where value is absent: what was written. Both empty: the field was absent.
  std::string text;

  bool absent() const { return !value.has_value() && text.empty(); }
};

// A number and the unit it is written in; no unit: that of the field in
// belgrand.ingest.v1.Sample.
struct Quantity {
  Field<double> number;
  std::string unit;

  bool absent() const { return number.absent(); }
};

struct RowReplicate {
  // In the row's unit.
  Field<double> value;
  Field<Censoring> censoring;
};

struct Row {
  // Row of the file as a spreadsheet counts them, the header being row 1; 0 when it came by the
  // wire.
  std::size_t line = 0;
  std::string sample_id;
  std::string laboratory_id;
  std::string site_id;
  std::string district_id;
  Field<base::Instant> collected_at;
  Field<base::Instant> known_at;
  std::string target;
  std::string gene;
  // Value, limits and replicates in `unit`.
  Field<double> value;
  std::string unit;
  Field<Censoring> censoring;
  Field<double> lod;
  Field<double> loq;
  // m3/d.
  Quantity flow;
  Field<double> population_served;
  std::string method_id;
  std::string method_version;
  Field<Sampling> sampling;
  Field<double> composite_hours;
  Field<base::Instant> started_at;
  Field<Matrix> matrix;
  Field<Fraction> fraction;
  Field<base::Instant> received_at;
  // Degrees Celsius.
  Quantity received_temperature;
  Field<double> hold_hours;
  Field<double> recovery_percent;
  Field<Inhibition> inhibition;
  Field<Control> no_template_control;
  Field<Control> extraction_blank;
  // mg of nitrogen per litre.
  Quantity ammonium;
  // gc/L.
  Quantity pmmov;
  std::vector<RowReplicate> replicates;
  std::vector<QualityFlag> quality_flags;
  std::vector<std::string> unknown_quality_flags;
  std::string retest_of;
  // Personal.
  std::string sampled_by;
  std::string analysed_by;
  std::string amended_by;
  // Typed by a person, so they may name one.
  std::string amendment_reason;
  std::string comment;
  // Fields that came twice, in their own unit and in another; and entries of `reported` that say a
  // column which has no other unit.
  std::vector<std::string> given_twice;
  std::vector<std::string> unknown_reported;
  // What the reader of the file already found wrong.
  std::vector<Violation> reader_violations;
};

}  // namespace belgrand::sample
