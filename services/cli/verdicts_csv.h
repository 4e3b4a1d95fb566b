// The verdicts of an import as a file that a spreadsheet opens beside the data.
#pragma once

#include <ostream>

#include "belgrand/ingest/v1/ingest.pb.h"
#include "sample/row.h"

namespace belgrand::cli {

// One line for each violation or warning, one line without a rule for a row that has none. Columns:
// row,sample_id,site_id,target,outcome,version,severity,rule,field,value,message,remedy,allowed.
// Borrows the stream; the caller checks its state at the end.
class VerdictsCsv {
 public:
  // Writes the header.
  explicit VerdictsCsv(std::ostream& out);
  void Write(const sample::Row& row, const ingest::v1::Verdict& verdict);

 private:
  void WriteLine(const sample::Row& row, const ingest::v1::Verdict& verdict, const char* severity,
                 const ingest::v1::Violation& finding);

  std::ostream& out_;
};

// "accepted", "duplicate", "amended" or "rejected".
const char* OutcomeName(ingest::v1::Verdict::Outcome outcome);

}  // namespace belgrand::cli
