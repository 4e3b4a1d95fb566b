#include "services/ingest/site_cache.h"

#include <chrono>
#include <utility>

#include "platform/rpc/channel.h"
#include "services/ingest/peer_status.h"
#include "services/shared/sample_convert.h"

namespace belgrand::ingest {
namespace {

constexpr base::Duration kMaxAge = std::chrono::seconds(5);
constexpr base::Duration kTimeout = std::chrono::seconds(10);

}  // namespace

base::StatusOr<SiteCache::Snapshot> SiteCache::Get() {
  const base::MutexLock lock(mutex_);
  const base::Instant now = clock_.Now();
  // A clock that was set back must not freeze the catalogue.
  if (snapshot_ != nullptr && now >= loaded_at_ && now - loaded_at_ <= kMaxAge) return snapshot_;
  return Load();
}

base::StatusOr<SiteCache::Snapshot> SiteCache::NewerThan(const Snapshot& old) {
  const base::MutexLock lock(mutex_);
  if (snapshot_ != nullptr && snapshot_ != old) return snapshot_;
  return Load();
}

base::StatusOr<SiteCache::Snapshot> SiteCache::Load() {
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  timeseries::v1::ListSitesResponse response;
  RETURN_IF_ERROR(FromPeer(sites_.ListSites(&context, {}, &response), "the site catalogue"));
  auto catalogue = std::make_shared<sample::Catalogue>();
  for (const auto& site : response.sites()) catalogue->Put(shared::ToSite(site));
  snapshot_ = std::move(catalogue);
  loaded_at_ = clock_.Now();
  return snapshot_;
}

}  // namespace belgrand::ingest
