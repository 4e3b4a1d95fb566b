// `belgrand alerts cap`: an alert as a draft for a public notice (CAP 1.2).
#pragma once

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace belgrand::cli {

void AddAlertsCap(CLI::App& alerts, RunSlot& run);

}  // namespace belgrand::cli
