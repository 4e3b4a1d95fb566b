// `belgrand retention`: see what the retention policies would delete, then delete exactly that.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddRetention(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
