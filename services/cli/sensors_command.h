// belgrand sensors: the catalogue of sensors, and their readings.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddSensors(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
