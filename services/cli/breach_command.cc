#include "services/cli/breach_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/audit_anew.h"
#include "compliance/audit_verify.h"
#include "compliance/breach.h"
#include "compliance/closed_logs.h"
#include "compliance/entry_bundles.h"
#include "compliance/keyring.h"
#include "platform/base/clock.h"
#include "platform/base/file.h"
#include "services/cli/config_source.h"
#include "services/cli/declaration_file.h"
#include "services/compliance/audit_entries.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kEntriesPerRead = 4'096;
constexpr std::uintmax_t kMaxBreachFileBytes = std::uintmax_t{64} << 20;

struct Flags {
  ConfigFlags config;
  std::string declaration;
  std::string language = "en";
  std::string credential;
  std::string from;
  std::string until;
  std::string aware_at;
  std::string out;
  std::string file;
};

compliance::Language LanguageOf(const Flags& flags) {
  return flags.language == "fr" ? compliance::Language::kFrench : compliance::Language::kEnglish;
}

base::StatusOr<base::Instant> InstantOr(const std::string& text, std::string_view flag,
                                        base::Instant otherwise) {
  if (text.empty()) return otherwise;
  const auto instant = base::ParseInstant(text);
  if (!instant.ok()) return base::Annotate(instant.status(), std::string(flag));
  return instant;
}

// The keyed reference under which the log holds the credential.
base::StatusOr<std::string> ReferenceOf(const fs::path& keyring, const std::string& credential) {
  const fs::path key = keyring / "audit_actor.key";
  std::error_code ignored;
  if (!fs::exists(key, ignored)) {
    // Opening it would make a new one, under which nobody is found.
    return base::NotFound(
        "{} is not there, and without it no entry can be told from another's: "
        "name the keyring with compliance.keyring_dir",
        key.string());
  }
  ASSIGN_OR_RETURN(const auto entries, compliance::AuditEntries::Open(key));
  return entries.ActorRef(credential);
}

// An upper bound of those whose names are sealed in the data.
base::StatusOr<std::uint64_t> SealedPersons(const fs::path& keyring) {
  const auto persons = compliance::Keyring::Inspect(keyring);
  if (persons.status().code() == base::StatusCode::kNotFound) return 0;
  return persons;
}

base::Status ReadLog(const fs::path& directory, compliance::BreachScoper& scoper) {
  ASSIGN_OR_RETURN(const auto report, compliance::VerifyAuditLog(directory, ""));
  if (!report.ok()) {
    std::cerr << fmt::format(
        "{}: {} problems, so what follows may not be all: run belgrand audit "
        "verify\n",
        directory.string(), report.problem_count);
  }
  for (std::uint64_t first = 0; first < report.entries; first += kEntriesPerRead) {
    const std::uint64_t count = std::min(kEntriesPerRead, report.entries - first);
    ASSIGN_OR_RETURN(const auto entries, compliance::ReadEntries(directory, first, count));
    for (const std::string& entry : entries) scoper.Take(entry);
  }
  return base::OkStatus();
}

// When the log begins; nullopt: it has no entry.
base::StatusOr<std::optional<base::Instant>> BeginningOf(const fs::path& directory) {
  const auto first = compliance::ReadEntries(directory, 0, 1);
  storage::v1::AuditEntry entry;
  if (!first.ok() || !entry.ParseFromString(first->front())) return std::nullopt;
  return base::FromMicros(entry.at_us());
}

// All logs of the data directory, oldest first; names the half-years of the window that are gone.
base::StatusOr<std::vector<std::string>> ReadLogs(const fs::path& home, base::Instant from,
                                                  compliance::BreachScoper& scoper) {
  ASSIGN_OR_RETURN(const auto closed,
                   compliance::ListClosedLogs(home / compliance::kClosedLogsDirectory));
  std::vector<std::string> pruned;
  for (std::size_t i = 0; i < closed.size(); ++i) {
    if (!closed[i].pruned) {
      RETURN_IF_ERROR(ReadLog(closed[i].directory, scoper));
      continue;
    }
    const fs::path next = i + 1 < closed.size() ? closed[i + 1].directory : home / "audit";
    ASSIGN_OR_RETURN(const auto ended, BeginningOf(next));
    if (!ended || *ended >= from) pruned.push_back(closed[i].checkpoint.origin);
  }
  RETURN_IF_ERROR(ReadLog(home / "audit", scoper));
  return pruned;
}

base::StatusOr<compliance::BreachFile> MakeFile(const Flags& flags) {
  ASSIGN_OR_RETURN(const config::v1::Config config, LoadConfig(flags.config, {}));
  const base::Instant now = base::Clock::System().Now();
  ASSIGN_OR_RETURN(const base::Instant from, InstantOr(flags.from, "--from", base::Instant()));
  ASSIGN_OR_RETURN(const base::Instant until, InstantOr(flags.until, "--until", now));
  if (until < from) return base::InvalidArgument("--until lies before --from: swap them");
  compliance::BreachFile file;
  ASSIGN_OR_RETURN(file.aware_at, InstantOr(flags.aware_at, "--aware-at", now));
  if (file.aware_at > now) return base::InvalidArgument("--aware-at lies in the future");
  file.made_at = now;
  const fs::path keyring = config.compliance().keyring_dir();
  ASSIGN_OR_RETURN(std::string reference, ReferenceOf(keyring, flags.credential));
  ASSIGN_OR_RETURN(const std::uint64_t persons, SealedPersons(keyring));
  const compliance::Register processing = compliance::BuildRegister();
  compliance::BreachScoper scoper(std::move(reference), processing, from, until);
  ASSIGN_OR_RETURN(auto pruned, ReadLogs(fs::path(config.data_dir()) / "compliance", from, scoper));
  file.scope = scoper.Done(flags.credential, persons);
  file.scope.pruned = std::move(pruned);
  return file;
}

base::Status Scope(const Flags& flags) {
  ASSIGN_OR_RETURN(const compliance::Declaration declaration, LoadDeclaration(flags.declaration));
  ASSIGN_OR_RETURN(const compliance::BreachFile file, MakeFile(flags));
  const std::string page = compliance::BreachMarkdown(file, declaration, LanguageOf(flags));
  if (flags.out.empty()) {
    std::cout << page;
  } else {
    RETURN_IF_ERROR(base::WriteFileAtomically(flags.out + ".json", BreachJson(file), 0600));
    RETURN_IF_ERROR(base::WriteFileAtomically(flags.out + ".md", page, 0600));
    std::cout << fmt::format("{0}.json and {0}.md\n", flags.out);
  }
  if (file.scope.used()) return base::OkStatus();
  return base::NotFound(
      "of {} entries in these hours none is of '{}': write it as `belgrand "
      "identity list` does (role:id), or issuer/subject",
      file.scope.entries, flags.credential);
}

base::Status ShowClocks(const Flags& flags) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(flags.file, kMaxBreachFileBytes));
  const auto aware_at = compliance::BreachAwareAt(text);
  if (!aware_at.ok()) return base::Annotate(aware_at.status(), flags.file);
  const base::Instant now = base::Clock::System().Now();
  std::size_t overdue = 0;
  for (const compliance::BreachClock& clock : compliance::BreachClocks(*aware_at)) {
    overdue += now > clock.due;
    std::cout << compliance::ClockText(clock, now, LanguageOf(flags)) << "\n";
  }
  if (overdue == 0) return base::OkStatus();
  return base::DeadlineExceeded("{} overdue", overdue);
}

int Report(const base::Status& status) {
  if (status.ok()) return kExitOk;
  std::cerr << base::Message(status) << "\n";
  return kExitRuntime;
}

void AddLanguage(CLI::App& app, Flags& flags) {
  app.add_option("--lang", flags.language, "en or fr")
      ->check(CLI::IsMember({"en", "fr"}))
      ->capture_default_str();
}

}  // namespace

void AddBreach(CLI::App& app, RunSlot& run) {
  app.description("The file of a breach (Art. 33 GDPR), from the audit log.");
  app.require_subcommand(1);
  auto flags = std::make_shared<Flags>();
  auto* scope = app.add_subcommand(
      "scope", "What a credential did: methods, personal fields, persons at most, clocks");
  AddConfigFlags(*scope, flags->config);
  AddLanguage(*scope, *flags);
  scope->add_option("--declaration", flags->declaration,
                    "JSON of what the controller declares (docs/documents.md)");
  scope
      ->add_option("--credential", flags->credential,
                   "role:id as `belgrand identity list` names it, or issuer/subject")
      ->required();
  scope->add_option("--from", flags->from, "first instant, 2026-11-01 or 2026-11-01T08:00:00Z");
  scope->add_option("--until", flags->until, "last instant; without it, now");
  scope->add_option("--aware-at", flags->aware_at,
                    "when the controller became aware; without it, now");
  scope->add_option("--out", flags->out, "write OUT.json and OUT.md instead of printing the page");
  scope->callback([flags, &run] { run = [flags] { return Report(Scope(*flags)); }; });
  auto* clock = app.add_subcommand("clock", "What is left of the clocks; exit code 1: one is over");
  AddLanguage(*clock, *flags);
  clock->add_option("file", flags->file, "the JSON that scope wrote")->required();
  clock->callback([flags, &run] { run = [flags] { return Report(ShowClocks(*flags)); }; });
}

}  // namespace belgrand::cli
