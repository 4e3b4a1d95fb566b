#include "services/timeseries/site_service.h"

#include <algorithm>

#include "services/shared/timestamp.h"
#include "services/timeseries/scope.h"
#include "services/timeseries/site_check.h"
#include "services/timeseries/site_convert.h"

namespace belgrand::timeseries {
namespace {

// Below the limit of a message (16 MiB), with room for the rest of the answer.
constexpr std::size_t kMaxAnswerBytes = std::size_t{12} << 20;

constexpr char kListSites[] = "belgrand.timeseries.v1.SiteService.ListSites";
constexpr char kGetSiteHistory[] = "belgrand.timeseries.v1.SiteService.GetSiteHistory";

bool IsOnlyLaboratory(const shared::Caller& caller) {
  return std::ranges::all_of(caller.roles,
                             [](int role) { return role == privacy::v1::LABORATORY; });
}

base::Status CheckCount(const v1::PutSitesRequest& request) {
  if (request.sites().empty() || request.sites_size() > SiteServiceImpl::kMaxSitesPerRequest) {
    return base::InvalidArgument("{} sites in one request: send 1 to {}", request.sites_size(),
                                 SiteServiceImpl::kMaxSitesPerRequest);
  }
  return base::OkStatus();
}

}  // namespace

grpc::Status SiteServiceImpl::PutSites(grpc::ServerContext* context,
                                       const v1::PutSitesRequest* request,
                                       v1::PutSitesResponse* response) {
  return guard_.Unary(
      *context, "belgrand.timeseries.v1.SiteService.PutSites",
      [&](const shared::Caller&, shared::CallReport& report) -> base::Status {
        report.object_kind = "site";
        report.record_count = static_cast<std::uint64_t>(request->sites_size());
        RETURN_IF_ERROR(CheckCount(*request));
        const PutMode mode = request->dry_run() ? PutMode::kCheckOnly : PutMode::kStore;
        std::vector<storage::v1::SiteRecord> sites;
        for (const v1::Site& site : request->sites()) sites.push_back(ToSiteRecord(site));
        ASSIGN_OR_RETURN(const PutSitesResult result,
                         sites_.Put(sites, clock_.Now(), mode, CheckSites(*request)));
        report.object_ref = fmt::format("{}catalogue {}", request->dry_run() ? "dry run, " : "",
                                        result.catalogue_version);
        if (sites.size() == 1) {
          report.object_ref += ", site " + request->sites(0).site_id();
        }
        response->set_added(result.added);
        response->set_changed(result.changed);
        response->set_unchanged(result.unchanged);
        return base::OkStatus();
      });
}

grpc::Status SiteServiceImpl::ListSites(grpc::ServerContext* context,
                                        const v1::ListSitesRequest* request,
                                        v1::ListSitesResponse* response) {
  return guard_.Unary(
      *context, kListSites,
      [&](const shared::Caller& caller, shared::CallReport& report) -> base::Status {
        report.object_kind = "site";
        // The outline of a small catchment says where few people live.
        if (request->with_catchments() && IsOnlyLaboratory(caller)) {
          return base::PermissionDenied("catchments are not given to laboratories");
        }
        SiteQuery query{.district_id = request->district_id(),
                        .site_id = request->site_id(),
                        .as_of = {},
                        .with_polygons = request->with_catchments()};
        if (request->has_as_of()) query.as_of = shared::ToInstant(request->as_of());
        ASSIGN_OR_RETURN(SiteList list, sites_.Read(query, clock_.Now()));
        if (caller.scope.LimitsPlaces()) {
          const bool named = !request->site_id().empty() && !list.sites.empty();
          std::erase_if(list.sites, [&](const storage::v1::SiteRecord& site) {
            return !caller.scope.HoldsPlace(site.site_id(), DistrictsOf(site));
          });
          if (named && list.sites.empty()) {
            return guard_.Deny(caller, kListSites, NoSite(request->site_id(), query.as_of));
          }
        }
        report.record_count = list.sites.size();
        std::size_t bytes = 0;
        for (const auto& site : list.sites) {
          bytes += request->with_catchments() ? site.ByteSizeLong() : 0;
          if (bytes > kMaxAnswerBytes) {
            return base::ResourceExhausted(
                "the catchments of {} sites do not fit into one answer: ask site by site",
                list.sites.size());
          }
          *response->add_sites() = ToSite(site);
        }
        response->set_catalogue_version(list.catalogue_version);
        return base::OkStatus();
      });
}

grpc::Status SiteServiceImpl::GetSiteHistory(grpc::ServerContext* context,
                                             const v1::GetSiteHistoryRequest* request,
                                             v1::GetSiteHistoryResponse* response) {
  return guard_.Unary(
      *context, kGetSiteHistory,
      [&](const shared::Caller& caller, shared::CallReport& report) -> base::Status {
        report.object_kind = "site";
        ASSIGN_OR_RETURN(const auto versions, sites_.History(request->site_id()));
        if (!caller.scope.HoldsPlace(request->site_id(), DistrictsOf(versions.back()))) {
          return guard_.Deny(caller, kGetSiteHistory, NoSite(request->site_id(), std::nullopt));
        }
        report.object_ref = request->site_id();
        report.record_count = versions.size();
        for (const auto& version : versions) {
          *response->add_versions() = ToSite(version);
        }
        return base::OkStatus();
      });
}

}  // namespace belgrand::timeseries
