#include "services/timeseries/site_service.h"

#include <cmath>
#include <set>

#include "platform/rpc/status.h"
#include "sample/validate.h"
#include "services/timeseries/convert.h"

namespace belgrand::timeseries {
namespace {

constexpr std::size_t kMaxNameBytes = 200;
// More than any catchment on Earth serves.
constexpr double kMaxPopulation = 1e8;
// What fits into the trailer of an answer (8 KiB); the message says how many there are in all.
constexpr std::size_t kMaxViolationsListed = 20;

using Violations = std::vector<std::pair<std::string, std::string>>;

void CheckIdentifier(const std::string& field, const std::string& value, Violations& violations) {
  if (sample::IsIdentifier(value)) return;
  violations.emplace_back(
      field, fmt::format("'{}' is not an identifier: write 1 to {} of A-Z a-z 0-9 . _ : / - and "
                         "spaces inside",
                         value.substr(0, sample::kMaxIdentifierCharacters),
                         sample::kMaxIdentifierCharacters));
}

Violations CheckSites(const v1::PutSitesRequest& request) {
  Violations violations;
  std::set<std::string_view> seen;
  for (int i = 0; i < request.sites_size(); ++i) {
    const v1::Site& site = request.sites(i);
    const std::string path = fmt::format("sites[{}].", i);
    CheckIdentifier(path + "site_id", site.site_id(), violations);
    CheckIdentifier(path + "district_id", site.district_id(), violations);
    if (site.name().size() > kMaxNameBytes) {
      violations.emplace_back(path + "name", fmt::format("has {} bytes: shorten it to {}",
                                                         site.name().size(), kMaxNameBytes));
    }
    const double population = site.population_served();
    if (!(population > 0) || population > kMaxPopulation) {
      violations.emplace_back(
          path + "population_served",
          fmt::format("{} is not a number of persons: it is greater than 0 and at most {:.0f}",
                      population, kMaxPopulation));
    }
    if (!seen.insert(site.site_id()).second) {
      violations.emplace_back(path + "site_id",
                              "is named twice in this request: send each site once");
    }
  }
  return violations;
}

base::Status Validate(const v1::PutSitesRequest& request) {
  if (request.sites().empty() || request.sites_size() > SiteServiceImpl::kMaxSitesPerRequest) {
    return base::InvalidArgument("{} sites in one request: send 1 to {}", request.sites_size(),
                                 SiteServiceImpl::kMaxSitesPerRequest);
  }
  Violations violations = CheckSites(request);
  if (violations.empty()) return base::OkStatus();
  const base::Status status =
      base::InvalidArgument("{} violation(s), nothing was stored; the first: {} {}",
                            violations.size(), violations.front().first, violations.front().second);
  if (violations.size() > kMaxViolationsListed) violations.resize(kMaxViolationsListed);
  return rpc::WithFieldViolations(status, violations);
}

}  // namespace

grpc::Status SiteServiceImpl::PutSites(grpc::ServerContext* context,
                                       const v1::PutSitesRequest* request,
                                       v1::PutSitesResponse* response) {
  return guard_.Unary(*context, "belgrand.timeseries.v1.SiteService.PutSites",
                      [&](const shared::Caller&, shared::CallReport& report) -> base::Status {
                        report.object_kind = "site";
                        report.record_count = static_cast<std::uint64_t>(request->sites_size());
                        RETURN_IF_ERROR(Validate(*request));
                        std::vector<storage::v1::SiteRecord> sites;
                        for (const v1::Site& site : request->sites())
                          sites.push_back(ToSiteRecord(site));
                        ASSIGN_OR_RETURN(const PutSitesResult result,
                                         sites_.Put(sites, clock_.Now()));
                        response->set_added(result.added);
                        response->set_changed(result.changed);
                        response->set_unchanged(result.unchanged);
                        return base::OkStatus();
                      });
}

grpc::Status SiteServiceImpl::ListSites(grpc::ServerContext* context,
                                        const v1::ListSitesRequest* request,
                                        v1::ListSitesResponse* response) {
  return guard_.Unary(*context, "belgrand.timeseries.v1.SiteService.ListSites",
                      [&](const shared::Caller&, shared::CallReport& report) -> base::Status {
                        report.object_kind = "site";
                        const SiteList list = sites_.List(request->district_id());
                        report.record_count = list.sites.size();
                        for (const auto& site : list.sites) *response->add_sites() = ToSite(site);
                        response->set_catalogue_version(list.catalogue_version);
                        return base::OkStatus();
                      });
}

}  // namespace belgrand::timeseries
