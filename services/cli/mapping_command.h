// `belgrand mapping check FILE [--data FILE]`: whether a laboratory's mapping is whole, and what
// becomes of a file under it; nothing is sent.
//
// Exit codes: 0 the mapping fits and every row of the data would pass; 1 something does not; 2
// usage.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddMapping(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
