// Serves belgrand.operations.v1.OperationsService: backups of the roles of this process.
//
// Roles are copied in an order in which no copy knows more than those it was told by: detection
// before the time series it read, and before alerting, to which it hands over; the audit log last,
// for it tells of all of them.
//
// Thread safety: safe; one backup at a time.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/clock.h"
#include "platform/metrics/registry.h"
#include "services/shared/guard.h"
#include "services/shared/role.h"

namespace belgrand::operations {

class Operations {
 public:
  virtual ~Operations() = default;
  virtual grpc::Service& service() = 0;
  // Ends a backup that is under way, without a result, and refuses others.
  virtual void Stop() = 0;
};

// Borrows everything but the configuration.
std::unique_ptr<Operations> CreateOperations(const config::v1::Backup& config,
                                             std::vector<shared::Role*> roles,
                                             const base::Clock& clock, metrics::Registry& metrics,
                                             shared::Guard& guard);

}  // namespace belgrand::operations
