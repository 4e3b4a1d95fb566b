// The numbers that a release would like to hold, before the attacker has seen them: the
// population-weighted mean concentration of sites, districts and the whole, by target and period.
//
// A mean with public weights is a linear equation of what the sites contribute: unknown is one
// site's mean concentration of one week, in thousandths of gc/L, its weight the persons it serves
// there. Results under their limit count as zero, so a mean is a lower bound; it is a derived
// number, the stored results keep their censoring.
//
// Thread safety: pure functions. Weeks begin on Mondays (ISO 8601); periods of several weeks are
// counted from Monday 1970-01-05, so that two releases never cut time differently by accident.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/time.h"
#include "publication/attack.h"
#include "publication/rules.h"

namespace belgrand::publication {

// What one site says of one target in one week.
struct SiteWeek {
  std::string site_id;
  std::string target;
  // A Monday.
  base::Day week;
  // Mean of the results, in thousandths of gc/L.
  std::int64_t milli_gc_per_l = 0;
  // Some result was over its limit.
  bool detected = false;
  SiteClass site_class = SiteClass::kProtected;
  // Whom it serves there and then, by district; each greater than zero.
  std::map<std::string, std::int64_t> persons;
  // The district in which the site is counted once.
  std::string district_id;
};

// Numbers are persisted and cannot be changed.
enum class Level : std::uint8_t { kTotal = 1, kDistrict = 2, kSite = 3 };
std::string_view NameOf(Level level);

enum class Verdict : std::uint8_t {
  // Fit to be published if the attacker agrees.
  kWanted = 1,
  kReleased,
  // By the attacker: it would give away others.
  kSecondary,
  kTooEarly,
  kFewSites,
  kDominated,
  kSmallPopulation,
};
std::string_view NameOf(Verdict verdict);

// What a contribution is known by over all releases.
struct UnknownKey {
  std::string site_id;
  std::string target;
  base::Day week;

  friend auto operator<=>(const UnknownKey&, const UnknownKey&) = default;
};

struct Cell {
  Level level = Level::kTotal;
  // Empty for the total.
  std::string area_id;
  std::string target;
  base::Day period_start;
  Equation equation;
  // Persons-weeks: the sum of the weights.
  std::int64_t weight = 0;
  int sites = 0;
  // The largest sum of persons in one week.
  std::int64_t persons = 0;
  // The most careful of the sites' classes.
  SiteClass site_class = SiteClass::kLarge;
  Verdict verdict = Verdict::kWanted;
};

struct PlanOptions {
  Rules rules;
  int period_weeks = 1;
  // Publish sites by themselves where their class allows it. Otherwise every site is protected.
  enum class Sites : std::uint8_t { kNever, kWhereAllowed } sites = Sites::kNever;
  // Published at the earliest on this day.
  base::Day publication_day;
};

struct Plan {
  std::vector<UnknownKey> keys;
  std::vector<Unknown> unknowns;
  // Whether the site's class (not the choice of levels) protects it: remembered for ever.
  std::vector<Protection> class_protection;
  // Sites first, by persons; then the total; then districts, by persons.
  std::vector<Cell> cells;
};

base::Day PeriodStart(base::Day week, int period_weeks);

// `was_protected` holds what earlier releases protected: a site that has grown since is not
// published alone for those weeks. InvalidArgument: a week that is no Monday, two entries of one
// site, target and week, a value below zero, or sums beyond what 63 bits hold.
base::StatusOr<Plan> MakePlan(const std::vector<SiteWeek>& weeks,
                              const std::vector<UnknownKey>& was_protected,
                              const PlanOptions& options);

// The mean of a cell, in thousandths of gc/L, half up; exact.
std::int64_t MeanOf(const Cell& cell, const std::vector<Unknown>& unknowns);

}  // namespace belgrand::publication
