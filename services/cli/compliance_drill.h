// `belgrand compliance drill`: tries the promises of the compliance module on data of its own, in a
// temporary directory, and prints one table that a data-protection officer can read.
//
// Each line has a positive control where silence could pass for success: the altered log is first
// verified unaltered, the canary is first found where nothing hides it. What needs the service in
// operation or a person is not tried here; the table says where it is shown.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::cli {

struct DrillStep {
  std::string promise;
  // What was tried and counted; an error is what did not hold.
  std::function<base::StatusOr<std::string>(const std::string& directory)> run;
};

// Those that need no service, in the order of the table.
std::vector<DrillStep> ComplianceDrillSteps();

// Runs each step in an empty directory of its own and prints the table; false when one failed.
bool RunComplianceDrill(const std::vector<DrillStep>& steps, std::ostream& out);

}  // namespace belgrand::cli
