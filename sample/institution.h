// What a sampling site stands for: the classes of NWSS institution_type.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace belgrand::sample {

// Numbers are persisted (belgrand.timeseries.v1.InstitutionClass) and cannot be changed.
enum class Institution : int {
  kNotSaid = 0,
  kNotSpecific = 1,
  kCorrectional = 2,
  kNursingHome = 3,
  kAssistedLiving = 4,
  kOtherLongTermCare = 5,
  kHospitalShortStay = 6,
  kHospitalLongStay = 7,
  kChildDayCare = 8,
  kSchool = 9,
  kHigherEducationDorm = 10,
  kHigherEducationOther = 11,
  kShelter = 12,
  kOtherResidential = 13,
  kShip = 14,
  kAirplane = 15,
  kOtherWorksite = 16,
  kAirport = 17,
};
inline constexpr int kInstitutions = 18;

// "not institution specific", "correctional", ...; empty for kNotSaid.
std::string_view InstitutionName(Institution institution);
// Those words; case, spaces, '_', '-' and ',' carry no meaning.
std::optional<Institution> ParseInstitution(std::string_view text);
std::string InstitutionList();

}  // namespace belgrand::sample
