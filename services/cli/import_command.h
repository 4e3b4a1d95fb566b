// `belgrand import FILE`: sends a file of samples to a service, with a verdict for every row.
//
// Exit codes: 0 every row was accepted, amended or known already; 1 a row was rejected, or the file
// or the service failed; 2 usage.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddImport(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
