// The answer for an alert, notice or silence that is not there, and for one that a caller may not
// know of: the same.
#pragma once

#include <cstdint>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::alerting {

inline base::Status NoAlert(std::string_view alert_id) {
  return base::NotFound("no alert '{}': copy the id from a list of alerts", alert_id);
}

inline base::Status NoNotice(std::uint64_t notice_id) {
  return base::NotFound("no public notice {}: look at the list of notices", notice_id);
}

inline base::Status NoSilence(std::uint64_t silence_id) {
  return base::NotFound("no silence {}: look at the list of silences", silence_id);
}

}  // namespace belgrand::alerting
