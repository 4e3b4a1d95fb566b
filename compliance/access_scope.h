// What an identity may read and write: belgrand.compliance.v1.AccessScope, checked and applied.
//
// A row is within a scope when its laboratory is named (or none is), and its site or the site's
// district is named (or neither is). A scope that names nothing holds nothing.
//
// Thread safety: as a value.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "belgrand/compliance/v1/identity.pb.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

// InvalidArgument: names nothing, names everything and something, more than 1,000 ids, or one that
// is not 1 to 128 visible ASCII characters.
base::Status CheckScope(const v1::AccessScope& scope);

class AccessScope {
 public:
  // Of nothing.
  AccessScope() = default;
  explicit AccessScope(v1::AccessScope scope) : scope_(std::move(scope)) {}
  static AccessScope Everything();

  bool everything() const { return scope_.everything(); }
  // Whether nothing is within it.
  bool Empty() const;
  bool LimitsLaboratories() const { return !everything() && !scope_.laboratory_ids().empty(); }
  bool LimitsPlaces() const { return !everything() && (LimitsSites() || LimitsDistricts()); }
  bool LimitsDistricts() const { return !everything() && !scope_.district_ids().empty(); }
  bool LimitsSites() const { return !everything() && !scope_.site_ids().empty(); }

  bool HoldsLaboratory(std::string_view laboratory_id) const;
  // A site, with the districts it belongs to.
  bool HoldsPlace(std::string_view site_id, std::span<const std::string> district_ids) const;
  // What is said of a district as a whole comes from all its sites and all laboratories: it takes a
  // scope that names the district, or everything.
  bool HoldsDistrict(std::string_view district_id) const;
  // The one laboratory it names; empty when it names none or several.
  std::string OnlyLaboratory() const;

  const v1::AccessScope& proto() const { return scope_; }

 private:
  v1::AccessScope scope_;
};

}  // namespace belgrand::compliance
