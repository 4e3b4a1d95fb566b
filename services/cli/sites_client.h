// What the sites command asks of a service, and the files it reads.
//
// Not thread-safe.
#pragma once

#include <grpcpp/channel.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/error.h"
#include "sample/formats/site_file.h"

namespace belgrand::cli {

// A table of sites (CSV, .xlsx) or GeoJSON, told apart by how it begins. Errors name the file.
base::StatusOr<sample::SiteFile> ReadSiteFile(const std::string& path,
                                              const sample::GeoJsonDefaults& defaults);

// Adds what a file says to what files before it said, each site once.
// InvalidArgument: it says otherwise; names the file, the site, the field and both values.
base::Status JoinSites(const std::string& path, std::vector<sample::SiteEntry> more,
                       std::vector<sample::SiteEntry>& all);

timeseries::v1::Site ToProto(const sample::SiteEntry& entry);

enum class SitesMode { kStore, kCheckOnly };

class SitesClient {
 public:
  explicit SitesClient(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(timeseries::v1::SiteService::NewStub(channel)) {}

  // All sites are checked by the service before the first is stored; then in calls of at most
  // 5,000 sites and 8 MiB, each all or nothing. Errors name the sites; where one comes in the
  // middle, what went before is stored and may be sent again.
  base::StatusOr<timeseries::v1::PutSitesResponse> Put(
      const std::vector<timeseries::v1::Site>& sites, SitesMode mode);
  base::StatusOr<timeseries::v1::ListSitesResponse> List(
      const timeseries::v1::ListSitesRequest& request);
  base::StatusOr<timeseries::v1::GetSiteHistoryResponse> History(const std::string& site_id);

 private:
  base::Status PutAll(const std::vector<timeseries::v1::Site>& sites, SitesMode mode,
                      timeseries::v1::PutSitesResponse& total);

  std::unique_ptr<timeseries::v1::SiteService::Stub> stub_;
};

}  // namespace belgrand::cli
