#include "services/cli/alert_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "alerting/exercise.h"
#include "detection/detector.h"
#include "detection/gaps.h"
#include "sample/target.h"
#include "sample/text.h"

namespace belgrand::cli {
namespace {

using config::v1::AlertMatch;
using config::v1::RouteNode;

// Rules of alerts that no detector raises: alerting/book_time.cc, alerting/exercise.h.
constexpr std::string_view kUnanswered = "unanswered";
// alerting/book_notices.cc.
constexpr std::string_view kNoticeWaiting = "notice-waiting";
// Of a sewer that overflows (services/detection/discharge_watch.h).
constexpr std::string_view kDischarge = "site-discharge";
constexpr std::string_view kSewer = "sewer";
// Of an exercise (alerting/exercise.cc).
constexpr std::string_view kExercise = "exercise";

std::vector<std::string_view> Rules() {
  std::vector<std::string_view> rules = {kUnanswered,
                                         kNoticeWaiting,
                                         kDischarge,
                                         alerting::kExerciseRule,
                                         detection::kNoNewData,
                                         detection::kLateLaboratory,
                                         detection::kMissingSample,
                                         detection::kSilentSensor};
  for (const auto& detector : detection::RegisteredDetectors()) {
    rules.emplace_back(detector->info().name);
  }
  return rules;
}

void CheckMatch(const std::string& where, const AlertMatch& match,
                std::vector<std::string>& problems) {
  for (const std::string& target : match.targets()) {
    const std::string wrong = WrongTarget(target);
    if (!wrong.empty()) problems.push_back(fmt::format("{}.targets: {}", where, wrong));
  }
  for (const std::string& rule : match.rules()) {
    const std::string wrong = WrongRule(rule);
    if (!wrong.empty()) problems.push_back(fmt::format("{}.rules: {}", where, wrong));
  }
}

void CheckRoutes(const std::string& where, const RouteNode& node,
                 std::vector<std::string>& problems) {
  for (int i = 0; i < node.routes_size(); ++i) {
    const std::string at = fmt::format("{}.routes[{}]", where, i);
    CheckMatch(at + ".match", node.routes(i).match(), problems);
    CheckRoutes(at, node.routes(i), problems);
  }
}

}  // namespace

std::string WrongTarget(std::string_view target) {
  const auto code = sample::CanonicalTarget(target);
  if (code == target || target == kExercise || target == kSewer ||
      target == detection::kAnyTarget) {
    return "";
  }
  const std::string_view meant = code.has_value() ? *code : sample::NearestTarget(target);
  if (!meant.empty()) {
    return fmt::format("'{}' is no target of an alert: did you mean '{}'?", target, meant);
  }
  return fmt::format("'{}' is no target of an alert; targets: {}", target, sample::TargetList());
}

std::string WrongRule(std::string_view rule) {
  const std::vector<std::string_view> rules = Rules();
  if (std::ranges::find(rules, rule) != rules.end()) return "";
  const std::string_view meant = sample::Nearest(rule, rules);
  if (!meant.empty()) {
    return fmt::format("'{}' is no rule of an alert: did you mean '{}'?", rule, meant);
  }
  return fmt::format("'{}' is no rule of an alert; rules: {}", rule, fmt::join(rules, ", "));
}

std::vector<std::string> CheckAlertNames(const config::v1::Alerting& config) {
  std::vector<std::string> problems;
  CheckRoutes("alerting.route", config.route(), problems);
  for (int i = 0; i < config.inhibitions_size(); ++i) {
    const std::string at = fmt::format("alerting.inhibitions[{}]", i);
    CheckMatch(at + ".source", config.inhibitions(i).source(), problems);
    CheckMatch(at + ".muted", config.inhibitions(i).muted(), problems);
  }
  for (int i = 0; i < config.notices().propose_size(); ++i) {
    CheckMatch(fmt::format("alerting.notices.propose[{}]", i), config.notices().propose(i),
               problems);
  }
  return problems;
}

}  // namespace belgrand::cli
