// The names that the columns of a file have, in the verdicts on its rows.
//
// A verdict names fields of belgrand.ingest.v1.Sample; whoever mends the file looks for its column.
// The two differ in the project's own CSV (collected_at stands in collected_on) and under a
// mapping. Files of other profiles are computed from (a value from several columns, a unit from
// none): their verdicts keep the names of the fields.
//
// Thread safety: immutable once made.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "belgrand/ingest/v1/ingest.pb.h"
#include "sample/formats/mapping.h"
#include "sample/sample_file.h"

namespace belgrand::cli {

class VerdictColumns {
 public:
  VerdictColumns() = default;
  // `mapping` may be null.
  VerdictColumns(sample::Profile profile, const sample::Mapping* mapping);

  // Puts the file's columns into the findings of a verdict: field, message and remedy.
  void Rename(ingest::v1::Verdict& verdict) const;

 private:
  std::string Renamed(std::string_view text) const;

  // Field -> column, where they differ.
  std::map<std::string, std::string, std::less<>> columns_;
};

}  // namespace belgrand::cli
