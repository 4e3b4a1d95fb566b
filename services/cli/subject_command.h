// `belgrand subject`: what the service may do for, and with, the data of one person.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddSubject(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
