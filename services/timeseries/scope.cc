#include "services/timeseries/scope.h"

namespace belgrand::timeseries {

base::Status NoSeries(std::string_view site_id) {
  return base::NotFound("site '{}' is not in the catalogue: list the sites, or add it", site_id);
}

base::Status NoSample(std::string_view laboratory_id, std::string_view sample_id,
                      std::string_view target, std::string_view gene) {
  return base::NotFound("laboratory '{}' has no sample '{}' with target '{}' and gene '{}'",
                        laboratory_id, sample_id, target, gene);
}

base::Status NoSite(std::string_view site_id, const std::optional<base::Instant>& as_of) {
  return base::NotFound("site '{}' is not in the catalogue{}", site_id,
                        as_of ? " as of that instant" : "");
}

std::vector<std::string> DistrictsOf(const storage::v1::SiteRecord& site) {
  std::vector<std::string> districts = {site.district_id()};
  if (site.districts().empty()) return districts;
  for (const auto& share : site.districts().rbegin()->shares()) {
    districts.push_back(share.district_id());
  }
  return districts;
}

}  // namespace belgrand::timeseries
