// The project's own sample CSV: one row a measurement. Format: docs/formats/sample_csv.md.
//
// Thread safety: externally synchronised.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "sample/row.h"
#include "sample/sample_file.h"

namespace belgrand::sample {

// The columns that every writer of the format writes, in this order.
inline constexpr std::string_view kSampleCsvHeader =
    "sample_id,site_id,district_id,population,collected_on,known_on,target,value,unit,censoring,"
    "lod,"
    "loq,flow_m3_per_day,lab_id,method_id";

// InvalidArgument names every column that is missing, unknown or repeated.
base::StatusOr<std::unique_ptr<RowMapper>> NewSampleCsvMapper(
    const std::vector<std::string>& header);

// Writes the fifteen columns above; quality flags and personal fields are left out.
// Borrows the stream; the caller checks its state at the end.
class SampleCsvWriter {
 public:
  // Writes the header.
  explicit SampleCsvWriter(std::ostream& out);
  // An instant at midnight UTC is written as a date.
  void Write(const Row& row, const Site& site);

 private:
  std::ostream& out_;
};

}  // namespace belgrand::sample
