#include "alerting/policy/policy.h"

#include <algorithm>
#include <utility>

#include "alerting/policy/schedule.h"
#include "belgrand/alerting/v1/alerting.pb.h"

namespace belgrand::alerting {
namespace {

using config::v1::AlertMatch;
using config::v1::RouteNode;

constexpr base::Duration kUnansweredAfter = std::chrono::minutes(30);

base::Duration ToDuration(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) +
         std::chrono::microseconds(duration.nanos() / 1'000);
}

template <typename List, typename Value>
bool AnyOf(const List& list, const Value& value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

Plan MakePlan(const config::v1::EscalationPlan& config) {
  Plan plan{.name = config.name(), .steps = {}, .rounds = config.repeat() + 1};
  for (const auto& step : config.steps()) {
    plan.steps.push_back({ToDuration(step.wait()),
                          {step.receivers().begin(), step.receivers().end()},
                          step.on_call()});
  }
  plan.unanswered_after =
      config.has_unanswered_after() ? ToDuration(config.unanswered_after()) : kUnansweredAfter;
  plan.remind_after = ToDuration(config.remind_after());
  return plan;
}

}  // namespace

AlertFacts FactsOf(const storage::v1::AlertRecord& alert) {
  return {alert.district_id(), alert.target(), alert.rule(),
          alert.alert_class() == v1::OPERATIONS ? static_cast<int>(config::v1::OPERATIONS)
                                                : alert.kind(),
          alert.severity()};
}

bool HoldsFor(const AlertMatch& match, const AlertFacts& facts) {
  if (!AnyOf(match.district_ids(), facts.district_id) || !AnyOf(match.targets(), facts.target) ||
      !AnyOf(match.rules(), facts.rule) || !AnyOf(match.kinds(), facts.kind)) {
    return false;
  }
  if (match.max_severity() != 0 && facts.severity > match.max_severity()) return false;
  return facts.severity >= match.min_severity();
}

AlertPolicy::AlertPolicy(const config::v1::Alerting& config, std::vector<Route> receivers)
    : config_(config), receivers_(std::move(receivers)) {
  if (!config_.time_zone().empty()) {
    if (auto zone = base::TimeZone::Load(config_.time_zone()); zone.ok()) zone_ = *zone;
  }
  for (const auto& plan : config_.escalations()) plans_[plan.name()] = MakePlan(plan);
  open_after_ = ToDuration(config_.open_after());
}

bool AlertPolicy::IsConfigured(std::string_view receiver) const {
  return std::ranges::find(receivers_, receiver, &Route::receiver) != receivers_.end();
}

bool AlertPolicy::IsStream(std::string_view receiver) const {
  const auto found = std::ranges::find(receivers_, receiver, &Route::receiver);
  return found != receivers_.end() && found->stream;
}

std::optional<base::Instant> AlertPolicy::EndOf(const std::string& window, base::Instant at) const {
  const auto found =
      std::ranges::find_if(config_.windows(), [&](const auto& w) { return w.name() == window; });
  if (found == config_.windows().end()) return std::nullopt;
  return WindowEnd(*found, zone_, at);
}

bool AlertPolicy::Matches(const AlertMatch& match, const AlertFacts& facts,
                          base::Instant at) const {
  if (!HoldsFor(match, facts)) return false;
  return match.windows().empty() || std::ranges::any_of(match.windows(), [&](const auto& window) {
           return EndOf(window, at).has_value();
         });
}

void AlertPolicy::Descend(const RouteNode& node, Leaf leaf, const AlertFacts& facts,
                          base::Instant at, std::vector<Leaf>& leaves) const {
  leaf.way += (leaf.way.empty() ? "" : " > ") + (node.name().empty() ? "(unnamed)" : node.name());
  if (!node.receivers().empty()) {
    leaf.receivers.assign(node.receivers().begin(), node.receivers().end());
  }
  if (!node.quiet_hours().empty()) leaf.quiet_hours = node.quiet_hours();
  if (!node.escalation().empty()) leaf.escalation = node.escalation();
  bool taken = false;
  for (const RouteNode& child : node.routes()) {
    if (!Matches(child.match(), facts, at)) continue;
    Descend(child, leaf, facts, at, leaves);
    taken = true;
    if (!child.continue_matching()) break;
  }
  if (!taken) leaves.push_back(std::move(leaf));
}

std::vector<AlertPolicy::Leaf> AlertPolicy::Leaves(const AlertFacts& facts,
                                                   base::Instant at) const {
  std::vector<Leaf> leaves;
  if (config_.has_route()) {
    Descend(config_.route(), {}, facts, at, leaves);
    // An operations alert that no node was made for is told to everybody who hears of its district:
    // it says that something does not work.
    for (Leaf& leaf : leaves) {
      if (facts.kind != config::v1::OPERATIONS || leaf.way.find(" > ") != std::string::npos) {
        continue;
      }
      for (const Route& route : receivers_) {
        if (std::ranges::find(leaf.receivers, route.receiver) == leaf.receivers.end()) {
          leaf.receivers.push_back(route.receiver);
        }
      }
    }
    return leaves;
  }
  Leaf all{.way = "every receiver of the district",
           .receivers = {},
           .quiet_hours = "",
           .escalation = ""};
  for (const Route& route : receivers_) all.receivers.push_back(route.receiver);
  return {std::move(all)};
}

std::vector<Destination> AlertPolicy::Destinations(const AlertFacts& facts,
                                                   base::Instant at) const {
  const std::vector<Leaf> leaves = Leaves(facts, at);
  std::vector<Destination> destinations;
  for (const Route& route : receivers_) {
    if (!AnyOf(route.district_ids, facts.district_id)) continue;
    std::optional<Destination> destination;
    for (const Leaf& leaf : leaves) {
      if (std::ranges::find(leaf.receivers, route.receiver) == leaf.receivers.end()) continue;
      Destination way{.receiver = route.receiver, .stream = route.stream, .way = leaf.way};
      if (!route.stream && facts.severity < config::v1::CRITICAL && !leaf.quiet_hours.empty()) {
        way.held_until = EndOf(leaf.quiet_hours, at);
        if (way.held_until) way.quiet_hours = leaf.quiet_hours;
      }
      const bool sooner =
          !destination || (destination->held_until &&
                           (!way.held_until || *way.held_until < *destination->held_until));
      if (sooner) destination = std::move(way);
    }
    if (destination) destinations.push_back(*std::move(destination));
  }
  return destinations;
}

bool AlertPolicy::Concerns(std::string_view receiver, const AlertFacts& facts,
                           base::Instant at) const {
  const auto destinations = Destinations(facts, at);
  return std::ranges::find(destinations, receiver, &Destination::receiver) != destinations.end();
}

const Plan* AlertPolicy::FindPlan(std::string_view name) const {
  const auto plan = plans_.find(std::string(name));
  return plan == plans_.end() ? nullptr : &plan->second;
}

const Plan* AlertPolicy::PlanFor(const AlertFacts& facts, base::Instant at) const {
  if (facts.kind == config::v1::OPERATIONS) return nullptr;
  for (const Leaf& leaf : Leaves(facts, at)) {
    if (!leaf.escalation.empty()) return FindPlan(leaf.escalation);
  }
  return nullptr;
}

std::vector<std::string> AlertPolicy::ReceiversOf(const Plan::Step& step, base::Instant at) const {
  std::vector<std::string> receivers = step.receivers;
  for (const auto& calendar : config_.calendars()) {
    if (calendar.name() != step.on_call) continue;
    const std::string on_call = OnCall(calendar, zone_, at);
    if (std::ranges::find(receivers, on_call) == receivers.end()) receivers.push_back(on_call);
  }
  return receivers;
}

std::optional<std::string> AlertPolicy::Inhibits(const AlertFacts& source, const AlertFacts& muted,
                                                 base::Instant at) const {
  for (const auto& rule : config_.inhibitions()) {
    if (rule.same_district() && source.district_id != muted.district_id) continue;
    if (rule.same_target() && source.target != muted.target) continue;
    if (!Matches(rule.source(), source, at) || !Matches(rule.muted(), muted, at)) continue;
    // What would mute itself or its equals mutes nothing: two of them would silence each other.
    if (Matches(rule.source(), muted, at)) continue;
    return rule.name();
  }
  return std::nullopt;
}

}  // namespace belgrand::alerting
