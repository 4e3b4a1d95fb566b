// Names by which alerts are told apart, checked where somebody types them: a rule or a target that
// no alert can have matches nothing, silently and for ever.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "belgrand/config/v1/config.pb.h"

namespace belgrand::cli {

// What is wrong with a name and what was meant; empty: alerts can have it.
std::string WrongTarget(std::string_view target);
std::string WrongRule(std::string_view rule);

// Of every match of routes and inhibitions, one problem a name.
std::vector<std::string> CheckAlertNames(const config::v1::Alerting& config);

}  // namespace belgrand::cli
