// Rows for tests: one that is right, to be spoilt in one place at a time.
#pragma once

#include <string>
#include <vector>

#include "sample/catalogue.h"
#include "sample/row.h"

namespace belgrand::sample {

inline base::Instant At(const char* text) { return *base::ParseInstant(text); }

inline Catalogue TwoSites() {
  return Catalogue({{.site_id = "Seafield",
                     .name = "Seafield works",
                     .district_id = "Lothian",
                     .population_served = 600000},
                    {.site_id = "Shieldhall",
                     .name = "Shieldhall works",
                     .district_id = "Glasgow",
                     .population_served = 500000}});
}

inline Row GoodRow() {
  Row row;
  row.sample_id = "S-1";
  row.laboratory_id = "lab-1";
  row.site_id = "Seafield";
  row.collected_at.value = At("2021-01-05");
  row.known_at.value = At("2021-01-07");
  row.target = "sars-cov-2";
  row.value.value = 25000;
  row.unit = "gc/L";
  row.censoring.value = Censoring::kNone;
  row.lod.value = 1316;
  row.loq.value = 11368;
  row.flow.number.value = 150000;
  row.method_id = "qpcr-n1";
  return row;
}

inline std::vector<std::string> RulesOf(const std::vector<Violation>& violations) {
  std::vector<std::string> rules;
  for (const Violation& violation : violations) {
    rules.push_back(violation.field + ":" + std::string(RuleName(violation.rule())));
  }
  return rules;
}

}  // namespace belgrand::sample
