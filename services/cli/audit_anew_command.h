// `belgrand audit begin-anew`: puts the audit log of a stopped service aside and begins the next.
#pragma once

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace belgrand::cli {

void AddBeginAnew(CLI::App& audit, RunSlot& run);

}  // namespace belgrand::cli
