// `belgrand replay`: a file of samples through a running service in the order in which the values
// became known, with the alerts as an official's client receives them and a summary at the end.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddReplay(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
