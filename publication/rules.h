// What may be published of which site, how late and how coarse. docs/publication.md has the reasons
// and where each figure comes from.
//
// The figures here are floors: an operator makes them stricter, never looser.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::publication {

// Numbers are persisted (docs/formats/publication.md) and cannot be changed.
enum class SiteClass : std::uint8_t {
  // More than Rules::large_population persons.
  kLarge = 1,
  kMedium = 2,
  // An institution, or fewer than Rules::minimum_population persons: never published alone.
  kProtected = 3,
};
std::string_view NameOf(SiteClass site_class);

struct ClassRules {
  // From the end of the period to the first day on which it may be published.
  int delay_days = 0;
  int significant_digits = 0;
};

struct Rules {
  std::int64_t minimum_population = 3'000;
  std::int64_t large_population = 50'000;
  // Sites that nobody sees alone, behind one number.
  int minimum_sites = 3;
  // Of the persons behind one number, of those sites: the largest one's part at most.
  int dominance_percent = 80;
  // The attacker's estimate of a protected contribution is off by this much at least.
  int protection_percent = 25;
  ClassRules large = {.delay_days = 2, .significant_digits = 3};
  ClassRules medium = {.delay_days = 7, .significant_digits = 2};
  // Of numbers that hold a protected site.
  ClassRules shielded = {.delay_days = 14, .significant_digits = 2};

  const ClassRules& Of(SiteClass site_class) const;
};

enum class InstitutionKind : std::uint8_t { kNone, kInstitution };
SiteClass Classify(std::int64_t persons, InstitutionKind kind, const Rules& rules);

// InvalidArgument names every figure that is looser than its floor, or out of range.
base::Status CheckRules(const Rules& rules);

// thousandths as a decimal number of so many significant digits, half away from zero; exact.
// REQUIRES: thousandths >= 0, digits > 0.
std::string RoundedText(std::int64_t thousandths, int digits);

}  // namespace belgrand::publication
