#include "publication/release.h"

#include <algorithm>
#include <map>
#include <set>

#include "publication/ledger.h"
#include "publication/past.h"
#include "publication/suppress.h"

namespace belgrand::publication {
namespace {

PublishedCell ToPublished(const Cell& cell, const Plan& plan, const PlanOptions& options) {
  PublishedCell published{cell.level,           cell.area_id, cell.target, cell.period_start,
                          options.period_weeks, "",           {}};
  published.value = RoundedText(MeanOf(cell, plan.unknowns),
                                options.rules.Of(cell.site_class).significant_digits);
  for (const Term& term : cell.equation) {
    published.terms.push_back({plan.keys[term.unknown], term.weight});
  }
  return published;
}

std::vector<const Equation*> Pointers(const std::vector<Equation>& equations) {
  std::vector<const Equation*> pointers;
  for (const Equation& equation : equations) pointers.push_back(&equation);
  return pointers;
}

// Contributions that stand alone in a number are public, whatever they are today.
std::vector<Unknown> WithoutPublic(std::vector<Unknown> unknowns,
                                   const std::vector<Equation>& equations) {
  for (const Equation& equation : equations) {
    if (equation.size() == 1) unknowns[equation.front().unknown].protection = Protection::kOpen;
  }
  return unknowns;
}

std::map<std::uint32_t, Finding> Won(const std::vector<Unknown>& unknowns,
                                     const std::vector<const Equation*>& published, int percent) {
  std::map<std::uint32_t, Finding> won;
  AttackOptions options;
  options.protection_percent = percent;
  for (const Disclosure& disclosure : Attack(unknowns, published, options)) {
    for (const std::uint32_t unknown : disclosure.unknowns) won[unknown] = disclosure.finding;
  }
  return won;
}

// The attacker's last try, against the whole: he must win nothing that the past did not give him.
// Returns how much that was.
base::StatusOr<std::size_t> TryAll(const std::vector<Unknown>& unknowns,
                                   const std::vector<Equation>& past,
                                   const std::vector<Equation>& released, int percent) {
  std::vector<const Equation*> all = Pointers(past);
  for (const Equation& equation : released) all.push_back(&equation);
  const auto before = Won(unknowns, Pointers(past), percent);
  for (const auto& [unknown, finding] : Won(unknowns, all, percent)) {
    if (before.contains(unknown)) continue;
    return base::Internal(
        "the attacker wins ({}) against the selected numbers: nothing was written",
        NameOf(finding));
  }
  return before.size();
}

class Composer {
 public:
  Composer(const std::vector<Record>& records, const ReleaseOptions& options)
      : records_(records), options_(options) {}

  base::StatusOr<Release> Run(const std::vector<SiteWeek>& weeks, NoiseSource& noise) {
    ASSIGN_OR_RETURN(release_.plan, MakePlan(weeks, ProtectedBefore(records_), options_.plan));
    release_.record.created = options_.created;
    release_.record.publication_day = options_.plan.publication_day;
    const Past past(records_, release_.plan);
    RETURN_IF_ERROR(SelectCells(past));
    Remember(past);
    RETURN_IF_ERROR(Count(weeks, noise));
    return std::move(release_);
  }

 private:
  base::Status SelectCells(const Past& past) {
    Plan& plan = release_.plan;
    const int percent = options_.plan.rules.protection_percent;
    std::vector<Equation> wanted;
    std::vector<std::size_t> cell_of;
    for (std::size_t i = 0; i < plan.cells.size(); ++i) {
      if (plan.cells[i].verdict != Verdict::kWanted) continue;
      wanted.push_back(plan.cells[i].equation);
      cell_of.push_back(i);
    }
    const Selection selection = Select(past.unknowns(), past.equations(), wanted, percent);
    std::vector<Equation> released;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      plan.cells[cell_of[i]].verdict =
          selection.released[i] ? Verdict::kReleased : Verdict::kSecondary;
      if (selection.released[i]) released.push_back(wanted[i]);
    }
    const auto unknowns = WithoutPublic(past.unknowns(), past.equations());
    ASSIGN_OR_RETURN(release_.attack.won_before,
                     TryAll(unknowns, past.equations(), released, percent));
    Tell(past, selection, unknowns, wanted, released.size());
    return base::OkStatus();
  }

  void Tell(const Past& past, const Selection& selection, const std::vector<Unknown>& unknowns,
            const std::vector<Equation>& wanted, std::size_t released) {
    AttackReport& report = release_.attack;
    report.equations = released;
    report.earlier_equations = past.equations().size();
    report.already_public = selection.already_public.size();
    report.frozen = selection.frozen;
    report.attacks = selection.attacks;
    report.protected_contributions = static_cast<std::size_t>(std::count_if(
        unknowns.begin(), unknowns.end(),
        [](const Unknown& unknown) { return unknown.protection == Protection::kProtected; }));
    std::vector<const Equation*> all = Pointers(past.equations());
    for (const Equation& equation : wanted) all.push_back(&equation);
    report.won_without = Won(unknowns, all, options_.plan.rules.protection_percent).size();
  }

  // What the ledger does not know yet.
  void Remember(const Past& past) {
    const Plan& plan = release_.plan;
    for (std::size_t i = 0; i < plan.keys.size(); ++i) {
      const Contribution* known = past.Find(plan.keys[i]);
      Contribution entry{plan.keys[i], plan.unknowns[i].value, plan.class_protection[i]};
      if (known == nullptr || *known != entry) {
        release_.record.contributions.push_back(std::move(entry));
      }
    }
    for (const Cell& cell : plan.cells) {
      if (cell.verdict != Verdict::kReleased) continue;
      PublishedCell published = ToPublished(cell, plan, options_.plan);
      if (!past.Holds(published)) release_.record.cells.push_back(std::move(published));
    }
  }

  using CountKey = std::tuple<std::string, base::Day, std::string>;

  // How many sites of a district found the target in a period that is due; each site in one
  // district.
  std::map<CountKey, std::int64_t> TrueCounts(const std::vector<SiteWeek>& weeks) const {
    std::map<CountKey, std::set<std::string>> sites;
    const int period_weeks = options_.plan.period_weeks;
    const auto wait = std::chrono::days(7 * period_weeks + options_.plan.rules.shielded.delay_days);
    for (const SiteWeek& week : weeks) {
      const base::Day start = PeriodStart(week.week, period_weeks);
      if (start + wait > options_.plan.publication_day) continue;
      auto& found = sites[{week.target, start, week.district_id}];
      if (week.detected) found.insert(week.site_id);
    }
    std::map<CountKey, std::int64_t> counts;
    for (const auto& [key, found] : sites) counts[key] = static_cast<std::int64_t>(found.size());
    return counts;
  }

  // A count that was drawn once is given again as it was: fresh noise would average away.
  base::Status Count(const std::vector<SiteWeek>& weeks, NoiseSource& noise) {
    if (!options_.noise.has_value()) return base::OkStatus();
    std::map<CountKey, NoisyCount> drawn;
    for (const Record& record : records_) {
      for (const NoisyCount& count : record.counts) {
        if (count.period_weeks != options_.plan.period_weeks) continue;
        drawn[{count.target, count.period_start, count.district_id}] = count;
      }
    }
    release_.record.epsilon = options_.noise->epsilon;
    for (const auto& [key, count] : TrueCounts(weeks)) {
      const auto known = drawn.find(key);
      if (known != drawn.end()) {
        release_.counts.push_back(known->second);
        continue;
      }
      const auto& [target, start, district] = key;
      const std::int64_t noisy = count + noise.Laplace(options_.noise->epsilon);
      release_.record.counts.push_back(
          {district, target, start, options_.plan.period_weeks, std::max<std::int64_t>(0, noisy)});
      release_.counts.push_back(release_.record.counts.back());
    }
    return CheckBudget();
  }

  base::Status CheckBudget() const {
    std::set<std::chrono::year> years;
    for (const NoisyCount& count : release_.record.counts) {
      years.insert(std::chrono::year_month_day(count.period_start).year());
    }
    for (const std::chrono::year year : years) {
      const std::int64_t before = SpentMicroEpsilon(records_, year);
      const std::int64_t now = SpentMicroEpsilon({release_.record}, year);
      if (before + now <= options_.noise->budget_micro_epsilon) continue;
      return base::ResourceExhausted(
          "the counts of {} would spend {:.6f} of epsilon beside {:.6f} spent before, and the "
          "budget is {:.6f}: publish fewer periods or targets, or take a smaller epsilon",
          static_cast<int>(year), static_cast<double>(now) / 1e6, static_cast<double>(before) / 1e6,
          static_cast<double>(options_.noise->budget_micro_epsilon) / 1e6);
    }
    return base::OkStatus();
  }

  const std::vector<Record>& records_;
  const ReleaseOptions& options_;
  Release release_;
};

}  // namespace

base::StatusOr<Release> Compose(const std::vector<SiteWeek>& weeks,
                                const std::vector<Record>& records, const ReleaseOptions& options,
                                NoiseSource& noise) {
  return Composer(records, options).Run(weeks, noise);
}

std::vector<WonContribution> Reattack(const std::vector<Record>& records, int protection_percent) {
  const Past past(records, Plan{});
  const auto unknowns = WithoutPublic(past.unknowns(), past.equations());
  std::vector<WonContribution> all;
  for (const auto& [unknown, finding] :
       Won(unknowns, Pointers(past.equations()), protection_percent)) {
    all.push_back({past.keys()[unknown], finding});
  }
  return all;
}

}  // namespace belgrand::publication
