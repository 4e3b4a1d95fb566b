#include "services/shared/site_districts.h"

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/log.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"

namespace belgrand::shared {
namespace {

constexpr base::Duration kMaxAge = std::chrono::seconds(10);
constexpr base::Duration kTimeout = std::chrono::seconds(10);

}  // namespace

void SiteDistricts::Load() {
  districts_.clear();
  loaded_at_ = clock_.Now();
  if (!peers_.Has(RoleName::kTimeseries)) return;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  timeseries::v1::ListSitesResponse response;
  const auto stub = timeseries::v1::SiteService::NewStub(peers_.Channel(RoleName::kTimeseries));
  const base::Status status = rpc::FromGrpc(stub->ListSites(&context, {}, &response));
  if (!status.ok()) {
    base::Log(base::LogLevel::kWarning, "site_districts_not_loaded", {{"reason", status}});
    return;
  }
  for (const auto& site : response.sites()) {
    auto& districts = districts_[site.site_id()];
    districts.push_back(site.district_id());
    if (site.districts().empty()) continue;
    for (const auto& share : site.districts().rbegin()->shares()) {
      districts.push_back(share.district_id());
    }
  }
}

std::vector<std::string> SiteDistricts::Of(std::string_view site_id) {
  const base::MutexLock lock(mutex_);
  const base::Instant now = clock_.Now();
  if (!loaded_at_ || now - *loaded_at_ > kMaxAge || now < *loaded_at_) Load();
  const auto found = districts_.find(site_id);
  return found == districts_.end() ? std::vector<std::string>() : found->second;
}

}  // namespace belgrand::shared
