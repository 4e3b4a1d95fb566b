// The identity of an alert: one per (district, target, rule), the same for every episode.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::alerting {

struct AlertKey {
  std::string district_id;
  std::string target;
  std::string rule;

  friend bool operator==(const AlertKey&, const AlertKey&) = default;
  friend auto operator<=>(const AlertKey&, const AlertKey&) = default;
};

// Everything but letters, digits and "-._~" becomes %XX (RFC 3986), so that "/" only separates.
std::string PercentEncode(std::string_view text);

// "<district>/<target>/<rule>", each part percent-encoded.
std::string FormatAlertId(const AlertKey& key);

// InvalidArgument: not three non-empty parts, or a broken percent escape.
base::StatusOr<AlertKey> ParseAlertId(std::string_view alert_id);

}  // namespace belgrand::alerting
