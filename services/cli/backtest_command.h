// belgrand backtest: the service's own detection code over a file of samples.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddBacktest(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
