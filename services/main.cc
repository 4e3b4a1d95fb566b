// The one binary: a table of subcommands.
#include <CLI/CLI.hpp>
#include <iostream>

#include "platform/base/version.h"
#include "services/cli/alerts_command.h"
#include "services/cli/amend_command.h"
#include "services/cli/audit_anew_command.h"
#include "services/cli/audit_command.h"
#include "services/cli/backtest_command.h"
#include "services/cli/backup_command.h"
#include "services/cli/breach_command.h"
#include "services/cli/bulletin_command.h"
#include "services/cli/command.h"
#include "services/cli/compliance_command.h"
#include "services/cli/export_command.h"
#include "services/cli/fsck_command.h"
#include "services/cli/health_command.h"
#include "services/cli/identity_command.h"
#include "services/cli/import_command.h"
#include "services/cli/mapping_command.h"
#include "services/cli/publish_command.h"
#include "services/cli/register_command.h"
#include "services/cli/replay_command.h"
#include "services/cli/retention_command.h"
#include "services/cli/sensors_command.h"
#include "services/cli/series_command.h"
#include "services/cli/serve_command.h"
#include "services/cli/simulate_command.h"
#include "services/cli/sites_command.h"
#include "services/cli/smooth_command.h"
#include "services/cli/spool_command.h"
#include "services/cli/subject_command.h"
#include "services/cli/submit_command.h"

namespace {

void AddAuditCommands(CLI::App& app, belgrand::cli::RunSlot& run) {
  belgrand::cli::AddAudit(app, run);
  belgrand::cli::AddBeginAnew(app, run);
}

struct Command {
  const char* name;
  const char* summary;
  void (*add)(CLI::App&, belgrand::cli::RunSlot&);
};

constexpr Command kCommands[] = {
    {"serve", "Serve the roles of Belgrand", belgrand::cli::AddServe},
    {"check-config", "Check a configuration file and report every problem",
     belgrand::cli::AddCheckConfig},
    {"import", "Send a file of samples to a service, with a verdict for every row",
     belgrand::cli::AddImport},
    {"export", "Write stored samples as PHES-ODM tables or as a Frictionless data package",
     belgrand::cli::AddExport},
    {"series", "Show the samples of one site and target, raw and normalised",
     belgrand::cli::AddSeries},
    {"sites", "Load the catalogue of sites from files, and look at it and its history",
     belgrand::cli::AddSites},
    {"mapping", "Check the description of a laboratory's own columns", belgrand::cli::AddMapping},
    {"amend", "Correct stored samples from a file, or see what that would touch",
     belgrand::cli::AddAmend},
    {"void", "Take stored samples back, or see what that would touch", belgrand::cli::AddVoid},
    {"submit", "Send files of samples through a spool on disk that outlives crash and lost line",
     belgrand::cli::AddSubmit},
    {"spool", "See what waits in a spool and what became of what was sent",
     belgrand::cli::AddSpool},
    {"replay", "Replay a file through a service and watch its alerts", belgrand::cli::AddReplay},
    {"health", "Ask whether a service serves", belgrand::cli::AddHealth},
    {"alerts", "List, follow, acknowledge and resolve alerts", belgrand::cli::AddAlerts},
    {"bulletin", "Write the week's bulletin as pages and PDF, with its versions",
     belgrand::cli::AddBulletin},
    {"sensors", "Register sensors, send and read their readings", belgrand::cli::AddSensors},
    {"backtest", "Run the service's detection over a file of samples", belgrand::cli::AddBacktest},
    {"smooth", "Smooth a file of samples, looking back", belgrand::cli::AddSmooth},
    {"simulate", "Write a file of simulated samples", belgrand::cli::AddSimulate},
    {"publish", "Publish numbers that give no small group away", belgrand::cli::AddPublish},
    {"register", "Print the register of processing activities", belgrand::cli::AddRegister},
    {"fiche", "Make and check the implementation sheet", belgrand::cli::AddFiche},
    {"notice", "Print what persons are told of the processing", belgrand::cli::AddNotice},
    {"breach", "The file of a breach, and its clocks", belgrand::cli::AddBreach},
    {"audit", "Verify and read the audit log", AddAuditCommands},
    {"compliance", "Try the promises of the compliance module", belgrand::cli::AddCompliance},
    {"identity", "Issue tokens, limit certificates, revoke both", belgrand::cli::AddIdentity},
    {"retention", "Plan and apply the retention policies", belgrand::cli::AddRetention},
    {"subject", "Erase a person, and prove it", belgrand::cli::AddSubject},
    {"backup", "Make, list, verify and rehearse backups", belgrand::cli::AddBackup},
    {"restore", "Lay a backup out as a new data directory", belgrand::cli::AddRestore},
    {"fsck", "Check the invariants of a data directory that is not being served",
     belgrand::cli::AddFsck},
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Belgrand reads a city's sewers and warns its health officials in time.",
               "belgrand");
  app.set_version_flag("--version", belgrand::base::kVersion);
  app.require_subcommand(1);
  belgrand::cli::RunSlot run;
  for (const Command& command : kCommands) {
    command.add(*app.add_subcommand(command.name, command.summary), run);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? belgrand::cli::kExitOk : belgrand::cli::kExitUsage;
  }
  return run();
}
