#include "services/detection/gap_watch.h"

#include <grpcpp/client_context.h>

#include <algorithm>

#include "platform/base/log.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/shared/timestamp.h"

namespace belgrand::detection {
namespace {

using google::protobuf::Duration;

constexpr base::Duration kResultWithin = std::chrono::days(7);
constexpr base::Duration kGrace = std::chrono::days(1);
constexpr base::Duration kSilentAfter = std::chrono::hours(1);
constexpr base::Duration kShortest = std::chrono::seconds(1);
constexpr base::Duration kLongest = std::chrono::days(366);
constexpr base::Duration kCallTimeout = std::chrono::seconds(10);
constexpr std::size_t kMaxOwnerBytes = 100;
constexpr std::string_view kVersion = "1";

base::Duration Or(bool present, const Duration& duration, base::Duration other) {
  if (!present) return other;
  return std::chrono::seconds(duration.seconds()) +
         std::chrono::microseconds(duration.nanos() / 1'000);
}

void CheckSpan(const std::string& field, base::Duration value, base::Duration least,
               std::vector<std::string>& problems) {
  if (value >= least && value <= kLongest) return;
  problems.push_back(fmt::format(
      "{}: {} s is outside {} s to {} s", field, std::chrono::duration<double>(value).count(),
      std::chrono::duration_cast<std::chrono::seconds>(least).count(),
      std::chrono::duration_cast<std::chrono::seconds>(kLongest).count()));
}

void CheckOwner(const std::string& field, const std::string& owner,
                std::vector<std::string>& problems) {
  if (!owner.empty() && owner.size() <= kMaxOwnerBytes) return;
  problems.push_back(fmt::format("{}: name who must act, a laboratory or a team, in 1 to {} bytes",
                                 field, kMaxOwnerBytes));
}

SamplingPlan PlanOf(const config::v1::SamplingPlan& config) {
  return {.name = config.name(),
          .district_ids = {config.district_ids().begin(), config.district_ids().end()},
          .site_ids = {config.site_ids().begin(), config.site_ids().end()},
          .targets = {config.targets().begin(), config.targets().end()},
          .every = Or(config.has_every(), config.every(), base::Duration(0)),
          .result_within = Or(config.has_result_within(), config.result_within(), kResultWithin),
          .grace = Or(config.has_grace(), config.grace(), kGrace),
          .owner = config.owner()};
}

base::Duration SilentAfter(const config::v1::SensorWatch& config) {
  return Or(config.has_silent_after(), config.silent_after(), kSilentAfter);
}

std::pair<std::string, std::string> KeyOf(const Gap& gap) {
  return {gap.district_id, gap.SignalKey()};
}

v1::Signal ToSignal(const Gap& gap, v1::Signal::Phase phase) {
  v1::Signal signal;
  signal.set_signal_key(gap.SignalKey());
  signal.set_phase(phase);
  signal.set_level(static_cast<v1::AreaLevel>(gap.level));
  signal.set_area_id(gap.area_id);
  signal.set_district_id(gap.district_id);
  signal.set_target(gap.target);
  signal.set_kind(v1::DATA_GAP);
  signal.set_severity(static_cast<v1::Severity>(gap.severity));
  signal.set_detector(gap.rule);
  signal.set_detector_version(std::string(kVersion));
  signal.set_owner(gap.owner);
  *signal.mutable_observed_at() = shared::ToTimestamp(gap.since);
  signal.mutable_evidence()->set_explanation(gap.explanation);
  signal.mutable_evidence()->set_explanation_fr(gap.explanation_fr);
  return signal;
}

bool SameWords(const v1::Signal& told, const Gap& gap) {
  return told.severity() == static_cast<v1::Severity>(gap.severity) && told.owner() == gap.owner &&
         told.evidence().explanation() == gap.explanation;
}

}  // namespace

std::vector<std::string> CheckGapRules(const config::v1::Detection& config) {
  std::vector<std::string> problems;
  std::set<std::string> names;
  for (int i = 0; i < config.sampling_plans_size(); ++i) {
    const SamplingPlan plan = PlanOf(config.sampling_plans(i));
    const std::string field = fmt::format("detection.sampling_plans[{}]", i);
    if (plan.name.empty() || !names.insert(plan.name).second) {
      problems.push_back(field + ".name: give each plan a name of its own");
    }
    CheckSpan(field + ".every", plan.every, kShortest, problems);
    CheckSpan(field + ".result_within", plan.result_within, base::Duration(0), problems);
    CheckSpan(field + ".grace", plan.grace, base::Duration(0), problems);
    CheckOwner(field + ".owner", plan.owner, problems);
  }
  if (config.has_sensor_watch()) {
    CheckSpan("detection.sensor_watch.silent_after", SilentAfter(config.sensor_watch()), kShortest,
              problems);
    CheckOwner("detection.sensor_watch.owner", config.sensor_watch().owner(), problems);
  }
  return problems;
}

GapRules GapRulesOf(const config::v1::Detection& config) {
  GapRules rules;
  for (const auto& plan : config.sampling_plans()) rules.plans.push_back(PlanOf(plan));
  if (config.has_sensor_watch()) {
    rules.silent_after = SilentAfter(config.sensor_watch());
    rules.sensor_owner = config.sensor_watch().owner();
  }
  return rules;
}

GapWatch::GapWatch(GapRules rules, SignalOutbox& outbox, const base::Clock& clock, Holds told,
                   std::function<void()> on_signals)
    : rules_(std::move(rules)),
      outbox_(outbox),
      clock_(clock),
      on_signals_(std::move(on_signals)),
      told_(std::move(told)) {}

bool GapWatch::HasWork() const {
  return !rules_.plans.empty() || rules_.silent_after || !told_.empty();
}

void GapWatch::Run(const Sources& sources) {
  if (!HasWork()) return;
  std::string said;
  while (!stop_.Pause(kInterval)) {
    const base::Status status = Look(sources);
    if (stop_.stopped()) return;
    // Said when it changes, not at every look.
    std::string trouble = status.ok() ? "" : base::Message(status);
    if (trouble == said) continue;
    said = std::move(trouble);
    if (said.empty()) {
      base::Log(base::LogLevel::kInfo, "gap_watch_goes_on", {});
    } else {
      base::Log(base::LogLevel::kWarning, "gap_watch_failed", {{"status", status}});
    }
  }
}

base::StatusOr<std::vector<PlannedSite>> GapWatch::ReadSites(const Sources& sources) {
  grpc::ClientContext context;
  rpc::SetTimeout(context, kCallTimeout);
  const StopSignal::Call call(stop_, context);
  timeseries::v1::ListSitesResponse response;
  const grpc::Status status = sources.sites->ListSites(&context, {}, &response);
  if (!status.ok()) return base::Annotate(rpc::FromGrpc(status), "reading the catalogue of sites");
  std::vector<PlannedSite> sites;
  for (const auto& site : response.sites()) {
    sites.push_back({site.site_id(), site.district_id(), shared::ToInstant(site.recorded_at())});
  }
  return sites;
}

base::StatusOr<std::vector<SensorState>> GapWatch::ReadSensors(const Sources& sources) {
  std::vector<SensorState> sensors;
  if (!rules_.silent_after || sources.sensors == nullptr) return sensors;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kCallTimeout);
  const StopSignal::Call call(stop_, context);
  sensor::v1::ListSensorsResponse response;
  const grpc::Status status = sources.sensors->ListSensors(&context, {}, &response);
  if (!status.ok()) return base::Annotate(rpc::FromGrpc(status), "reading the list of sensors");
  for (const auto& sensor : response.sensors()) {
    if (!sensor.has_newest_at()) continue;  // it never sent
    sensors.push_back({.sensor_id = sensor.sensor_id(),
                       .site_id = sensor.site_id(),
                       .quantity = sensor::v1::Quantity_Name(sensor.quantity()),
                       .newest_at = shared::ToInstant(sensor.newest_at()),
                       .max_gap = Or(true, sensor.limits().max_gap(), base::Duration(0))});
  }
  return sensors;
}

std::vector<v1::Signal> GapWatch::Difference(const std::vector<Gap>& gaps) const {
  std::vector<v1::Signal> raised;
  std::vector<v1::Signal> updated;
  std::set<std::pair<std::string, std::string>> found;
  for (const Gap& gap : gaps) {
    found.insert(KeyOf(gap));
    const auto told = told_.find(KeyOf(gap));
    if (told != told_.end()) {
      if (!SameWords(told->second, gap)) updated.push_back(ToSignal(gap, v1::Signal::UPDATED));
    } else if (seen_.contains(KeyOf(gap))) {
      raised.push_back(ToSignal(gap, v1::Signal::RAISED));
    }
  }
  // What is raised comes first: an alert that goes on with other areas is not closed in between.
  std::vector<v1::Signal> signals = std::move(raised);
  for (const auto& [key, told] : told_) {
    if (found.contains(key)) continue;
    v1::Signal& over = signals.emplace_back(told);
    over.set_phase(v1::Signal::CLEARED);
    over.mutable_evidence()->set_explanation(
        "What was missing has come, or is not expected any "
        "more.");
    over.mutable_evidence()->set_explanation_fr(
        "Ce qui manquait est arrivé, ou n'est plus attendu.");
  }
  signals.insert(signals.end(), updated.begin(), updated.end());
  return signals;
}

base::Status GapWatch::Look(const Sources& sources) {
  const auto arrivals = sources.arrivals();
  if (!arrivals) {
    seen_.clear();
    return base::OkStatus();
  }
  ASSIGN_OR_RETURN(const auto sites, ReadSites(sources));
  ASSIGN_OR_RETURN(const auto sensors, ReadSensors(sources));
  const base::Instant now = clock_.Now();
  const std::vector<Gap> gaps = FindGaps(rules_, sites, *arrivals, sensors, now);
  std::vector<v1::Signal> signals = Difference(gaps);
  seen_.clear();
  for (const Gap& gap : gaps) seen_.insert(KeyOf(gap));
  if (signals.empty()) return base::OkStatus();
  std::uint64_t order = static_cast<std::uint64_t>(base::ToMicros(now));
  // Above all that was told before, also when the clock was set back.
  for (const auto& [key, told] : told_) order = std::max(order, told.generation() + 1);
  for (v1::Signal& signal : signals) {
    signal.set_generation(order);
    signal.set_feed_sequence(order);
    *signal.mutable_known_at() = shared::ToTimestamp(now);
  }
  RETURN_IF_ERROR(outbox_.CommitGaps(signals));
  for (const v1::Signal& signal : signals) {
    if (signal.phase() == v1::Signal::CLEARED) {
      told_.erase({signal.district_id(), signal.signal_key()});
    } else {
      told_[{signal.district_id(), signal.signal_key()}] = signal;
    }
  }
  base::Log(base::LogLevel::kInfo, "gaps_told",
            {{"signals", signals.size()}, {"gaps", told_.size()}});
  on_signals_();
  return base::OkStatus();
}

}  // namespace belgrand::detection
