// `belgrand backup create|list|verify|drill` and `belgrand restore`.
//
// create asks a running service; the others read a backup folder and need none.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddBackup(CLI::App& app, RunSlot& run);
void AddRestore(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
