// `belgrand breach`: the file of a breach, computed from the audit log of a data directory, and its
// clocks.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddBreach(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
