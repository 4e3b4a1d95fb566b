// `belgrand retention hold`: legal holds; `belgrand retention approve`: the second person.
#pragma once

#include <string>

#include "belgrand/compliance/v1/hold.pb.h"
#include "services/cli/command.h"

namespace belgrand::cli {

// One line, ended.
std::string HoldText(const compliance::v1::Hold& hold);

void AddHoldCommands(CLI::App& retention, RunSlot& run);

}  // namespace belgrand::cli
