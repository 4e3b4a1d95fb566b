// belgrand publish release|check: the one way on which numbers leave for the public.
// docs/publication.md.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddPublish(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
