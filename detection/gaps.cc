#include "detection/gaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace belgrand::detection {
namespace {

// Of an explanation; what is beyond is counted.
constexpr std::size_t kMaxLines = 12;
constexpr std::size_t kMaxOwners = 5;
constexpr std::size_t kSitesThatShowALateLaboratory = 2;
constexpr std::size_t kSeriesThatShowASilentDistrict = 2;
constexpr base::Duration kLongSilence = std::chrono::days(1);

bool AnyOf(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

std::string Day(base::Instant at) { return base::FormatInstant(at).substr(0, 10); }

std::string Second(base::Instant at) {
  return base::FormatInstant(std::chrono::floor<std::chrono::seconds>(at));
}

// What a plan expects.
struct Series {
  const PlannedSite* site = nullptr;
  std::string target;
  const SamplingPlan* plan = nullptr;
  // nullptr: it never delivered.
  const ArrivalBook::Newest* newest = nullptr;
  base::Instant due{};
  bool overdue = false;

  std::string laboratory() const { return newest == nullptr ? "" : newest->laboratory_id; }
  base::Instant last() const { return newest == nullptr ? site->listed_at : newest->collected_at; }
};

const SamplingPlan* PlanOf(const GapRules& rules, const PlannedSite& site,
                           std::string_view target) {
  for (const SamplingPlan& plan : rules.plans) {
    if (AnyOf(plan.district_ids, site.district_id) && AnyOf(plan.site_ids, site.site_id) &&
        AnyOf(plan.targets, target)) {
      return &plan;
    }
  }
  return nullptr;
}

// Targets that are expected of a site, and those that it has delivered.
std::set<std::string> TargetsOf(const GapRules& rules, const PlannedSite& site,
                                const ArrivalBook::Targets& delivered) {
  std::set<std::string> targets;
  for (const auto& [target, newest] : delivered) targets.insert(target);
  for (const SamplingPlan& plan : rules.plans) {
    if (!AnyOf(plan.district_ids, site.district_id) || !AnyOf(plan.site_ids, site.site_id)) {
      continue;
    }
    targets.insert(plan.targets.begin(), plan.targets.end());
  }
  if (targets.empty()) targets.insert(std::string(kAnyTarget));
  return targets;
}

std::vector<Series> SeriesOf(const GapRules& rules, const std::vector<PlannedSite>& sites,
                             const ArrivalBook& arrivals, base::Instant now) {
  std::vector<Series> all;
  for (const PlannedSite& site : sites) {
    const ArrivalBook::Targets& delivered = arrivals.Of(site.site_id);
    for (const std::string& target : TargetsOf(rules, site, delivered)) {
      const SamplingPlan* plan = PlanOf(rules, site, target);
      if (plan == nullptr) continue;
      const auto newest = delivered.find(target);
      Series series{.site = &site,
                    .target = target,
                    .plan = plan,
                    .newest = newest == delivered.end() ? nullptr : &newest->second};
      series.due = series.last() + plan->every + plan->result_within + plan->grace;
      series.overdue = now > series.due;
      all.push_back(std::move(series));
    }
  }
  return all;
}

// Of a laboratory or a district.
struct Tally {
  std::size_t planned = 0;
  std::size_t overdue = 0;
  std::set<std::string> sites = {};
  bool AllOverdue() const { return overdue == planned; }
};

struct Tallies {
  std::map<std::string, Tally> districts;
  std::map<std::string, Tally> laboratories;
};

Tallies Count(const std::vector<Series>& all) {
  Tallies tallies;
  const auto add = [](Tally& tally, const Series& series) {
    ++tally.planned;
    tally.overdue += series.overdue ? 1 : 0;
    tally.sites.insert(series.site->site_id);
  };
  for (const Series& series : all) {
    add(tallies.districts[series.site->district_id], series);
    if (series.newest != nullptr) add(tallies.laboratories[series.laboratory()], series);
  }
  return tallies;
}

// A later sample of the site that is here for another target, long enough for this one.
std::optional<base::Instant> CollectedSince(const Series& series, const ArrivalBook& arrivals,
                                            base::Instant now) {
  std::optional<base::Instant> found;
  for (const auto& [target, newest] : arrivals.Of(series.site->site_id)) {
    if (newest.collected_at <= series.last()) continue;
    if (now <= newest.collected_at + series.plan->result_within + series.plan->grace) continue;
    found = std::max(found.value_or(newest.collected_at), newest.collected_at);
  }
  return found;
}

// One fact in the languages in which alerts are read.
struct Words {
  std::string english;
  std::string french;
};

Words LineOf(const Series& series, const std::optional<base::Instant>& collected) {
  const std::string& site = series.site->site_id;
  Words line{fmt::format("{} at {}: ", series.target, site),
             fmt::format("{} à {}\u00a0: ", series.target, site)};
  if (series.newest == nullptr) {
    const std::string listed = Day(series.site->listed_at);
    line.english += fmt::format("no sample since the site was listed on {}", listed);
    line.french += fmt::format("aucun échantillon depuis l'inscription du site le {}", listed);
  } else {
    const std::string day = Day(series.newest->collected_at);
    line.english += fmt::format("newest sample of {} by {}", day, series.laboratory());
    line.french += fmt::format("dernier échantillon du {}, par {}", day, series.laboratory());
  }
  if (collected) {
    const std::string day = Day(*collected);
    line.english += fmt::format(", collected again on {} as another target shows", day);
    line.french += fmt::format(", prélevé à nouveau le {} comme le montre une autre cible", day);
  }
  const std::string due = Second(series.due);
  line.english += fmt::format(", due by {} (plan '{}')", due, series.plan->name);
  line.french +=
      fmt::format(", attendu pour le {} (plan «\u00a0{}\u00a0»)", due, series.plan->name);
  return line;
}

// Collects gaps by alert and area.
class Gaps {
 public:
  struct Place {
    std::string_view rule;
    std::string district_id;
    std::string target;
    std::string area_id;
    AreaLevel level;
  };
  void Add(const Place& place, Severity severity, base::Instant since, const std::string& owner,
           Words line) {
    Alert& alert = alerts_[{place.district_id, std::string(place.rule), place.target}];
    alert.owners.insert(owner);
    alert.lines.push_back(std::move(line.english));
    alert.lines_french.push_back(std::move(line.french));
    auto [found, is_new] = alert.areas.try_emplace(place.area_id);
    Gap& gap = found->second;
    if (is_new) {
      gap.rule = std::string(place.rule);
      gap.district_id = place.district_id;
      gap.target = place.target;
      gap.area_id = place.area_id;
      gap.level = place.level;
      gap.since = since;
    }
    gap.severity = std::max(gap.severity, severity);
    gap.since = std::min(gap.since, since);
  }

  std::vector<Gap> Take() {
    std::vector<Gap> gaps;
    for (auto& [key, alert] : alerts_) {
      const std::string owner = Join(alert.owners, ", ", kMaxOwners, " more");
      const Words opening = Opening(std::get<1>(key));
      const std::string explanation =
          opening.english + Join(alert.lines, "; ", kMaxLines, " more") + ".";
      const std::string explanation_fr =
          opening.french + Join(alert.lines_french, "\u00a0; ", kMaxLines, " de plus") + ".";
      for (auto& [area_id, gap] : alert.areas) {
        gap.owner = owner;
        gap.explanation = explanation;
        gap.explanation_fr = explanation_fr;
        gaps.push_back(std::move(gap));
      }
    }
    return gaps;
  }

 private:
  struct Alert {
    std::map<std::string, Gap> areas;
    std::set<std::string> owners;
    std::vector<std::string> lines;
    std::vector<std::string> lines_french;
  };
  static Words Opening(std::string_view rule) {
    if (rule == kNoNewData) {
      return {"Nothing that is planned in the district has come, so nothing is watched there. ",
              "Rien de ce qui est prévu dans le district n'est arrivé\u00a0: rien n'y est "
              "surveillé. "};
    }
    if (rule == kLateLaboratory) {
      return {"Results of the laboratory are overdue. ",
              "Des résultats du laboratoire sont en retard. "};
    }
    if (rule == kSilentSensor) {
      return {"Sensors send nothing. ", "Des capteurs n'envoient rien. "};
    }
    return {"Samples that are planned have not come. ",
            "Des échantillons prévus ne sont pas arrivés. "};
  }

  template <typename Texts>
  static std::string Join(const Texts& texts, std::string_view between, std::size_t most,
                          std::string_view more) {
    std::string out;
    std::size_t count = 0;
    for (const std::string& text : texts) {
      if (++count > most) continue;
      out += (out.empty() ? "" : std::string(between)) + text;
    }
    return count > most ? out + fmt::format("{}{}{}", between, count - most, more) : out;
  }

  // By district, rule and target.
  std::map<std::tuple<std::string, std::string, std::string>, Alert> alerts_;
};

void AddSeries(const Series& series, const Tallies& tallies, const ArrivalBook& arrivals,
               base::Instant now, Gaps& gaps) {
  const std::string& district = series.site->district_id;
  const Tally& there = tallies.districts.at(district);
  const auto collected = CollectedSince(series, arrivals, now);
  Words line = LineOf(series, collected);
  const std::string& owner = series.plan->owner;
  if (there.AllOverdue() && there.planned >= kSeriesThatShowASilentDistrict) {
    gaps.Add({kNoNewData, district, std::string(kAnyTarget), district, AreaLevel::kDistrict},
             Severity::kWarning, series.due, owner, std::move(line));
    return;
  }
  // A whole interval more: a second sample is overdue.
  const Severity severity =
      now > series.due + series.plan->every ? Severity::kWarning : Severity::kWatch;
  if (series.newest != nullptr) {
    const Tally& laboratory = tallies.laboratories.at(series.laboratory());
    const bool silent =
        laboratory.AllOverdue() && laboratory.sites.size() >= kSitesThatShowALateLaboratory;
    if (silent || collected) {
      gaps.Add(
          {kLateLaboratory, district, series.target, series.laboratory(), AreaLevel::kDistrict},
          severity, series.due, owner, std::move(line));
      return;
    }
  }
  gaps.Add({kMissingSample, district, series.target, series.site->site_id, AreaLevel::kSite},
           severity, series.due, owner, std::move(line));
}

void AddSensor(const GapRules& rules, const SensorState& sensor,
               const std::map<std::string, const PlannedSite*>& sites, base::Instant now,
               Gaps& gaps) {
  const auto site = sites.find(sensor.site_id);
  const base::Instant due = sensor.newest_at + std::max(*rules.silent_after, sensor.max_gap);
  if (site == sites.end() || now <= due) return;
  gaps.Add({kSilentSensor, site->second->district_id, sensor.quantity, sensor.sensor_id,
            AreaLevel::kSite},
           now > due + kLongSilence ? Severity::kWarning : Severity::kWatch, due,
           rules.sensor_owner,
           {fmt::format("{} ({} at {}): newest reading of {}", sensor.sensor_id, sensor.quantity,
                        sensor.site_id, Second(sensor.newest_at)),
            fmt::format("{} ({} à {})\u00a0: dernière mesure du {}", sensor.sensor_id,
                        sensor.quantity, sensor.site_id, Second(sensor.newest_at))});
}

}  // namespace

void ArrivalBook::Take(const std::string& site_id, const std::string& target,
                       const std::string& laboratory_id, base::Instant collected_at) {
  auto [found, is_new] = by_site_[site_id].try_emplace(target);
  if (!is_new && found->second.collected_at > collected_at) return;
  found->second = {collected_at, laboratory_id};
}

const ArrivalBook::Targets& ArrivalBook::Of(const std::string& site_id) const {
  static const Targets none;
  const auto found = by_site_.find(site_id);
  return found == by_site_.end() ? none : found->second;
}

std::vector<Gap> FindGaps(const GapRules& rules, const std::vector<PlannedSite>& sites,
                          const ArrivalBook& arrivals, const std::vector<SensorState>& sensors,
                          base::Instant now) {
  const std::vector<Series> all = SeriesOf(rules, sites, arrivals, now);
  const Tallies tallies = Count(all);
  Gaps gaps;
  for (const Series& series : all) {
    if (series.overdue) AddSeries(series, tallies, arrivals, now, gaps);
  }
  if (rules.silent_after) {
    std::map<std::string, const PlannedSite*> by_id;
    for (const PlannedSite& site : sites) by_id.emplace(site.site_id, &site);
    for (const SensorState& sensor : sensors) AddSensor(rules, sensor, by_id, now, gaps);
  }
  return gaps.Take();
}

}  // namespace belgrand::detection
