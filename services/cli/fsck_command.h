// `belgrand fsck`: checks the invariants of a data directory that is not being served.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddFsck(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
