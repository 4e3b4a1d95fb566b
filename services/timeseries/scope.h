// What the services of this role answer for what lies outside a caller's scope: the same as for
// what is not there.
//
// Thread safety: functions are safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/storage/v1/sample_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::timeseries {

// NotFound.
base::Status NoSeries(std::string_view site_id);
base::Status NoSample(std::string_view laboratory_id, std::string_view sample_id,
                      std::string_view target, std::string_view gene);
base::Status NoSite(std::string_view site_id, const std::optional<base::Instant>& as_of);

// The district of a version of a site, and those of its newest dated ones.
std::vector<std::string> DistrictsOf(const storage::v1::SiteRecord& site);

}  // namespace belgrand::timeseries
