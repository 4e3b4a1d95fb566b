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
#include "sample/rule.h"
#include "sample/sample.h"

namespace belgrand::sample {

// What is wrong with one field. Personal values never stand in it.
struct Violation {
  // Name of the field in belgrand.ingest.v1.Sample.
  std::string field;
  // The offending value as text; kWithheld for a personal field.
  std::string value;
  Rule rule{};
  // What is wrong, in words.
  std::string message;
  // What to do about it.
  std::string remedy;
};

// Stands for every personal value in a violation.
inline constexpr std::string_view kWithheld = "(withheld)";

// A field that is more than text: its value, or the text that could not be read as one.
template <typename T>
struct Field {
  std::optional<T> value;
  // Only where value is absent: what was written. Both empty: the field was absent.
  std::string text;

  bool absent() const { return !value.has_value() && text.empty(); }
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
  // Value and limits in `unit`.
  Field<double> value;
  std::string unit;
  Field<Censoring> censoring;
  Field<double> lod;
  Field<double> loq;
  Field<double> flow_m3_per_day;
  Field<double> population_served;
  std::string method_id;
  std::vector<QualityFlag> quality_flags;
  std::vector<std::string> unknown_quality_flags;
  // Personal.
  std::string sampled_by;
  std::string analysed_by;
  std::string amendment_reason;
  // What the reader of the file already found wrong.
  std::vector<Violation> reader_violations;
};

}  // namespace belgrand::sample
