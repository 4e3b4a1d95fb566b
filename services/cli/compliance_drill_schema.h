// The steps of the compliance drill that try what is computed from the schema.
#pragma once

#include <vector>

#include "services/cli/compliance_drill.h"

namespace belgrand::cli {

std::vector<DrillStep> SchemaDrillSteps();

}  // namespace belgrand::cli
