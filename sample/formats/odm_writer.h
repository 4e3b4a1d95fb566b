// Writes measurements as long tables of PHES-ODM v2: sites, samples, measures, qualityReports.
//
// Every number is in the unit of the store. The profile odm_v2 reads the tables back as the same
// rows; docs/formats/odm.md says which column carries what, and what ODM has no part for.
//
// Thread safety: externally synchronised. Borrows the streams; the caller checks their state.
#pragma once

#include <cstddef>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "sample/sample.h"

namespace belgrand::sample {

struct OdmStreams {
  std::ostream& sites;
  std::ostream& samples;
  std::ostream& measures;
  std::ostream& quality_reports;
};

class OdmWriter {
 public:
  // Writes the headers.
  explicit OdmWriter(const OdmStreams& out);
  void PutSite(const Site& site);
  void Write(const Measurement& measurement);

 private:
  struct Value {
    std::string_view measure;
    std::string value;
    std::string_view unit;
    std::string_view aggregation = "sin";
    std::string_view specimen = "sa";
    std::string index = {};
  };

  // The sample's identifier in the tables; writes the sample when it is new.
  std::string SampleOf(const Measurement& m);
  // The identifier of the report.
  std::string WriteValue(const Measurement& m, const std::string& sample, const Value& value);
  void WriteBeside(const Measurement& m, const std::string& sample);
  void Flag(const std::string& report, std::string_view flag);

  const OdmStreams out_;
  std::size_t sets_ = 0;
  std::size_t reports_ = 0;
  std::size_t flags_ = 0;
  // Of each identifier the samples that bear it, as written.
  std::map<std::string, std::vector<std::string>> samples_;
};

}  // namespace belgrand::sample
