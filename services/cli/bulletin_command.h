// belgrand bulletin: the week's bulletin as pages and PDF, into an archive of versions.
#pragma once

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace belgrand::cli {

void AddBulletin(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
