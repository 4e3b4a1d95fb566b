// The answer for an alert or silence that is not there, and for one that a caller may not know of:
// the same.
#pragma once

#include <cstdint>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::alerting {

inline base::Status NoAlert(std::string_view alert_id) {
  return base::NotFound("no alert '{}': copy the id from a list of alerts", alert_id);
}

inline base::Status NoSilence(std::uint64_t silence_id) {
  return base::NotFound("no silence {}: look at the list of silences", silence_id);
}

}  // namespace belgrand::alerting
