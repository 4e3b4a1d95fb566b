#include "compliance/access_scope.h"

#include <algorithm>

namespace belgrand::compliance {
namespace {

constexpr int kMaxIds = 1'000;
constexpr std::size_t kMaxIdBytes = 128;

using Ids = google::protobuf::RepeatedPtrField<std::string>;

bool Names(const Ids& ids, std::string_view id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

bool IsId(const std::string& text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

base::Status CheckScope(const v1::AccessScope& scope) {
  const int ids = scope.laboratory_ids_size() + scope.site_ids_size() + scope.district_ids_size();
  if (scope.everything() && ids > 0) {
    return base::InvalidArgument("the scope names everything and {} ids: choose", ids);
  }
  if (!scope.everything() && ids == 0) {
    return base::InvalidArgument(
        "the scope names nothing: name laboratories, sites or districts, or say everything");
  }
  if (ids > kMaxIds) {
    return base::InvalidArgument("the scope names {} ids, and the limit is {}", ids, kMaxIds);
  }
  for (const Ids* list : {&scope.laboratory_ids(), &scope.site_ids(), &scope.district_ids()}) {
    if (std::all_of(list->begin(), list->end(), IsId)) continue;
    return base::InvalidArgument("an id of the scope is not 1 to {} visible ASCII characters",
                                 kMaxIdBytes);
  }
  return base::OkStatus();
}

AccessScope AccessScope::Everything() {
  AccessScope scope;
  scope.scope_.set_everything(true);
  return scope;
}

bool AccessScope::Empty() const {
  return !everything() && scope_.laboratory_ids().empty() && scope_.site_ids().empty() &&
         scope_.district_ids().empty();
}

bool AccessScope::HoldsLaboratory(std::string_view laboratory_id) const {
  if (Empty()) return false;
  return !LimitsLaboratories() || Names(scope_.laboratory_ids(), laboratory_id);
}

bool AccessScope::HoldsPlace(std::string_view site_id,
                             std::span<const std::string> district_ids) const {
  if (Empty()) return false;
  if (!LimitsPlaces() || Names(scope_.site_ids(), site_id)) return true;
  return std::any_of(district_ids.begin(), district_ids.end(), [&](const std::string& district) {
    return Names(scope_.district_ids(), district);
  });
}

bool AccessScope::HoldsDistrict(std::string_view district_id) const {
  return everything() || (!LimitsLaboratories() && Names(scope_.district_ids(), district_id));
}

std::string AccessScope::OnlyLaboratory() const {
  return scope_.laboratory_ids_size() == 1 ? scope_.laboratory_ids(0) : "";
}

}  // namespace belgrand::compliance
