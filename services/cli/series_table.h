// The stored samples of one site and target as a table: raw, and beside that normalised.
//
// A row without what a normalisation needs has no value there, and the table says what is missing;
// nothing is filled in (sample/normalise.h). Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "alerting/language.h"
#include "sample/normalise.h"
#include "sample/sample.h"

namespace belgrand::cli {

// A sample with the same normalised, one for each way that was asked for, in their order.
struct SeriesRow {
  sample::Measurement raw;
  std::vector<sample::Normalised> normalised;
};

// In order of collection; `site` gives the population where a row gives none. The median flow is
// that of the rows themselves.
std::vector<SeriesRow> MakeSeries(std::vector<sample::Measurement> rows, const sample::Site& site,
                                  const std::vector<sample::Normalisation>& ways);

// For a person.
std::string SeriesText(const std::vector<SeriesRow>& rows,
                       const std::vector<sample::Normalisation>& ways, alerting::Language language);
// For a program: "collected_at,laboratory_id,sample_id,gene,method_id,censoring,gc_per_l,lod,loq"
// and of each way "<way>,<way>_lod,<way>_loq,<way>_missing".
std::string SeriesCsv(const std::vector<SeriesRow>& rows,
                      const std::vector<sample::Normalisation>& ways);

}  // namespace belgrand::cli
