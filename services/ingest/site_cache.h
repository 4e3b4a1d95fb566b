// Intake's copy of the site catalogue.
//
// Read again when it is older than five seconds, or at once when a row names a site that it does
// not hold: a site that was just registered must not be called unknown.
//
// Thread safety: safe.
#pragma once

#include <memory>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "sample/catalogue.h"

namespace belgrand::ingest {

class SiteCache {
 public:
  using Snapshot = std::shared_ptr<const sample::Catalogue>;

  // Borrows both.
  SiteCache(timeseries::v1::SiteService::StubInterface& sites, const base::Clock& clock)
      : sites_(sites), clock_(clock) {}

  // At most five seconds old. Unavailable: the time series service does not answer.
  base::StatusOr<Snapshot> Get();
  // Newer than `old`, read now unless another caller has read since.
  base::StatusOr<Snapshot> NewerThan(const Snapshot& old);

 private:
  base::StatusOr<Snapshot> Load() REQUIRES_LOCK(mutex_);

  timeseries::v1::SiteService::StubInterface& sites_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  Snapshot snapshot_ GUARDED_BY(mutex_);
  base::Instant loaded_at_ GUARDED_BY(mutex_){};
};

}  // namespace belgrand::ingest
