// `belgrand health`: asks a server's gRPC health service, for probes and scripts.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddHealth(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
