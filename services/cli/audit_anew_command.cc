#include "services/cli/audit_anew_command.h"

#include <filesystem>
#include <iostream>
#include <memory>

#include "compliance/audit_anew.h"
#include "compliance/audit_log.h"
#include "compliance/closed_logs.h"
#include "platform/base/clock.h"
#include "services/cli/config_source.h"
#include "services/compliance/audit_entries.h"
#include "services/compliance/cosigner.h"

namespace belgrand::cli {
namespace {

struct AnewFlags {
  ConfigFlags config;
  std::string incident;
};

base::Status Run(const AnewFlags& flags) {
  ASSIGN_OR_RETURN(const config::v1::Config config, LoadConfig(flags.config, {}));
  const std::filesystem::path home = std::filesystem::path(config.data_dir()) / "compliance";
  const std::filesystem::path keyring = config.compliance().keyring_dir();
  ASSIGN_OR_RETURN(const auto entries, compliance::AuditEntries::Open(keyring / "audit_actor.key"));
  ASSIGN_OR_RETURN(const compliance::AnewReport report,
                   compliance::BeginAnew({home / "audit", home / "audit_log.seed",
                                          home / compliance::kClosedLogsDirectory,
                                          keyring / compliance::kAnchorFile, ""}));
  // The first entry of the new log says which log came before it, and how far.
  compliance::AuditLogOptions options;
  options.directory = home / "audit";
  options.origin = report.origin;
  options.seed_path = home / "audit_log.seed";
  ASSIGN_OR_RETURN(auto log, compliance::AuditLog::Open(options, base::Clock::System()));
  compliance::v1::AuditEvent event = compliance::FollowsEvent(report.before);
  event.set_actor("local:operator");
  event.set_role(privacy::v1::SERVICE_OPERATOR);
  event.set_method("audit begin-anew");
  event.set_purpose(privacy::v1::OPERATION);
  event.set_request_id(flags.incident);
  ASSIGN_OR_RETURN(const std::string entry, entries.Encode(event, base::Clock::System().Now()));
  RETURN_IF_ERROR(log->Append({&entry, 1}).status());
  RETURN_IF_ERROR(log->Close());
  std::cout << fmt::format(
      "closed  {} with {} entries: {}\nopened  {}\nverifier key: {}\nkeep the closed log: it is "
      "evidence, and belgrand audit verify checks it as before\n",
      report.before.origin, report.before.size, report.closed.string(), report.origin,
      log->verifier_key());
  return base::OkStatus();
}

}  // namespace

void AddBeginAnew(CLI::App& audit, RunSlot& run) {
  auto flags = std::make_shared<AnewFlags>();
  CLI::App* verb = audit.add_subcommand(
      "begin-anew", "Put the log of a stopped service aside, whole, and begin the next one");
  AddConfigFlags(*verb, flags->config);
  verb->add_option("--incident", flags->incident,
                   "Number of the incident or decision, logged as the first entry; no names")
      ->required();
  verb->callback([flags, &run] {
    run = [flags] {
      const base::Status status = Run(*flags);
      if (status.ok()) return kExitOk;
      std::cerr << base::Message(status) << "\n";
      return kExitRuntime;
    };
  });
}

}  // namespace belgrand::cli
