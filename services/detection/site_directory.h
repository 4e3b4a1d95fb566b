// Where each site lies and how many people it serves, as the catalogue of sites says now.
//
// Thread safety: none; the follower owns it.
#pragma once

#include <map>
#include <string>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/error.h"
#include "sample/sample.h"

namespace belgrand::detection {

class SiteDirectory {
 public:
  // Borrows the stub.
  explicit SiteDirectory(timeseries::v1::SiteService::StubInterface& sites) : sites_(sites) {}

  // Reads the whole catalogue.
  base::Status Refresh();
  // nullptr: not in the catalogue as last read.
  const sample::Site* Find(const std::string& site_id) const;
  std::size_t size() const { return by_id_.size(); }

 private:
  timeseries::v1::SiteService::StubInterface& sites_;
  std::map<std::string, sample::Site> by_id_;
};

}  // namespace belgrand::detection
