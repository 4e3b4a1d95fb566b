// Writes measurements as the project's sample CSV with every column it has, in the units of the
// store. docs/formats/frictionless.md.
//
// Personal fields, free text and the numbers in the laboratory's own units are not part of a
// Measurement and so of no export.
//
// Thread safety: externally synchronised; the columns are constants.
#pragma once

#include <ostream>
#include <span>
#include <string_view>

#include "sample/sample.h"

namespace belgrand::sample {

struct CsvColumn {
  std::string_view name;
  // Of a Frictionless table schema: "string", "number", "date", "datetime", "any".
  std::string_view type;
  std::string_view description;
};

std::span<const CsvColumn> MeasurementCsvColumns();
std::span<const CsvColumn> SiteCsvColumns();

// Borrows the streams; the caller checks their state at the end.
class MeasurementCsvWriter {
 public:
  // Writes the headers.
  MeasurementCsvWriter(std::ostream& measurements, std::ostream& sites);
  void PutSite(const Site& site);
  void Write(const Measurement& measurement);

 private:
  std::ostream& measurements_;
  std::ostream& sites_;
};

}  // namespace belgrand::sample
