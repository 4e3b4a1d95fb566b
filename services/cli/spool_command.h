// `belgrand spool list|show|drop`: what waits in a spool, and what became of what was sent.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddSpool(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
