// `belgrand alerts`: what an official does from a terminal: list, show, ack, resolve, follow,
// dead-letters.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddAlerts(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
