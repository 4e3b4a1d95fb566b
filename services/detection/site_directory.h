// Where each site lies and how many people it serves, as the catalogue of sites says now.
//
// Thread safety: none; the follower owns it.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"
#include "sample/sample.h"
#include "services/detection/backoff.h"

namespace belgrand::detection {

class SiteDirectory {
 public:
  // Borrows both.
  SiteDirectory(timeseries::v1::SiteService::StubInterface& sites, StopSignal& stop)
      : sites_(sites), stop_(stop) {}

  static constexpr base::Duration kMaxAge = std::chrono::seconds(5);

  // Reads the whole catalogue. Cancelled: stopped meanwhile.
  base::Status Refresh(base::Instant now);
  // The same, if it was last read kMaxAge ago.
  base::Status RefreshIfOld(base::Instant now);
  // nullptr: not in the catalogue as last read.
  const sample::Site* Find(const std::string& site_id) const;
  std::size_t size() const { return by_id_.size(); }

 private:
  timeseries::v1::SiteService::StubInterface& sites_;
  StopSignal& stop_;
  std::map<std::string, sample::Site> by_id_;
  base::Instant read_at_{};
};

}  // namespace belgrand::detection
