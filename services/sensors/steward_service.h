// How the role answers for what it stores: retention, called by compliance.
//
// Thread safety: safe. Borrows everything it is given.
#pragma once

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "platform/base/clock.h"
#include "services/sensors/sensor_store.h"
#include "services/shared/guard.h"

namespace belgrand::sensors {

class StewardServiceImpl final : public compliance::v1::SensorsStewardService::Service {
 public:
  StewardServiceImpl(SensorStore& store, shared::Guard& guard, const base::Clock& clock)
      : store_(store), guard_(guard), clock_(clock) {}

  grpc::Status PlanExpiry(grpc::ServerContext* context,
                          const compliance::v1::PlanExpiryRequest* request,
                          compliance::v1::PlanExpiryResponse* response) override;
  // FAILED_PRECONDITION: `now` lies after the service's clock.
  grpc::Status ApplyExpiry(grpc::ServerContext* context,
                           const compliance::v1::ApplyExpiryRequest* request,
                           compliance::v1::ApplyExpiryResponse* response) override;

 private:
  SensorStore& store_;
  shared::Guard& guard_;
  const base::Clock& clock_;
};

}  // namespace belgrand::sensors
