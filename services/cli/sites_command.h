// belgrand sites: the catalogue of sites from files, and what it holds now and held before.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddSites(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
