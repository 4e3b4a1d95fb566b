// What is wrong with the `access` block of a configuration; joined by `belgrand check-config`.
//
// Thread safety: safe. Reads the issuers' key files, changes nothing.
#pragma once

#include <string>
#include <vector>

#include "belgrand/config/v1/config.pb.h"

namespace belgrand::compliance {

// Every problem, "<field>: what is wrong; what to do"; empty: none.
std::vector<std::string> CheckAccessConfig(const config::v1::Access& access);

}  // namespace belgrand::compliance
