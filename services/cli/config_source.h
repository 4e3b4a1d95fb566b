// The configuration of a command: a file, overridden by --set, completed by defaults, checked
// whole.
#pragma once

#include <string>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "services/shared/peers.h"

namespace CLI {
class App;
}

namespace belgrand::cli {

struct ConfigFlags {
  std::string file;                    // empty: defaults only
  std::vector<std::string> overrides;  // "ingest.max_batch_rows=100"
};

void AddConfigFlags(CLI::App& app, ConfigFlags& flags);

// The configuration of a process that serves these roles; empty: of one that serves none.
// InvalidArgument lists every problem, one a line.
base::StatusOr<config::v1::Config> LoadConfig(const ConfigFlags& flags,
                                              const std::vector<shared::RoleName>& roles);

}  // namespace belgrand::cli
