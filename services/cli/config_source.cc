#include "services/cli/config_source.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "detection/engine.h"
#include "platform/config/load.h"
#include "services/alerting/alerting_options.h"
#include "services/cli/alert_names.h"
#include "services/compliance/access_check.h"
#include "services/detection/gap_watch.h"
#include "services/mqtt_bridge/mqtt_bridge_role.h"
#include "services/shared/config_check.h"

namespace belgrand::cli {
namespace {

// "a.b=c" as the textproto "a { b: c }"; a value that is no number or boolean is quoted.
base::StatusOr<std::string> OverrideText(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return base::InvalidArgument("--set {}: write field=value, for example listen=127.0.0.1:0",
                                 text);
  }
  std::string path = text.substr(0, equals);
  std::string value = text.substr(equals + 1);
  const bool number = !value.empty() && value != "." &&
                      value.find_first_not_of("0123456789.") == std::string::npos &&
                      std::ranges::count(value, '.') <= 1;
  const bool literal = value == "true" || value == "false" || number;
  const bool message = value.starts_with("{");
  if (!literal && !message) {
    std::string quoted = "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    value = quoted + "\"";
  }
  std::string result;
  std::string closing;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.')) {
    result += path.substr(0, dot) + " { ";
    closing += " }";
    path = path.substr(dot + 1);
  }
  return result + path + (message ? " " : ": ") + value + closing;
}

// What the detection role would say at its start of its budget of false alarms; empty: nothing.
// Names of detectors that are not registered are judged elsewhere.
std::string CheckFalseAlarms(const config::v1::Detection& config) {
  std::vector<std::string> known;
  for (const auto& detector : detection::RegisteredDetectors()) {
    const auto& chosen = config.detectors();
    if (std::ranges::find(chosen, detector->info().name) != chosen.end()) {
      known.push_back(detector->info().name);
    }
  }
  if (known.empty() && !config.detectors().empty()) return "";
  const auto engine = detection::Engine::Create(
      known, {config.false_alerts_per_district_year(), config.false_discovery_rate()});
  if (engine.ok()) return "";
  return fmt::format("detection.false_alerts_per_district_year, detection.false_discovery_rate: {}",
                     base::Message(engine.status()));
}

}  // namespace

void AddConfigFlags(CLI::App& app, ConfigFlags& flags) {
  app.add_option("--config", flags.file, "Configuration file (textproto); without it, defaults");
  app.add_option("--set", flags.overrides, "Override one field: field.path=value");
}

base::StatusOr<config::v1::Config> LoadConfig(const ConfigFlags& flags,
                                              const std::vector<shared::RoleName>& roles) {
  config::v1::Config config;
  if (!flags.file.empty()) {
    ASSIGN_OR_RETURN(config, config::LoadTextproto<config::v1::Config>(flags.file));
  }
  for (const std::string& item : flags.overrides) {
    ASSIGN_OR_RETURN(const std::string text, OverrideText(item));
    ASSIGN_OR_RETURN(const auto override,
                     config::ParseTextproto<config::v1::Config>(text, "--set " + item));
    config.MergeFrom(override);
  }
  config = shared::WithDefaults(config);
  std::vector<std::string> problems = shared::CheckConfig(config);
  for (std::string& problem : shared::CheckPeersOf(config, roles)) {
    problems.push_back(std::move(problem));
  }
  for (std::string& problem : alerting::CheckAlertingConfig(config.alerting())) {
    problems.push_back(std::move(problem));
  }
  for (std::string& problem : compliance::CheckAccessConfig(config.access())) {
    problems.push_back(std::move(problem));
  }
  for (std::string& problem : CheckAlertNames(config.alerting())) {
    problems.push_back(std::move(problem));
  }
  if (config.has_mqtt_bridge()) {
    for (std::string& problem : mqtt_bridge::CheckBridgeConfig(config.mqtt_bridge())) {
      problems.push_back(std::move(problem));
    }
  }
  for (const std::string& name : config.detection().detectors()) {
    const auto& known = detection::RegisteredDetectors();
    if (std::none_of(known.begin(), known.end(),
                     [&](const auto& detector) { return detector->info().name == name; })) {
      problems.push_back(fmt::format(
          "detection.detectors: '{}' is not registered; leave the list empty for Belgrand's own",
          name));
    }
  }
  if (std::string problem = CheckFalseAlarms(config.detection()); !problem.empty()) {
    problems.push_back(std::move(problem));
  }
  for (std::string& problem : detection::CheckGapRules(config.detection())) {
    problems.push_back(std::move(problem));
  }
  if (problems.empty()) return config;
  std::string text = fmt::format("the configuration has {} problem{}:", problems.size(),
                                 problems.size() == 1 ? "" : "s");
  for (const std::string& problem : problems) text += "\n  " + problem;
  return base::InvalidArgument("{}", text);
}

}  // namespace belgrand::cli
