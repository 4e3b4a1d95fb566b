// SiteService on the wire: the catalogue of sampling sites.
//
// Thread safety: safe. Borrows everything it is given.
#pragma once

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/clock.h"
#include "services/shared/guard.h"
#include "services/timeseries/site_catalogue.h"

namespace belgrand::timeseries {

class SiteServiceImpl final : public v1::SiteService::Service {
 public:
  static constexpr int kMaxSitesPerRequest = 10000;

  SiteServiceImpl(SiteCatalogue& sites, shared::Guard& guard, const base::Clock& clock)
      : sites_(sites), guard_(guard), clock_(clock) {}

  grpc::Status PutSites(grpc::ServerContext* context, const v1::PutSitesRequest* request,
                        v1::PutSitesResponse* response) override;
  grpc::Status ListSites(grpc::ServerContext* context, const v1::ListSitesRequest* request,
                         v1::ListSitesResponse* response) override;
  grpc::Status GetSiteHistory(grpc::ServerContext* context,
                              const v1::GetSiteHistoryRequest* request,
                              v1::GetSiteHistoryResponse* response) override;

 private:
  SiteCatalogue& sites_;
  shared::Guard& guard_;
  const base::Clock& clock_;
};

}  // namespace belgrand::timeseries
