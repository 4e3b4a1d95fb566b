// `belgrand alerts silence ...` and `belgrand alerts route`: who is told of what.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

// Adds both to the command `alerts`.
void AddAlertRules(CLI::App& alerts, RunSlot& run);

}  // namespace belgrand::cli
