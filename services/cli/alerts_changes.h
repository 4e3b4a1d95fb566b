// belgrand alerts changes: what changed within a week, and why.
#pragma once

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace belgrand::cli {

void AddAlertsChanges(CLI::App& alerts, RunSlot& run);

}  // namespace belgrand::cli
