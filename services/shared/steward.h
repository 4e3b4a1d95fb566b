// How a role answers for what it stores: retention, planned and carried out for compliance.
//
// Every role that keeps records of people serves the same two methods under a name of its own; the
// role gives what its stores do, and this gives the rest.
//
// Thread safety: safe when the sweeps are; ApplyExpiry runs one at a time. Borrows the guard and
// the clock.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "compliance/holds.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "services/shared/guard.h"

namespace belgrand::shared {

struct Stewardship {
  // `holds`: the legal holds in force.
  using Sweep = std::function<base::StatusOr<std::vector<compliance::v1::ExpiryLine>>(
      base::Instant now, const compliance::HoldScopes& holds)>;
  std::string object_kind;  // what the audit log calls the records
  Sweep plan;               // changes nothing
  Sweep apply;
};

// Of a store that has both sweeps itself; it is borrowed.
template <typename Store>
Stewardship StewardshipOf(std::string object_kind, Store& store) {
  return {std::move(object_kind),
          [&store](base::Instant now, const compliance::HoldScopes& holds) {
            return store.PlanExpiry(now, holds);
          },
          [&store](base::Instant now, const compliance::HoldScopes& holds) {
            return store.ApplyExpiry(now, holds);
          }};
}

class Steward {
 public:
  // `service`: the full name of the gRPC service.
  Steward(std::string service, Stewardship stewardship, Guard& guard, const base::Clock& clock)
      : service_(std::move(service)),
        stewardship_(std::move(stewardship)),
        guard_(guard),
        clock_(clock) {}

  grpc::Status PlanExpiry(grpc::ServerContext& context,
                          const compliance::v1::PlanExpiryRequest& request,
                          compliance::v1::PlanExpiryResponse& response);
  // FAILED_PRECONDITION: `now` lies after the service's clock.
  grpc::Status ApplyExpiry(grpc::ServerContext& context,
                           const compliance::v1::ApplyExpiryRequest& request,
                           compliance::v1::ApplyExpiryResponse& response);

 private:
  const std::string service_;
  const Stewardship stewardship_;
  Guard& guard_;
  const base::Clock& clock_;
  base::Mutex one_at_a_time_;
};

// `Contract`: the generated service, for example compliance::v1::SensorsStewardService.
template <typename Contract>
class StewardService final : public Contract::Service {
 public:
  StewardService(Stewardship stewardship, Guard& guard, const base::Clock& clock)
      : steward_(Contract::service_full_name(), std::move(stewardship), guard, clock) {}

  grpc::Status PlanExpiry(grpc::ServerContext* context,
                          const compliance::v1::PlanExpiryRequest* request,
                          compliance::v1::PlanExpiryResponse* response) override {
    return steward_.PlanExpiry(*context, *request, *response);
  }
  grpc::Status ApplyExpiry(grpc::ServerContext* context,
                           const compliance::v1::ApplyExpiryRequest* request,
                           compliance::v1::ApplyExpiryResponse* response) override {
    return steward_.ApplyExpiry(*context, *request, *response);
  }

 private:
  Steward steward_;
};

}  // namespace belgrand::shared
