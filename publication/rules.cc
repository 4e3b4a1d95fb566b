#include "publication/rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace belgrand::publication {
namespace {

void Check(std::string_view name, std::int64_t value, std::int64_t low, std::int64_t high,
           std::string& problems) {
  if (value >= low && value <= high) return;
  problems += fmt::format("{}{} is {}, and {} to {} are allowed", problems.empty() ? "" : "; ",
                          name, value, low, high);
}

}  // namespace

std::string_view NameOf(SiteClass site_class) {
  switch (site_class) {
    case SiteClass::kLarge:
      return "large";
    case SiteClass::kMedium:
      return "medium";
    case SiteClass::kProtected:
      return "protected";
  }
  return "";
}

const ClassRules& Rules::Of(SiteClass site_class) const {
  switch (site_class) {
    case SiteClass::kLarge:
      return large;
    case SiteClass::kMedium:
      return medium;
    case SiteClass::kProtected:
      break;
  }
  return shielded;
}

SiteClass Classify(std::int64_t persons, InstitutionKind kind, const Rules& rules) {
  if (kind == InstitutionKind::kInstitution || persons < rules.minimum_population) {
    return SiteClass::kProtected;
  }
  return persons > rules.large_population ? SiteClass::kLarge : SiteClass::kMedium;
}

base::Status CheckRules(const Rules& rules) {
  const Rules floor;
  std::string problems;
  Check("minimum_population", rules.minimum_population, floor.minimum_population, 10'000'000,
        problems);
  Check("large_population", rules.large_population,
        std::max(floor.large_population, rules.minimum_population), 100'000'000, problems);
  Check("minimum_sites", rules.minimum_sites, floor.minimum_sites, 1'000, problems);
  Check("dominance_percent", rules.dominance_percent, 34, floor.dominance_percent, problems);
  Check("protection_percent", rules.protection_percent, floor.protection_percent, 1'000, problems);
  const auto check = [&](std::string_view name, const ClassRules& own, const ClassRules& least) {
    Check(fmt::format("{}.delay_days", name), own.delay_days, least.delay_days, 3'660, problems);
    Check(fmt::format("{}.significant_digits", name), own.significant_digits, 1,
          least.significant_digits, problems);
  };
  check("large", rules.large, floor.large);
  check("medium", rules.medium, floor.medium);
  check("shielded", rules.shielded, floor.shielded);
  if (problems.empty()) return base::OkStatus();
  return base::InvalidArgument("publication rules may be made stricter, not looser: {}", problems);
}

std::string RoundedText(std::int64_t thousandths, int digits) {
  std::int64_t unit = 1;
  int length = 1;
  for (std::int64_t rest = thousandths / 10; rest > 0; rest /= 10) ++length;
  for (; length > digits; --length) unit *= 10;
  std::int64_t rounded = thousandths / unit;
  if (thousandths % unit >= unit - thousandths % unit) ++rounded;
  if (unit > 1 && rounded > INT64_MAX / unit) --rounded;
  rounded *= unit;
  std::string text = fmt::format("{}.{:03}", rounded / 1000, rounded % 1000);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace belgrand::publication
