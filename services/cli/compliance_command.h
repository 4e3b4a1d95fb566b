// `belgrand compliance`: the drill of the compliance module's promises.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddCompliance(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
