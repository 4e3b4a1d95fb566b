// The part of the configuration that speaks of witnesses: those of this audit log, and the role
// that is one itself.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "belgrand/config/v1/config.pb.h"

namespace belgrand::shared {

// Everything that is wrong, "<field>: what; what to do". Empty: it can run.
std::vector<std::string> CheckWitnesses(const config::v1::Config& config);

}  // namespace belgrand::shared
