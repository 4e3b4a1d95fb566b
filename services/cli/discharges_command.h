// belgrand sensors discharges | simulate: what departs from the daily profile at a site, and
// made-up readings to try it on.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

// Adds both to `sensors`.
void AddDischarges(CLI::App& sensors, RunSlot& run);

}  // namespace belgrand::cli
