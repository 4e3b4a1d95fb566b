// What can be wrong with the rules of alerting in a configuration.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "alerting/policy/policy.h"
#include "alerting/policy/schedule.h"

namespace belgrand::alerting {
namespace {

using config::v1::Alerting;
using config::v1::AlertMatch;
using config::v1::RouteNode;
using google::protobuf::Duration;

constexpr int kDeepest = 16;
constexpr std::uint32_t kMostRepeats = 100;
constexpr std::int64_t kLongestWaitSeconds = 30L * 24 * 3600;

class Checker {
 public:
  Checker(const Alerting& config, const std::vector<Route>& receivers) : config_(config) {
    for (const Route& route : receivers) {
      receivers_.insert(route.receiver);
      if (route.stream) streams_.insert(route.receiver);
    }
  }

  std::vector<std::string> Run() {
    CheckZone();
    CheckWindows();
    CheckCalendars();
    CheckEscalations();
    if (config_.has_route()) {
      CheckMatch("alerting.route.match", config_.route().match());
      if (config_.route().match().ByteSizeLong() > 0) {
        Report("alerting.route.match", "the root takes every alert; put conditions into routes");
      }
      if (config_.route().receivers().empty()) {
        Report("alerting.route.receivers",
               "is empty: name who is told of what no route matches, so that nothing is told to "
               "nobody");
      }
      CheckNode("alerting.route", config_.route(), 1);
    }
    CheckInhibitions();
    CheckWait("alerting.open_after", config_.open_after());
    return std::move(problems_);
  }

 private:
  void Report(const std::string& where, const std::string& what) {
    problems_.push_back(where + ": " + what);
  }

  void CheckWait(const std::string& where, const Duration& wait) {
    if (wait.seconds() < 0 || wait.nanos() < 0 || wait.seconds() > kLongestWaitSeconds) {
      Report(where,
             fmt::format("{} s is outside 0 s to {} s", wait.seconds(), kLongestWaitSeconds));
    }
  }

  void CheckReceiver(const std::string& where, const std::string& receiver) {
    if (receivers_.contains(receiver)) return;
    Report(where, fmt::format("'{}' is no configured receiver; add it to alerting.receivers or "
                              "correct the name",
                              receiver));
  }

  // Of escalations and calendars: a message must go out to wake somebody.
  void CheckSent(const std::string& where, const std::string& receiver) {
    CheckReceiver(where, receiver);
    if (!streams_.contains(receiver)) return;
    Report(where, fmt::format("'{}' is a stream, which shows what its routes say and wakes nobody; "
                              "name a receiver that is sent to",
                              receiver));
  }

  // Of a list of named things: each has a name of its own.
  template <typename List>
  std::set<std::string> Names(const std::string& where, const List& list) {
    std::set<std::string> names;
    for (int i = 0; i < list.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", where, i);
      if (list[i].name().empty()) Report(at, "name is empty");
      if (!names.insert(list[i].name()).second) {
        Report(at, fmt::format("name '{}' is used before; names must be distinct", list[i].name()));
      }
    }
    return names;
  }

  void CheckZone() {
    if (config_.time_zone().empty()) return;
    auto zone = base::TimeZone::Load(config_.time_zone());
    if (zone.ok()) {
      zone_ = *zone;
    } else {
      Report("alerting.time_zone", base::Message(zone.status()));
    }
  }

  void CheckWindows() {
    windows_ = Names("alerting.windows", config_.windows());
    for (int i = 0; i < config_.windows_size(); ++i) {
      const auto& window = config_.windows(i);
      const std::string at = fmt::format("alerting.windows[{}]", i);
      for (const auto& [field, text] :
           {std::pair("from", window.from()), std::pair("to", window.to())}) {
        const auto clock = ParseClock(text);
        if (!clock.ok()) Report(at + "." + field, base::Message(clock.status()));
      }
      if (window.from() == window.to()) {
        Report(at, fmt::format("from and to are both '{}'; a whole day is 00:00 to 24:00",
                               window.from()));
      }
      for (const int day : window.days()) {
        if (day == 0) Report(at, "days holds WEEKDAY_UNSPECIFIED; say MONDAY to SUNDAY");
      }
    }
  }

  void CheckCalendars() {
    calendars_ = Names("alerting.calendars", config_.calendars());
    for (int i = 0; i < config_.calendars_size(); ++i) {
      const auto& calendar = config_.calendars(i);
      const std::string at = fmt::format("alerting.calendars[{}]", i);
      if (calendar.receivers().empty()) Report(at, "receivers is empty: nobody would be on call");
      for (const std::string& receiver : calendar.receivers()) {
        CheckSent(at + ".receivers", receiver);
      }
      const auto first = base::ParseDay(calendar.first_day());
      if (!first.ok()) Report(at + ".first_day", base::Message(first.status()));
      if (!calendar.handover().empty()) {
        const auto handover = ParseClock(calendar.handover());
        if (!handover.ok()) Report(at + ".handover", base::Message(handover.status()));
      }
      if (calendar.shift_days() > 366) {
        Report(at + ".shift_days", fmt::format("{} is outside 1 to 366", calendar.shift_days()));
      }
      for (int j = 0; j < calendar.overrides_size(); ++j) {
        CheckOverride(fmt::format("{}.overrides[{}]", at, j), calendar.overrides(j));
      }
    }
  }

  void CheckOverride(const std::string& at, const config::v1::Override& change) {
    CheckSent(at + ".receiver", change.receiver());
    const auto from = ParseLocal(change.from(), zone_);
    const auto to = ParseLocal(change.to(), zone_);
    if (!from.ok()) Report(at + ".from", base::Message(from.status()));
    if (!to.ok()) Report(at + ".to", base::Message(to.status()));
    if (from.ok() && to.ok() && *from >= *to) {
      Report(at, fmt::format("ends ({}) before it begins ({})", change.to(), change.from()));
    }
  }

  void CheckEscalations() {
    escalations_ = Names("alerting.escalations", config_.escalations());
    for (int i = 0; i < config_.escalations_size(); ++i) {
      const auto& plan = config_.escalations(i);
      const std::string at = fmt::format("alerting.escalations[{}]", i);
      if (plan.steps().empty()) Report(at, "steps is empty: nobody would be told");
      if (plan.repeat() > kMostRepeats) {
        Report(at + ".repeat", fmt::format("{} is outside 0 to {}", plan.repeat(), kMostRepeats));
      }
      CheckWait(at + ".unanswered_after", plan.unanswered_after());
      CheckWait(at + ".remind_after", plan.remind_after());
      for (int j = 0; j < plan.steps_size(); ++j) {
        const auto& step = plan.steps(j);
        const std::string where = fmt::format("{}.steps[{}]", at, j);
        CheckWait(where + ".wait", step.wait());
        if (step.wait().seconds() < 1) {
          Report(where + ".wait", "is under 1 s: give those told before time to answer");
        }
        if (step.receivers().empty() && step.on_call().empty()) {
          Report(where, "names neither receivers nor on_call");
        }
        for (const std::string& receiver : step.receivers()) {
          CheckSent(where + ".receivers", receiver);
        }
        if (!step.on_call().empty() && !calendars_.contains(step.on_call())) {
          Report(where + ".on_call", fmt::format("'{}' is no configured calendar", step.on_call()));
        }
      }
    }
  }

  void CheckMatch(const std::string& where, const AlertMatch& match) {
    for (const std::string& window : match.windows()) {
      if (!windows_.contains(window)) {
        Report(where + ".windows", fmt::format("'{}' is no configured window", window));
      }
    }
    for (const int kind : match.kinds()) {
      if (kind == 0) Report(where + ".kinds", "holds ALERT_KIND_UNSPECIFIED");
    }
    if (match.max_severity() != 0 && match.max_severity() < match.min_severity()) {
      Report(where, "max_severity is below min_severity: nothing would match");
    }
  }

  void CheckNode(const std::string& where, const RouteNode& node, int depth) {
    if (depth > kDeepest) {
      Report(where, fmt::format("lies deeper than {} levels; flatten the tree", kDeepest));
      return;
    }
    for (const std::string& receiver : node.receivers()) {
      CheckReceiver(where + ".receivers", receiver);
    }
    if (!node.quiet_hours().empty() && !windows_.contains(node.quiet_hours())) {
      Report(where + ".quiet_hours",
             fmt::format("'{}' is no configured window", node.quiet_hours()));
    }
    if (!node.escalation().empty() && !escalations_.contains(node.escalation())) {
      Report(where + ".escalation",
             fmt::format("'{}' is no configured escalation", node.escalation()));
    }
    bool all_taken = false;
    for (int i = 0; i < node.routes_size(); ++i) {
      const RouteNode& child = node.routes(i);
      const std::string at = fmt::format("{}.routes[{}]", where, i);
      if (all_taken) {
        Report(at,
               "is never reached: a route before it takes every alert; put it first, or give "
               "that one continue_matching");
      }
      if (child.match().ByteSizeLong() == 0 && !child.continue_matching()) all_taken = true;
      CheckMatch(at + ".match", child.match());
      CheckNode(at, child, depth + 1);
    }
  }

  void CheckInhibitions() {
    Names("alerting.inhibitions", config_.inhibitions());
    for (int i = 0; i < config_.inhibitions_size(); ++i) {
      const auto& rule = config_.inhibitions(i);
      const std::string at = fmt::format("alerting.inhibitions[{}]", i);
      CheckMatch(at + ".source", rule.source());
      CheckMatch(at + ".muted", rule.muted());
      if (rule.source().ByteSizeLong() == 0) {
        Report(at + ".source", "is empty: say which alerts mute others");
      }
      if (rule.muted().ByteSizeLong() == 0) {
        Report(at + ".muted", "is empty: it would mute every alert; say which");
      }
    }
  }

  const Alerting& config_;
  std::set<std::string> receivers_;
  std::set<std::string> streams_;
  base::TimeZone zone_;
  std::set<std::string> windows_;
  std::set<std::string> calendars_;
  std::set<std::string> escalations_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> CheckPolicy(const Alerting& config, const std::vector<Route>& receivers) {
  return Checker(config, receivers).Run();
}

}  // namespace belgrand::alerting
