#include "services/cli/serve_command.h"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "platform/base/log.h"
#include "services/cli/config_source.h"
#include "services/cli/process.h"

namespace belgrand::cli {
namespace {

struct ServeFlags {
  ConfigFlags config;
  std::vector<std::string> roles = {"all"};
};

void AddFlags(CLI::App& app, ServeFlags& flags) {
  AddConfigFlags(app, flags.config);
  app.add_option("--role", flags.roles,
                 "all (default), or any of compliance, timeseries, ingest, alerting, detection, "
                 "sensors, mqtt-bridge, witness; all includes mqtt-bridge where it is configured, "
                 "and never witness")
      ->delimiter(',');
}

// Empty and a message on standard error when a name is unknown.
std::vector<shared::RoleName> ParseRoles(const std::vector<std::string>& names) {
  std::vector<shared::RoleName> roles;
  for (const std::string& name : names) {
    if (name == "all") {
      return {shared::kAllRoles.begin(), shared::kAllRoles.end()};
    }
    const auto role = shared::ParseRole(name);
    if (!role) {
      std::cerr << "--role " << name
                << " is unknown: use all, compliance, timeseries, ingest, alerting, "
                   "detection, sensors, mqtt-bridge or witness\n";
      return {};
    }
    roles.push_back(*role);
  }
  return roles;
}

int Serve(const ServeFlags& flags) {
  auto roles = ParseRoles(flags.roles);
  if (roles.empty()) return kExitUsage;
  const auto config = LoadConfig(flags.config, roles);
  if (!config.ok()) {
    std::cerr << base::Message(config.status()) << "\n";
    return kExitConfig;
  }
  const bool all = std::find(flags.roles.begin(), flags.roles.end(), "all") != flags.roles.end();
  if (all && config->has_mqtt_bridge()) roles.push_back(shared::RoleName::kMqttBridge);
  base::SetLogLevel(*base::ParseLogLevel(config->log_level()));
  // Blocked before any thread starts, so that only the wait below receives them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto process = Process::Create(*config, roles);
  if (!process.ok()) {
    std::cerr << "cannot start: " << base::Message(process.status()) << "\n";
    return process.status().code() == base::StatusCode::kInvalidArgument ||
                   process.status().code() == base::StatusCode::kPermissionDenied
               ? kExitConfig
               : kExitRuntime;
  }
  if (const auto started = (*process)->Start(); !started.ok()) {
    std::cerr << "cannot start: " << base::Message(started) << "\n";
    return kExitRuntime;
  }
  int received = 0;
  sigwait(&stop_signals, &received);
  base::Log(base::LogLevel::kInfo, "stopping", {{"signal", received}});
  (*process)->Stop();
  return kExitOk;
}

int CheckConfigFile(const ServeFlags& flags) {
  const auto roles = ParseRoles(flags.roles);
  if (roles.empty()) return kExitUsage;
  const auto config = LoadConfig(flags.config, roles);
  if (!config.ok()) {
    std::cerr << base::Message(config.status()) << "\n";
    return kExitConfig;
  }
  std::cout << "configuration is good\n";
  return kExitOk;
}

}  // namespace

void AddServe(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<ServeFlags>();
  AddFlags(app, *flags);
  app.callback([flags, &run] { run = [flags] { return Serve(*flags); }; });
}

void AddCheckConfig(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<ServeFlags>();
  app.add_option("file", flags->config.file,
                 "Configuration file (textproto of belgrand.config.v1.Config)");
  AddFlags(app, *flags);
  app.callback([flags, &run] { run = [flags] { return CheckConfigFile(*flags); }; });
}

}  // namespace belgrand::cli
