#include "publication/plan.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace belgrand::publication {
namespace {

constexpr base::Day kFirstMonday = base::Day(std::chrono::days(4));
// Of one site: more persons than live, and sums stay far from 63 bits.
constexpr std::int64_t kMaxPersons = 10'000'000'000;

struct Entry {
  const SiteWeek* week = nullptr;
  std::int64_t persons = 0;
  SiteClass site_class = SiteClass::kProtected;
  bool open = false;
};

using CellKey = std::tuple<std::string, base::Day, Level, std::string>;

base::Status CheckEntry(const SiteWeek& week, std::int64_t& persons) {
  if ((week.week - kFirstMonday).count() % 7 != 0) {
    return base::InvalidArgument("site {}: week {} does not begin on a Monday", week.site_id,
                                 base::FormatDay(week.week));
  }
  if (week.milli_gc_per_l < 0) {
    return base::InvalidArgument("site {}: a concentration is below zero", week.site_id);
  }
  persons = 0;
  for (const auto& [district, count] : week.persons) {
    if (count <= 0 || count > kMaxPersons) {
      return base::InvalidArgument("site {}, district {}: {} persons, and 1 to {} are allowed",
                                   week.site_id, district, count, kMaxPersons);
    }
    persons += count;
  }
  if (persons == 0) {
    return base::InvalidArgument("site {} serves nobody: correct it with `belgrand sites set`",
                                 week.site_id);
  }
  return base::OkStatus();
}

class Planner {
 public:
  explicit Planner(const PlanOptions& options) : options_(options) {}

  base::Status Add(const SiteWeek& week, bool was_protected) {
    Entry entry{&week, 0, week.site_class, false};
    RETURN_IF_ERROR(CheckEntry(week, entry.persons));
    if (was_protected) entry.site_class = SiteClass::kProtected;
    const base::Day start = PeriodStart(week.week, options_.period_weeks);
    entry.open = options_.sites == PlanOptions::Sites::kWhereAllowed &&
                 entry.site_class != SiteClass::kProtected;
    const auto index = static_cast<std::uint32_t>(plan_.keys.size());
    plan_.keys.push_back({week.site_id, week.target, week.week});
    plan_.unknowns.push_back({SiteNumber(week.site_id), week.milli_gc_per_l,
                              entry.open ? Protection::kOpen : Protection::kProtected});
    plan_.class_protection.push_back(
        entry.site_class == SiteClass::kProtected ? Protection::kProtected : Protection::kOpen);
    entries_.push_back(entry);
    Put({week.target, start, Level::kTotal, ""}, index, entry.persons);
    for (const auto& [district, persons] : week.persons) {
      Put({week.target, start, Level::kDistrict, district}, index, persons);
    }
    if (entry.open) Put({week.target, start, Level::kSite, week.site_id}, index, entry.persons);
    return base::OkStatus();
  }

  base::StatusOr<Plan> Finish() {
    for (auto& [key, cell] : cells_) {
      RETURN_IF_ERROR(Judge(cell));
      plan_.cells.push_back(std::move(cell));
    }
    std::stable_sort(plan_.cells.begin(), plan_.cells.end(), [](const Cell& a, const Cell& b) {
      const auto rank = [](const Cell& cell) {
        return cell.level == Level::kSite ? 0 : cell.level == Level::kTotal ? 1 : 2;
      };
      return std::tuple(rank(a), -a.persons) < std::tuple(rank(b), -b.persons);
    });
    return std::move(plan_);
  }

 private:
  std::uint32_t SiteNumber(const std::string& site_id) {
    return sites_.try_emplace(site_id, static_cast<std::uint32_t>(sites_.size())).first->second;
  }

  void Put(CellKey key, std::uint32_t unknown, std::int64_t persons) {
    Cell& cell = cells_[key];
    std::tie(cell.target, cell.period_start, cell.level, cell.area_id) = std::move(key);
    cell.equation.push_back({unknown, persons});
  }

  // What stands behind a number: all sites, and those that nobody sees alone.
  base::Status Judge(Cell& cell) {
    std::map<base::Day, std::int64_t> persons;
    std::map<std::uint32_t, std::int64_t> sites;
    std::map<std::uint32_t, std::int64_t> hidden;
    // Protected sites count with the persons of their largest week.
    std::map<std::uint32_t, std::int64_t> hidden_persons;
    Int128 total = 0;
    for (const Term& term : cell.equation) {
      const Entry& entry = entries_[term.unknown];
      const std::uint32_t site = plan_.unknowns[term.unknown].site;
      cell.weight += term.weight;
      total += static_cast<Int128>(term.weight) * plan_.unknowns[term.unknown].value;
      persons[entry.week->week] += term.weight;
      sites[site] += term.weight;
      cell.site_class = std::max(cell.site_class, entry.site_class);
      if (entry.open) continue;
      hidden[site] += term.weight;
      hidden_persons[site] = std::max(hidden_persons[site], term.weight);
    }
    if (cell.weight > INT64_MAX / 1000 || total / cell.weight > INT64_MAX / 10) {
      return base::InvalidArgument("{} {}: the sum does not fit", NameOf(cell.level), cell.area_id);
    }
    for (const auto& [week, count] : persons) cell.persons = std::max(cell.persons, count);
    cell.sites = static_cast<int>(sites.size());
    cell.verdict = VerdictOf(cell, hidden, hidden_persons);
    return base::OkStatus();
  }

  Verdict VerdictOf(const Cell& cell, const std::map<std::uint32_t, std::int64_t>& hidden,
                    const std::map<std::uint32_t, std::int64_t>& hidden_persons) const {
    const Rules& rules = options_.rules;
    const base::Day end = cell.period_start + std::chrono::days(7 * options_.period_weeks);
    const auto delay = std::chrono::days(rules.Of(cell.site_class).delay_days);
    if (end + delay > options_.publication_day) return Verdict::kTooEarly;
    // All sites behind it are published alone: it adds nothing that is not public.
    if (hidden.empty()) return Verdict::kWanted;
    if (hidden.size() < static_cast<std::size_t>(rules.minimum_sites)) return Verdict::kFewSites;
    Int128 sum = 0;
    std::int64_t largest = 0;
    for (const auto& [site, weight] : hidden) {
      sum += weight;
      largest = std::max(largest, weight);
    }
    if (static_cast<Int128>(largest) * 100 > sum * rules.dominance_percent) {
      return Verdict::kDominated;
    }
    std::int64_t persons = 0;
    for (const auto& [site, count] : hidden_persons) persons += count;
    return persons < rules.minimum_population ? Verdict::kSmallPopulation : Verdict::kWanted;
  }

  const PlanOptions& options_;
  Plan plan_;
  std::vector<Entry> entries_;
  std::map<std::string, std::uint32_t> sites_;
  std::map<CellKey, Cell> cells_;
};

}  // namespace

std::string_view NameOf(Level level) {
  switch (level) {
    case Level::kTotal:
      return "total";
    case Level::kDistrict:
      return "district";
    case Level::kSite:
      return "site";
  }
  return "";
}

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWanted:
      return "wanted";
    case Verdict::kReleased:
      return "released";
    case Verdict::kSecondary:
      return "secondary";
    case Verdict::kTooEarly:
      return "too_early";
    case Verdict::kFewSites:
      return "few_sites";
    case Verdict::kDominated:
      return "dominated";
    case Verdict::kSmallPopulation:
      return "small_population";
  }
  return "";
}

base::Day PeriodStart(base::Day week, int period_weeks) {
  const std::int64_t weeks = (week - kFirstMonday).count() / 7;
  std::int64_t periods = weeks / period_weeks;
  if (weeks % period_weeks < 0) --periods;
  return kFirstMonday + std::chrono::days(7 * period_weeks * periods);
}

base::StatusOr<Plan> MakePlan(const std::vector<SiteWeek>& weeks,
                              const std::vector<UnknownKey>& was_protected,
                              const PlanOptions& options) {
  RETURN_IF_ERROR(CheckRules(options.rules));
  if (options.period_weeks < 1 || options.period_weeks > 52) {
    return base::InvalidArgument("a period has {} weeks, and 1 to 52 are allowed",
                                 options.period_weeks);
  }
  const std::set<UnknownKey> before(was_protected.begin(), was_protected.end());
  std::set<UnknownKey> seen;
  Planner planner(options);
  for (const SiteWeek& week : weeks) {
    const UnknownKey key{week.site_id, week.target, week.week};
    if (!seen.insert(key).second) {
      return base::InvalidArgument("site {}, {}: week {} stands there twice", week.site_id,
                                   week.target, base::FormatDay(week.week));
    }
    RETURN_IF_ERROR(planner.Add(week, before.contains(key)));
  }
  return planner.Finish();
}

std::int64_t MeanOf(const Cell& cell, const std::vector<Unknown>& unknowns) {
  Int128 sum = 0;
  for (const Term& term : cell.equation) {
    sum += static_cast<Int128>(term.weight) * unknowns[term.unknown].value;
  }
  return static_cast<std::int64_t>((2 * sum + cell.weight) /
                                   (2 * static_cast<Int128>(cell.weight)));
}

}  // namespace belgrand::publication
