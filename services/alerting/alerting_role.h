// The alerting role: alerts, their delivery and their retention, over gRPC.
#pragma once

#include <memory>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "services/shared/role.h"
#include "services/shared/runtime.h"

namespace belgrand::alerting {

// Opens (or creates) the database in <data_dir>/alerting. Serves AlertingService and
// AlertingStewardService; Start begins to deliver what is pending.
// InvalidArgument: every problem of the alerting configuration. Otherwise as AlertBook::Open.
base::StatusOr<std::unique_ptr<shared::Role>> CreateAlertingRole(const config::v1::Config& config,
                                                                 const shared::Runtime& runtime);

}  // namespace belgrand::alerting
