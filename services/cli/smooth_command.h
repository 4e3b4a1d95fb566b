// belgrand smooth: the level of every site or district on every day, with hindsight.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddSmooth(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
