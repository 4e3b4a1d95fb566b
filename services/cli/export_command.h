// `belgrand export`: stored samples as PHES-ODM tables or as a Frictionless data package.
//
// Reads one series after the other (a site and a target) as it stands now, or as it was known at
// --as-of. Personal fields and free text are no part of it.
//
// Exit codes: 0 everything was written; 1 the service or the disk failed; 2 usage.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddExport(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
