// What judges, written down: the engine and the detectors in use as the release brings them, and
// what the configuration chooses and expects. Kept at each start at which it is another than
// before, so that officials can be told what changed and why.
//
// Thread safety: SetupOf and SameSetup are pure functions; the service is safe.
#pragma once

#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "belgrand/detection/v1/setup.grpc.pb.h"
#include "detection/engine.h"
#include "services/shared/guard.h"

namespace belgrand::detection {

// Without `since`.
v1::Setup SetupOf(const Engine& engine, const config::v1::Detection& config);
// Whatever their `since` and release.
bool SameSetup(const v1::Setup& a, const v1::Setup& b);

class SetupServiceImpl final : public v1::SetupService::Service {
 public:
  // Borrows the guard; `setups` oldest first.
  SetupServiceImpl(shared::Guard& guard, std::vector<v1::Setup> setups)
      : guard_(guard), setups_(std::move(setups)) {}

  grpc::Status ListSetups(grpc::ServerContext* context, const v1::ListSetupsRequest* request,
                          v1::ListSetupsResponse* response) override;

 private:
  shared::Guard& guard_;
  const std::vector<v1::Setup> setups_;
};

}  // namespace belgrand::detection
