// The steps of the compliance drill that need a running service or a publication: erasure, restore,
// the documents and the publication gate.
#pragma once

#include <vector>

#include "services/cli/compliance_drill.h"

namespace belgrand::cli {

std::vector<DrillStep> LivingDrillSteps();

}  // namespace belgrand::cli
