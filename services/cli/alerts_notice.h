// `belgrand alerts notice`: read, approve, refuse and withdraw public notices.
#pragma once

#include <CLI/CLI.hpp>

#include "services/cli/command.h"

namespace belgrand::cli {

void AddAlertsNotice(CLI::App& alerts, RunSlot& run);

}  // namespace belgrand::cli
