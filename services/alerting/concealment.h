// What an alert says of alerts elsewhere: an inhibition names the alert that mutes another, which
// may be of a district that the caller may not know of.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "compliance/access_scope.h"

namespace belgrand::alerting {

// The text, with "an alert elsewhere" for every alert id in brackets that is outside the scope.
std::string WithoutOthers(const compliance::AccessScope& scope, std::string text);

v1::Alert Concealed(const compliance::AccessScope& scope, v1::Alert alert);
v1::AlertEvent Concealed(const compliance::AccessScope& scope, v1::AlertEvent event);
v1::Delivery Concealed(const compliance::AccessScope& scope, v1::Delivery delivery);

}  // namespace belgrand::alerting
