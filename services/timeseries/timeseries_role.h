// The time series role: samples, sites, their feed and their retention, over gRPC.
#pragma once

#include <memory>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "services/shared/role.h"
#include "services/shared/runtime.h"

namespace belgrand::timeseries {

// Opens (or creates) the database in <data_dir>/timeseries. Serves TimeseriesService, SiteService
// and TimeseriesStewardService. Errors as SampleStore::Open.
base::StatusOr<std::unique_ptr<shared::Role>> CreateTimeseriesRole(const config::v1::Config& config,
                                                                   const shared::Runtime& runtime);

}  // namespace belgrand::timeseries
