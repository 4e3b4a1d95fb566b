#include "services/timeseries/site_check.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "platform/rpc/status.h"
#include "sample/validate.h"
#include "services/timeseries/site_convert.h"

namespace belgrand::timeseries {
namespace {

constexpr std::size_t kMaxNameBytes = 200;
constexpr int kMaxPopulations = 200;
constexpr int kMaxDatedDistricts = 50;
constexpr int kMaxShares = 50;
constexpr double kShareSlack = 1e-6;
// More than any catchment on Earth serves.
constexpr double kMaxPopulation = 1e8;
// Years 1900 to 2199.
constexpr std::int64_t kFirstSecond = -2208988800;
constexpr std::int64_t kLastSecond = 7258118399;
// What fits into the trailer of an answer (8 KiB); the message says how many there are in all.
constexpr std::size_t kMaxViolationsListed = 20;

void CheckIdentifier(const std::string& field, const std::string& value, Violations& violations) {
  if (sample::IsIdentifier(value)) return;
  violations.emplace_back(
      field, fmt::format("'{}' is not an identifier: write 1 to {} of A-Z a-z 0-9 . _ : / - and "
                         "spaces inside",
                         value.substr(0, sample::kMaxIdentifierCharacters),
                         sample::kMaxIdentifierCharacters));
}

void CheckPersons(const std::string& field, double persons, Violations& violations) {
  if (persons > 0 && persons <= kMaxPopulation) return;
  violations.emplace_back(
      field, fmt::format("{} is not a number of persons: it is greater than 0 and at most {:.0f}",
                         persons, kMaxPopulation));
}

// Ascending instants, the first one perhaps without.
template <typename Entries>
void CheckDates(const std::string& path, const Entries& entries, Violations& violations) {
  for (int i = 0; i < entries.size(); ++i) {
    const std::string field = fmt::format("{}[{}].valid_from", path, i);
    if (!entries[i].has_valid_from()) {
      if (i > 0) violations.emplace_back(field, "is missing: only the first entry may have none");
      continue;
    }
    const std::int64_t seconds = entries[i].valid_from().seconds();
    if (seconds < kFirstSecond || seconds > kLastSecond) {
      violations.emplace_back(field, "lies outside of the years 1900 to 2199: correct it");
    } else if (i > 0 && entries[i - 1].has_valid_from() &&
               seconds <= entries[i - 1].valid_from().seconds()) {
      violations.emplace_back(field, "does not come after the entry before it: sort by date");
    }
  }
}

void CheckPopulations(const std::string& path, const v1::Site& site, Violations& violations) {
  if (site.populations_size() > kMaxPopulations) {
    violations.emplace_back(path + "populations",
                            fmt::format("has {} entries: at most {} are kept",
                                        site.populations_size(), kMaxPopulations));
    return;
  }
  CheckDates(path + "populations", site.populations(), violations);
  for (int i = 0; i < site.populations_size(); ++i) {
    const double persons = site.populations(i).persons();
    if (persons == 0) continue;
    CheckPersons(fmt::format("{}populations[{}].persons", path, i), persons, violations);
  }
}

void CheckDistricts(const std::string& path, const v1::Site& site, Violations& violations) {
  if (site.districts_size() > kMaxDatedDistricts) {
    violations.emplace_back(path + "districts",
                            fmt::format("has {} entries: at most {} are kept",
                                        site.districts_size(), kMaxDatedDistricts));
    return;
  }
  CheckDates(path + "districts", site.districts(), violations);
  for (int i = 0; i < site.districts_size(); ++i) {
    const auto& shares = site.districts(i).shares();
    const std::string entry = fmt::format("{}districts[{}]", path, i);
    if (shares.size() > kMaxShares) {
      violations.emplace_back(
          entry, fmt::format("has {} shares: send at most {}", shares.size(), kMaxShares));
      continue;
    }
    double sum = 0;
    std::set<std::string_view> seen;
    for (int j = 0; j < shares.size(); ++j) {
      const std::string field = fmt::format("{}.shares[{}].", entry, j);
      CheckIdentifier(field + "district_id", shares[j].district_id(), violations);
      if (!seen.insert(shares[j].district_id()).second) {
        violations.emplace_back(field + "district_id", "is named twice: add the shares up");
      }
      if (!(shares[j].share() > 0) || shares[j].share() > 1) {
        violations.emplace_back(
            field + "share",
            fmt::format("{} is no share: it is greater than 0 and at most 1", shares[j].share()));
      }
      sum += shares[j].share();
    }
    if (sum > 1 + kShareSlack) {
      violations.emplace_back(entry, fmt::format("has shares that add up to {}: at most 1", sum));
    }
  }
}

void CheckArea(const std::string& path, const v1::Site& site, Violations& violations) {
  if (!site.has_catchment() || site.catchment().polygons().empty()) return;
  for (const auto& polygon : site.catchment().polygons()) {
    for (const auto& ring : polygon.rings()) {
      if (ring.positions_size() % 2 == 0) continue;
      violations.emplace_back(path + "catchment",
                              "has a ring with an odd number of numbers: each position is a "
                              "longitude and a latitude");
      return;
    }
  }
  for (const auto& [where, what] : sample::CheckCatchment(ToCatchment(site.catchment()))) {
    violations.emplace_back(path + "catchment." + where, what);
  }
}

}  // namespace

Violations CheckSites(const v1::PutSitesRequest& request) {
  Violations violations;
  std::set<std::string_view> seen;
  for (int i = 0; i < request.sites_size(); ++i) {
    const v1::Site& site = request.sites(i);
    const std::string path = fmt::format("sites[{}].", i);
    CheckIdentifier(path + "site_id", site.site_id(), violations);
    if (!site.district_id().empty()) {
      CheckIdentifier(path + "district_id", site.district_id(), violations);
    }
    if (site.name().size() > kMaxNameBytes) {
      violations.emplace_back(path + "name", fmt::format("has {} bytes: shorten it to {}",
                                                         site.name().size(), kMaxNameBytes));
    }
    if (site.population_served() != 0) {
      CheckPersons(path + "population_served", site.population_served(), violations);
    }
    if (!v1::InstitutionClass_IsValid(static_cast<int>(site.institution()))) {
      violations.emplace_back(path + "institution", "is not one of the classes of this release");
    }
    CheckPopulations(path, site, violations);
    CheckDistricts(path, site, violations);
    CheckArea(path, site, violations);
    if (!seen.insert(site.site_id()).second) {
      violations.emplace_back(path + "site_id",
                              "is named twice in this request: send each site once");
    }
  }
  return violations;
}

void CheckWhole(const storage::v1::SiteRecord& site, const std::string& path,
                Violations& violations) {
  if (site.district_id().empty()) CheckIdentifier(path + "district_id", "", violations);
  if (site.population_served() == 0) CheckPersons(path + "population_served", 0, violations);
  if (site.populations_size() > kMaxPopulations) {
    violations.emplace_back(path + "populations",
                            fmt::format("would have {} dates: at most {} are kept; take some out",
                                        site.populations_size(), kMaxPopulations));
  }
  if (site.districts_size() > kMaxDatedDistricts) {
    violations.emplace_back(path + "districts",
                            fmt::format("would have {} dates: at most {} are kept; take some out",
                                        site.districts_size(), kMaxDatedDistricts));
  }
  if (site.districts().empty()) return;
  const auto& newest = site.districts().rbegin()->shares();
  const bool named = std::ranges::any_of(
      newest, [&](const auto& share) { return share.district_id() == site.district_id(); });
  if (named) return;
  violations.emplace_back(path + "district_id",
                          fmt::format("'{}' has no share in the newest of districts: send "
                                      "districts that name it, or another district_id",
                                      site.district_id()));
}

base::Status ToStatus(Violations violations) {
  if (violations.empty()) return base::OkStatus();
  const base::Status status =
      base::InvalidArgument("{} violation(s), nothing was stored; the first: {} {}",
                            violations.size(), violations.front().first, violations.front().second);
  if (violations.size() > kMaxViolationsListed) violations.resize(kMaxViolationsListed);
  return rpc::WithFieldViolations(status, violations);
}

}  // namespace belgrand::timeseries
