// What every role is given. References live longer than the roles.
#pragma once

#include <filesystem>

#include "platform/base/clock.h"
#include "platform/metrics/registry.h"
#include "services/shared/guard.h"
#include "services/shared/peers.h"

namespace belgrand::shared {

struct Runtime {
  const base::Clock& clock;
  metrics::Registry& metrics;
  // Channels are set once the server is bound: take stubs in Role::Start, not in Create.
  const Peers& peers;
  Guard& guard;
  // Exists; each role keeps its data in the folder of its name below it.
  std::filesystem::path data_dir;
};

}  // namespace belgrand::shared
