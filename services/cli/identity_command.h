// `belgrand identity`: tokens of people and limits of certificates: create, list, revoke.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddIdentity(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
