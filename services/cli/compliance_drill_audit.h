// The steps of the compliance drill that try the audit log.
#pragma once

#include <vector>

#include "services/cli/compliance_drill.h"

namespace belgrand::cli {

std::vector<DrillStep> AuditDrillSteps();

}  // namespace belgrand::cli
