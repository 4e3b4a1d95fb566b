// `belgrand serve` and `belgrand check-config`.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddServe(CLI::App& app, RunSlot& run);
void AddCheckConfig(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
