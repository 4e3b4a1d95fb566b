// What may stand in the catalogue of sites: of a request by itself, and of a site as it would be
// stored.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "belgrand/storage/v1/sample_record.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "platform/base/error.h"

namespace belgrand::timeseries {

// Field paths and what is wrong, with the remedy.
using Violations = std::vector<std::pair<std::string, std::string>>;

// Everything that can be said without the catalogue.
Violations CheckSites(const v1::PutSitesRequest& request);
// What only the site as a whole can break: a first entry without its fields, an acting district
// outside of the newest shares. `path` stands in front of the fields.
void CheckWhole(const storage::v1::SiteRecord& site, const std::string& path,
                Violations& violations);
// INVALID_ARGUMENT that carries them; nothing was stored. OK for none.
base::Status ToStatus(Violations violations);

}  // namespace belgrand::timeseries
