// `belgrand amend` and `belgrand void`: change stored samples, and say first what that touches.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddAmend(CLI::App& app, RunSlot& run);
void AddVoid(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
