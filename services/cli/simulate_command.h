// belgrand simulate: samples of cities that do not exist, with known waves and spikes.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddSimulate(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
