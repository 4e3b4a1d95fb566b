// `belgrand subject access|rectify|restrict|object` and the case book behind them.
#pragma once

#include "services/cli/command.h"

namespace CLI {
class App;
}

namespace belgrand::cli {

void AddSubjectRights(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
