#include "detection/engine.h"

#include <algorithm>

#include "detection/evidence.h"
#include "detection/strength.h"
#include "detection/words.h"
#include "sample/target.h"

namespace belgrand::detection {
namespace {

// To be raised with every change, here or in what it stands on, after which the same observations
// give other signals.
constexpr std::string_view kEngineVersion = "2";
constexpr double kSilentDays = 42;

TrendParameters SiteParameters() {
  TrendParameters parameters;
  // A gap of 28 days starts a new segment (AMELAG).
  parameters.restart_after_days = 28;
  parameters.offset_drift = 0;
  return parameters;
}

const TrendParameters kSiteParameters = SiteParameters();
const TrendParameters kDistrictParameters{};

std::int64_t DayNumber(base::Instant at) { return base::DayOf(at).time_since_epoch().count(); }

base::Instant InstantOfDay(double day) {
  return base::Instant(std::chrono::days(static_cast<std::int64_t>(day)));
}

// When the newest row of the track was collected.
base::Instant NewestCollected(const Track& track) {
  base::Instant newest = InstantOfDay(0);
  if (track.empty()) return newest;
  newest = InstantOfDay(static_cast<double>(track.groups().rbegin()->first.day));
  for (const auto& [id, row] : track.groups().rbegin()->second.rows) {
    newest = std::max(newest, row->measurement.collected_at);
  }
  return newest;
}

// What a detector may look at of a track; REQUIRES: not empty.
std::vector<const Step*> NewestSteps(const Track& track) {
  std::vector<const Step*> steps;
  const double newest = track.groups().rbegin()->second.step.day;
  for (auto it = track.groups().rbegin(); it != track.groups().rend(); ++it) {
    const Step& step = it->second.step;
    if (steps.size() == AreaView::kMostSteps || newest - step.day > AreaView::kOldestStepDays)
      break;
    steps.push_back(&step);
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

}  // namespace

struct Engine::Group {
  Group(std::string district_name, std::string target_name, Past past)
      : district_id(std::move(district_name)),
        target(std::move(target_name)),
        district(kDistrictParameters, past) {}
  const std::string district_id;
  const std::string target;
  Area district;
  std::map<std::string, Area> sites;
};

base::StatusOr<std::unique_ptr<Engine>> Engine::Create(const std::vector<std::string>& detectors,
                                                       const FalseAlarmPolicy& policy) {
  std::vector<const Detector*> chosen;
  std::vector<const Detector*> for_rare_targets;
  const auto registered = RegisteredDetectors();
  for (const std::string& name : detectors) {
    const bool known = std::any_of(registered.begin(), registered.end(),
                                   [&](const auto& d) { return d->info().name == name; });
    if (!known) {
      return base::InvalidArgument(
          "detection.detectors: '{}' is not registered; ListDetectors names those that are", name);
    }
  }
  for (const auto& detector : registered) {
    const bool by_default = detectors.empty() && detector->info().selection == Selection::kDefault;
    if (by_default ||
        std::find(detectors.begin(), detectors.end(), detector->info().name) != detectors.end()) {
      chosen.push_back(detector.get());
    } else if (detectors.empty() && detector->info().selection == Selection::kForRareTargets) {
      for_rare_targets.push_back(detector.get());
    }
  }
  ASSIGN_OR_RETURN(
      auto control,
      FalseAlarmControl::Create(policy, policy.active() ? chosen : std::vector<const Detector*>()));
  if (!policy.active()) control.reset();
  // Behind those that the control knows by their position.
  std::vector<bool> rare_only(chosen.size(), false);
  rare_only.resize(chosen.size() + for_rare_targets.size(), true);
  chosen.insert(chosen.end(), for_rare_targets.begin(), for_rare_targets.end());
  return std::unique_ptr<Engine>(
      new Engine(std::move(chosen), std::move(rare_only), std::move(control)));
}

Engine::Engine(std::vector<const Detector*> detectors, std::vector<bool> rare_only,
               std::unique_ptr<FalseAlarmControl> control)
    : detectors_(std::move(detectors)),
      rare_only_(std::move(rare_only)),
      past_(std::any_of(detectors_.begin(), detectors_.end(),
                        [](const Detector* d) { return d->info().past == Past::kKeep; })
                ? Past::kKeep
                : Past::kForget),
      control_(std::move(control)) {}
Engine::~Engine() = default;

std::vector<SignalChange> Engine::OnSample(const Observation& observation) {
  ++statistics_.observations;
  std::vector<SignalChange> changes;
  const sample::Measurement& row = observation.measurement;
  const RowKey row_key{row.laboratory_id, row.sample_id, row.target, row.gene};
  const auto known = rows_.find(row_key);
  std::optional<Location> old;
  if (known != rows_.end()) {
    if (known->second.version >= observation.version) {
      ++statistics_.superseded;
      return changes;
    }
    old = known->second;
    // What left the window cannot be taken back: then nothing happened there.
    if (!Evict(*old, row_key)) old.reset();
  }
  const std::optional<LogValue> value = observation.voided ? std::nullopt : ToLogValue(row);
  if (value) {
    Insert(observation, *value, row_key);
  } else {
    ++(observation.voided ? statistics_.voided : statistics_.held);
  }
  const auto now = rows_.find(row_key);
  const Location* place = now == rows_.end() ? nullptr : &now->second;
  const bool moved =
      old && (place == nullptr || place->group != old->group || place->site_id != old->site_id);
  if (moved) EvaluateSite(*old, observation, changes);
  if (place != nullptr) EvaluateSite(*place, observation, changes);
  // Each district once: those that it left, then those in which it counts.
  if (old) {
    for (const std::string& district : old->districts) {
      const bool stays = place != nullptr && old->group.second == place->group.second &&
                         std::ranges::find(place->districts, district) != place->districts.end();
      if (!stays) EvaluateDistrict({district, old->group.second}, observation, changes);
    }
  }
  if (place != nullptr) {
    for (const std::string& district : place->districts) {
      EvaluateDistrict({district, place->group.second}, observation, changes);
    }
  }
  return changes;
}

Engine::Group& Engine::GroupOf(const std::pair<std::string, std::string>& key) {
  std::unique_ptr<Group>& group = groups_[key];
  if (!group) {
    group = std::make_unique<Group>(key.first, key.second, past_);
    ++statistics_.areas;
  }
  return *group;
}

void Engine::Insert(const Observation& observation, const LogValue& value, const RowKey& row_key) {
  const sample::Measurement& row = observation.measurement;
  const std::pair<std::string, std::string> group_key{observation.district_id, row.target};
  Group& group = GroupOf(group_key);
  const auto [site, is_new] = group.sites.try_emplace(row.site_id, kSiteParameters, past_);
  if (is_new) ++statistics_.areas;
  const GroupKey key{DayNumber(row.collected_at), StreamOf(row)};
  auto shared =
      std::make_shared<const Row>(Row{row, value, sample::DoubtsOf(row), observation.population});
  Location place{group_key, {}, row.site_id, key, observation.version};
  std::vector<sample::DistrictShare> shares = observation.shares;
  if (shares.empty()) shares.push_back({observation.district_id, 1});
  for (const sample::DistrictShare& share : shares) {
    Track& track = GroupOf({share.district_id, row.target}).district.track;
    if (track.Put(key, row.site_id, observation.population * share.share, shared)) {
      place.districts.push_back(share.district_id);
    }
  }
  const bool taken = !place.districts.empty();
  if (!taken || !site->second.track.Put(key, row.site_id, observation.population, shared)) {
    ++statistics_.too_late;
    if (!taken) return;
  }
  rows_[row_key] = std::move(place);
  Forget();
}

void Engine::Forget() {
  // Rows that left the window of every district can no longer be replaced.
  if (rows_.size() < 4096 || rows_.size() % 1024 != 0) return;
  std::erase_if(rows_, [this](const auto& entry) {
    const Location& place = entry.second;
    return std::ranges::all_of(place.districts, [&](const std::string& district) {
      const auto found = groups_.find({district, place.group.second});
      return found == groups_.end() || place.key.day < found->second->district.track.oldest_day();
    });
  });
}

bool Engine::Evict(const Location& location, const RowKey& row_key) {
  rows_.erase(row_key);
  const auto& [laboratory, sample_id, target, gene] = row_key;
  bool removed = false;
  for (const std::string& district : location.districts) {
    const auto in = groups_.find({district, location.group.second});
    if (in == groups_.end()) continue;
    if (in->second->district.track.Remove(location.key, laboratory, sample_id)) removed = true;
  }
  const auto found = groups_.find(location.group);
  if (found == groups_.end()) return removed;
  Group& group = *found->second;
  const auto site = group.sites.find(location.site_id);
  if (site != group.sites.end() && site->second.track.Remove(location.key, laboratory, sample_id)) {
    removed = true;
  }
  return removed;
}

void Engine::EvaluateSite(const Location& location, const Observation& cause,
                          std::vector<SignalChange>& changes) {
  const auto found = groups_.find(location.group);
  if (found == groups_.end()) return;
  Group& group = *found->second;
  const auto site = group.sites.find(location.site_id);
  if (site != group.sites.end()) {
    Evaluate(group, AreaLevel::kSite, site->first, site->second, cause, changes);
  }
}

void Engine::EvaluateDistrict(const std::pair<std::string, std::string>& group_key,
                              const Observation& cause, std::vector<SignalChange>& changes) {
  const auto found = groups_.find(group_key);
  if (found == groups_.end()) return;
  Group& group = *found->second;
  Evaluate(group, AreaLevel::kDistrict, group.district_id, group.district, cause, changes);
  ClearSilentSites(group, cause, changes);
}

const Track* Engine::DistrictOf(const Group& group, AreaLevel level) {
  return level == AreaLevel::kSite ? &group.district.track : nullptr;
}

void Engine::Evaluate(Group& group, AreaLevel level, const std::string& area_id, Area& area,
                      const Observation& cause, std::vector<SignalChange>& changes) {
  if (area.track.empty()) return;
  const std::vector<const Step*> steps = NewestSteps(area.track);
  const double newest = steps.back()->day;
  const bool rare = sample::IsRareTarget(group.target);
  const AreaView view{area.track.filter(), steps, area.track, group.target,
                      DistrictOf(group, level)};
  for (std::size_t i = 0; i < detectors_.size(); ++i) {
    const Detector& detector = *detectors_[i];
    if (detector.info().level != level || (rare_only_[i] && !rare)) continue;
    const Judged judged = Judge(i, group, area_id, area, view, cause);
    if (probe_) probe_({i, level, area_id, cause.known_at, newest, &judged.finding});
    Hold& hold = area.holds[i];
    const std::optional<Phase> phase = hold.Take(detector.info(), judged.finding, newest);
    if (phase) {
      changes.push_back(
          MakeChange(group, level, area_id, area, detector, judged, hold, *phase, cause));
    }
  }
}

Engine::Judged Engine::Judge(std::size_t detector, const Group& group, const std::string& area_id,
                             Area& area, const AreaView& view, const Observation& cause) {
  const Detector& by = *detectors_[detector];
  Judged judged;
  judged.finding = by.Measure(view);
  judged.limit = by.info().threshold;
  if (control_ && !rare_only_[detector]) {
    Control(detector, group, area_id, area, cause, judged);
  } else {
    judged.finding = by.Judge(judged.finding, judged.limit);
  }
  if (judged.finding.alarm && StrengthOf(by.info(), view).weak) {
    judged.finding.weak = true;
    judged.finding.severity = Severity::kWatch;
  }
  return judged;
}

void Engine::Control(std::size_t detector, const Group& group, const std::string& area_id,
                     Area& area, const Observation& cause, Judged& judged) {
  const auto [stream, is_new] = area.streams.try_emplace(detector, 0);
  if (is_new) {
    stream->second = control_->StreamOf(detector, group.district_id, group.target, area_id);
  }
  const bool held = area.holds[detector].active;
  const FalseAlarmControl::Verdict verdict = control_->Take(
      stream->second, judged.finding, DayNumber(cause.known_at),
      held ? FalseAlarmControl::Standing::kHeld : FalseAlarmControl::Standing::kQuiet);
  judged.limit = held ? verdict.limit : verdict.stated_limit;
  judged.finding = detectors_[detector]->Judge(judged.finding, verdict.limit);
  if (!held) judged.finding.alarm = verdict.admitted;
  if (!judged.finding.alarm) return;
  judged.words = control_->WordsFor(verdict, Language::kEnglish);
  judged.french_words = control_->WordsFor(verdict, Language::kFrench);
}

void Engine::ClearSilentSites(Group& group, const Observation& cause,
                              std::vector<SignalChange>& changes) {
  if (group.district.track.empty()) return;
  const double newest = group.district.track.filter().day();
  for (auto& [site_id, area] : group.sites) {
    if (area.track.empty() || newest - area.track.filter().day() <= kSilentDays) continue;
    for (auto& [index, hold] : area.holds) {
      if (probe_) probe_({index, AreaLevel::kSite, site_id, cause.known_at, newest, nullptr});
      if (!hold.active) continue;
      Judged judged;
      judged.finding.baseline_log10 = area.track.filter().Level(kActiveDays).mean;
      judged.finding.since_day = area.track.filter().day();
      judged.limit = detectors_[index]->info().threshold;
      changes.push_back(MakeChange(group, AreaLevel::kSite, site_id, area, *detectors_[index],
                                   judged, hold, Phase::kCleared, cause));
      hold = Hold{};
    }
  }
}

void Engine::AddHeld(const Group& group, AreaLevel level, const std::string& area_id,
                     const Area& area, const Observation& cause,
                     std::vector<SignalChange>& held) const {
  if (area.track.empty()) return;
  const std::vector<const Step*> steps = NewestSteps(area.track);
  for (const auto& [index, hold] : area.holds) {
    if (!hold.active) continue;
    const Detector& detector = *detectors_[index];
    Judged judged;
    judged.limit = detector.info().threshold;
    const auto stream = area.streams.find(index);
    if (control_ && stream != area.streams.end()) judged.limit = control_->Limit(stream->second);
    judged.finding = detector.Judge(detector.Measure({area.track.filter(), steps, area.track,
                                                      group.target, DistrictOf(group, level)}),
                                    judged.limit);
    held.push_back(
        MakeChange(group, level, area_id, area, detector, judged, hold, Phase::kUpdated, cause));
  }
}

std::vector<SignalChange> Engine::Held(std::uint64_t feed_sequence, base::Instant known_at) const {
  Observation cause;
  cause.feed_sequence = feed_sequence;
  cause.known_at = known_at;
  std::vector<SignalChange> held;
  for (const auto& [key, group] : groups_) {
    AddHeld(*group, AreaLevel::kDistrict, group->district_id, group->district, cause, held);
    for (const auto& [site_id, area] : group->sites) {
      AddHeld(*group, AreaLevel::kSite, site_id, area, cause, held);
    }
  }
  return held;
}

void Engine::Reset() {
  groups_.clear();
  rows_.clear();
  statistics_ = {};
  if (control_) {
    const auto controlled = std::count(rare_only_.begin(), rare_only_.end(), false);
    // A policy that was accepted once is accepted again.
    control_ =
        FalseAlarmControl::Create(control_->policy(),
                                  std::span(detectors_).first(static_cast<std::size_t>(controlled)))
            .value();
  }
}

std::string Engine::Fingerprint() const {
  std::string text = fmt::format("engine {}", kEngineVersion);
  for (const Detector* detector : detectors_) {
    const DetectorInfo& info = detector->info();
    text += fmt::format("; {} {} level {} limit {} quiet {} in {} days", info.name, info.version,
                        NameOf(info.level), info.threshold, info.quiet_samples, info.quiet_days);
  }
  if (control_) text += fmt::format("; false alarms: {}", control_->Describe());
  return text;
}

SignalChange Engine::MakeChange(const Group& group, AreaLevel level, const std::string& area_id,
                                const Area& area, const Detector& detector, const Judged& judged,
                                const Hold& hold, Phase phase, const Observation& cause) const {
  SignalChange change;
  change.signal_key =
      fmt::format("{}/{}/{}/{}", NameOf(level), area_id, group.target, detector.info().name);
  change.feed_sequence = cause.feed_sequence;
  change.phase = phase;
  change.level = level;
  change.area_id = area_id;
  change.district_id = group.district_id;
  change.target = group.target;
  change.kind = detector.info().kind;
  change.severity = hold.severity;
  change.detector = detector.info().name;
  change.detector_version = detector.info().version;
  change.observed_at = NewestCollected(area.track);
  change.known_at = cause.known_at;
  change.evidence = CollectEvidence(level, area.track, detector.info(), judged.finding);
  change.evidence.limit = judged.limit;
  // What each site does by itself: which of them carry the district.
  for (SiteContribution& site : change.evidence.sites) {
    const auto own = group.sites.find(site.site_id);
    if (own == group.sites.end() || own->second.track.empty()) continue;
    site.growth_per_day = own->second.track.filter().Growth().mean * kNaturalLogOfTen;
  }
  const std::vector<const Step*> steps = NewestSteps(area.track);
  const Strength strength = StrengthOf(detector.info(), {area.track.filter(), steps, area.track,
                                                         group.target, DistrictOf(group, level)});
  change.evidence.verify = hold.weak && phase != Phase::kCleared;
  if (strength.few) change.evidence.few_samples = static_cast<std::uint32_t>(*strength.few);
  const ExplanationSubject subject{level,        area_id, group.district_id,
                                   group.target, phase,   area.track.filter().day()};
  const auto explain = [&](Language language) {
    return Explain(subject, detector.info(), judged.finding, change.evidence, strength, language);
  };
  change.evidence.explanation = explain(Language::kEnglish) + judged.words;
  change.evidence.explanation_fr = explain(Language::kFrench) + judged.french_words;
  return change;
}

AreaState Engine::StateOf(const Group& group, AreaLevel level, const std::string& area_id,
                          const Area& area) const {
  const TrendFilter& filter = area.track.filter();
  const Estimate estimate = filter.Level(kActiveDays);
  AreaState state;
  state.level = level;
  state.area_id = area_id;
  state.district_id = group.district_id;
  state.target = group.target;
  state.observed_at = NewestCollected(area.track);
  state.sample_count = filter.samples();
  state.estimate_log10 = estimate.mean;
  state.lower_log10 = estimate.mean - 1.959964 * estimate.sd;
  state.upper_log10 = estimate.mean + 1.959964 * estimate.sd;
  state.growth_per_day = filter.Growth().mean * kNaturalLogOfTen;
  state.probability_rising = ProbabilityRising(filter);
  for (const auto& [index, hold] : area.holds) {
    if (!hold.active) continue;
    state.active_detectors.push_back(detectors_[index]->info().name);
    if (hold.weak) state.detectors_to_verify.push_back(detectors_[index]->info().name);
  }
  return state;
}

std::vector<AreaState> Engine::States(std::string_view district_id, std::string_view target) const {
  std::vector<AreaState> states;
  for (const auto& [key, group] : groups_) {
    if (!district_id.empty() && key.first != district_id) continue;
    if (!target.empty() && key.second != target) continue;
    if (!group->district.track.filter().empty()) {
      states.push_back(StateOf(*group, AreaLevel::kDistrict, group->district_id, group->district));
    }
    for (const auto& [site_id, area] : group->sites) {
      if (area.track.filter().empty()) continue;
      states.push_back(StateOf(*group, AreaLevel::kSite, site_id, area));
    }
  }
  return states;
}

}  // namespace belgrand::detection
