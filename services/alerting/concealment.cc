#include "services/alerting/concealment.h"

#include <string_view>
#include <utility>

#include "alerting/alert_id.h"

namespace belgrand::alerting {

std::string WithoutOthers(const compliance::AccessScope& scope, std::string text) {
  if (scope.everything()) return text;
  constexpr std::string_view kElsewhere = "an alert elsewhere";
  // An id holds neither brackets nor blanks: they are percent-encoded.
  for (std::size_t open = text.find('('); open != text.npos; open = text.find('(', open + 1)) {
    const std::size_t close = text.find_first_of("()", open + 1);
    if (close == text.npos) break;
    const auto key = ParseAlertId(std::string_view(text).substr(open + 1, close - open - 1));
    if (!key.ok() || scope.HoldsDistrict(key->district_id)) continue;
    text.replace(open + 1, close - open - 1, kElsewhere);
  }
  return text;
}

v1::Alert Concealed(const compliance::AccessScope& scope, v1::Alert alert) {
  alert.set_muted_by(WithoutOthers(scope, std::move(*alert.mutable_muted_by())));
  return alert;
}

v1::AlertEvent Concealed(const compliance::AccessScope& scope, v1::AlertEvent event) {
  event.set_cause(WithoutOthers(scope, std::move(*event.mutable_cause())));
  if (event.has_alert()) {
    *event.mutable_alert() = Concealed(scope, std::move(*event.mutable_alert()));
  }
  return event;
}

v1::Delivery Concealed(const compliance::AccessScope& scope, v1::Delivery delivery) {
  delivery.set_last_result(WithoutOthers(scope, std::move(*delivery.mutable_last_result())));
  return delivery;
}

}  // namespace belgrand::alerting
