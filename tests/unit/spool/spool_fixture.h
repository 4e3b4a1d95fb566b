// Rows and verdicts for tests of the spool.
#pragma once

#include <string>
#include <vector>

#include "services/spool/spool.h"

namespace belgrand::spool::testing {

inline v1::Row SampleRow(std::uint64_t line, const std::string& sample_id) {
  v1::Row row;
  row.set_line(line);
  row.mutable_sample()->set_sample_id(sample_id);
  row.mutable_sample()->set_laboratory_id("lab-a");
  row.mutable_sample()->set_sampled_by("J. Snow");
  return row;
}

inline std::vector<v1::Row> SampleRows(const std::string& prefix, std::size_t count) {
  std::vector<v1::Row> rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back(SampleRow(i + 2, prefix + std::to_string(i)));
  }
  return rows;
}

// One verdict for each row.
inline VerdictList Accept(const std::vector<v1::Row>& rows) {
  VerdictList verdicts;
  for (const v1::Row& row : rows) {
    auto& verdict = *verdicts.Add();
    verdict.set_sample_id(row.sample().sample_id());
    verdict.set_outcome(ingest::v1::Verdict::ACCEPTED);
  }
  return verdicts;
}

}  // namespace belgrand::spool::testing
