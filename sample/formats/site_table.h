// A table of sites that lies beside files which name sites and say nothing of them.
//
// One CSV row a site; the columns are found under the names they have in the wild:
//  identifier: site_id, siteID, ARA_code, Site, name; name: name, ARA_name;
//  district: district_id, district, canton, bundesland, healthRegion, Health_Board;
//  population: population, population_served, popServ, catchment_area, einwohner, Population.
// Identifiers are made as the formats make them (IdentifierOf), so that the two meet.
//
// Thread safety: immutable after Read.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "platform/base/error.h"
#include "sample/sample.h"
#include "sample/table_mapper.h"

namespace belgrand::sample {

class SiteTable {
 public:
  // InvalidArgument: a column is missing, or a row has no positive population; the row is named.
  static base::StatusOr<SiteTable> Read(RowSource& source);

  std::optional<Site> Find(std::string_view site_id) const;
  const std::map<std::string, Site, std::less<>>& sites() const { return sites_; }

 private:
  std::map<std::string, Site, std::less<>> sites_;
};

}  // namespace belgrand::sample
