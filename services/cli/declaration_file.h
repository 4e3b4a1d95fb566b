// What the controller declares, read from the JSON file that several commands take.
#pragma once

#include <string>

#include "compliance/register.h"

namespace belgrand::cli {

// Empty path: nothing is declared.
base::StatusOr<compliance::Declaration> LoadDeclaration(const std::string& path);

}  // namespace belgrand::cli
