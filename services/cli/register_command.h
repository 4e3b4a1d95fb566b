// belgrand register, belgrand notice, belgrand fiche make|verify: documents computed from the
// schema, the configuration and the data directory. docs/documents.md.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddRegister(CLI::App& app, RunSlot& run);
void AddNotice(CLI::App& app, RunSlot& run);
void AddFiche(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
