#include "services/detection/site_directory.h"

#include <grpcpp/client_context.h>

#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/shared/sample_convert.h"

namespace belgrand::detection {

base::Status SiteDirectory::Refresh(base::Instant now) {
  grpc::ClientContext context;
  rpc::SetTimeout(context, std::chrono::seconds(10));
  const StopSignal::Call call(stop_, context);
  timeseries::v1::ListSitesResponse response;
  const grpc::Status status = sites_.ListSites(&context, {}, &response);
  if (!status.ok()) return base::Annotate(rpc::FromGrpc(status), "reading the catalogue of sites");
  std::map<std::string, sample::Site> fresh;
  for (const timeseries::v1::Site& site : response.sites()) {
    fresh[site.site_id()] = shared::ToSite(site);
  }
  by_id_ = std::move(fresh);
  read_at_ = now;
  return base::OkStatus();
}

base::Status SiteDirectory::RefreshIfOld(base::Instant now) {
  // A clock that was set back makes it old, too.
  if (now >= read_at_ && now - read_at_ < kMaxAge) return base::OkStatus();
  return Refresh(now);
}

const sample::Site* SiteDirectory::Find(const std::string& site_id) const {
  const auto found = by_id_.find(site_id);
  return found == by_id_.end() ? nullptr : &found->second;
}

}  // namespace belgrand::detection
