#include "services/cli/import_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/base/clock.h"
#include "services/cli/client_flags.h"
#include "services/cli/import_client.h"
#include "services/cli/import_report.h"
#include "services/cli/progress.h"
#include "services/cli/sample_load.h"
#include "services/cli/verdicts_csv.h"

namespace belgrand::cli {
namespace {

using ingest::v1::Verdict;

struct Flags {
  ClientFlags client;
  std::string file;
  std::string profile;
  std::string mapping;
  std::string sites;
  std::string sheet;
  std::string verdicts;
  std::string sites_server;
  bool register_sites = false;
  bool dry_run = false;
  bool in_time_order = false;
  std::size_t batch_rows = 500;
};

Language ReportLanguage(const ClientFlags& flags) {
  return VerdictLanguage(flags) == ingest::v1::FRENCH ? Language::kFrench : Language::kEnglish;
}

bool IsFrench(Language language) { return language == Language::kFrench; }

base::Status RegisterSites(const Flags& flags, const SampleFile& file, ImportClient& client) {
  const auto changed = client.RegisterSites(file.sites);
  if (changed.status().code() == base::StatusCode::kUnimplemented && flags.sites_server.empty()) {
    return base::Annotate(changed.status(), "--register-sites needs --sites-server HOST:PORT here");
  }
  if (!changed.ok()) return changed.status();
  const Language language = ReportLanguage(flags.client);
  const std::size_t sites = file.sites.size();
  std::cout << (IsFrench(language)
                    ? fmt::format(
                          "{} dans le fichier, {} au catalogue\n",
                          Counted(sites, "site", "sites", language),
                          Counted(*changed, "nouveau ou modifié", "nouveaux ou modifiés", language))
                    : fmt::format("{} in the file, {} new or changed in the catalogue\n",
                                  Counted(sites, "site", "sites"), Grouped(*changed)));
  return base::OkStatus();
}

// Once a batch: then the wait is no longer silent.
void ShowWait(const Flags& flags, const base::Status& status, bool& said) {
  if (std::exchange(said, true)) return;
  std::cerr << (IsFrench(ReportLanguage(flags.client))
                    ? fmt::format("{} ne répond pas ({}) : attente, une minute au plus\n",
                                  flags.client.server, base::Message(status))
                    : fmt::format("{} does not answer ({}): waiting, at most a minute\n",
                                  flags.client.server, base::Message(status)));
}

void ShowTotals(const Flags& flags, const SampleFile& file, const ImportTotals& totals) {
  const Language language = ReportLanguage(flags.client);
  const std::string rows = IsFrench(language) ? Counted(totals.rows(), "ligne", "lignes", language)
                                              : Counted(totals.rows(), "row", "rows");
  const std::string_view profile = sample::ProfileName(file.profile);
  const std::string title =
      IsFrench(language) ? fmt::format("{} : {}, profil {}{}", flags.file, rows, profile,
                                       flags.dry_run ? ", essai : rien n'a été enregistré" : "")
                         : fmt::format("{}: {}, profile {}{}", flags.file, rows, profile,
                                       flags.dry_run ? ", dry run: nothing was stored" : "");
  ShowTotals(title, totals, language);
}

base::StatusOr<SampleFile> Load(const Flags& flags) {
  LoadOptions load;
  if (!flags.profile.empty()) {
    ASSIGN_OR_RETURN(load.profile, sample::ParseProfile(flags.profile));
  }
  load.order = flags.in_time_order ? RowOrder::kTime : RowOrder::kFile;
  load.mapping = flags.mapping;
  load.sites = flags.sites;
  load.sheet = flags.sheet;
  return LoadSamples(flags.file, load);
}

// The catalogue of sites, where it is kept by another process than the intake.
base::StatusOr<std::shared_ptr<grpc::Channel>> ConnectSites(const Flags& flags) {
  if (flags.sites_server.empty()) return nullptr;
  ClientFlags client = flags.client;
  client.server = flags.sites_server;
  return Connect(client);
}

using Rejections = std::vector<std::pair<const sample::Row*, Verdict>>;

void ShowRejections(const Flags& flags, const Rejections& rejections) {
  for (const auto& [row, verdict] : rejections) {
    ShowRejection(row->line, verdict, ReportLanguage(flags.client));
  }
}

void ShowMore(const Flags& flags, std::size_t count) {
  if (count == 0) return;
  const Language language = ReportLanguage(flags.client);
  std::cout << fmt::format(
      fmt::runtime(IsFrench(language) ? "  et {} de plus ; --verdicts OUT.csv les donne toutes\n"
                                      : "  and {} more; --verdicts OUT.csv lists them all\n"),
      Grouped(count, language));
}

base::StatusOr<ImportTotals> Run(const Flags& flags) {
  ASSIGN_OR_RETURN(const SampleFile file, Load(flags));
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  ASSIGN_OR_RETURN(const auto sites, ConnectSites(flags));
  ImportClient client(channel, base::Clock::System(), sites);
  if (flags.register_sites) RETURN_IF_ERROR(RegisterSites(flags, file, client));
  std::ofstream verdicts_file;
  std::optional<VerdictsCsv> verdicts;
  if (!flags.verdicts.empty()) {
    verdicts_file.open(flags.verdicts);
    if (!verdicts_file) return base::Unavailable("{} cannot be written", flags.verdicts);
    verdicts.emplace(verdicts_file);
  }
  Progress progress(ReportLanguage(flags.client));
  Rejections rejections;
  bool wait_said = false;
  const ImportCallbacks callbacks = {
      .on_verdict =
          [&](const sample::Row& row, const Verdict& said) {
            Verdict verdict = said;
            file.columns.Rename(verdict);
            if (verdicts.has_value()) verdicts->Write(row, verdict);
            if (verdict.outcome() == Verdict::REJECTED && rejections.size() < kShownRejections) {
              rejections.emplace_back(&row, verdict);
            }
          },
      .on_progress =
          [&](std::size_t done, std::size_t total) {
            wait_said = false;
            progress.Show(done, total);
          },
  };
  ImportOptions options;
  options.batch_rows = flags.batch_rows;
  options.language = VerdictLanguage(flags.client);
  options.on_wait = [&](const base::Status& status, std::chrono::milliseconds) {
    ShowWait(flags, status, wait_said);
  };
  if (flags.dry_run) options.persistence = Persistence::kDryRun;
  auto totals = client.Send(file.rows, options, callbacks);
  ShowRejections(flags, rejections);
  if (!totals.ok()) return totals;
  ShowMore(flags, totals->rejected - std::min(totals->rejected, rejections.size()));
  ShowTotals(flags, file, *totals);
  ShowNotes(file.notes, ReportLanguage(flags.client));
  if (verdicts.has_value() && !verdicts_file.flush()) {
    return base::Unavailable("{} could not be written to the end", flags.verdicts);
  }
  return totals;
}

int Import(const Flags& flags) {
  const auto totals = Run(flags);
  if (!totals.ok()) {
    std::cerr << base::Message(totals.status()) << "\n";
    return kExitRuntime;
  }
  return totals->rejected == 0 ? kExitOk : kExitRuntime;
}

}  // namespace

void AddImport(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.add_option("file", flags->file,
                 "samples: CSV, .xlsx, or a folder of tables (docs/formats/README.md)")
      ->required()
      ->check(CLI::ExistingPath);
  auto* profile = app.add_option("--profile", flags->profile,
                                 "kind of file; found by its header when not given")
                      ->check(CLI::IsMember(sample::ProfileNames()));
  app.add_option("--mapping", flags->mapping,
                 "the laboratory's own columns, described once (docs/formats/mapping.md)")
      ->check(CLI::ExistingFile)
      ->excludes(profile);
  app.add_option("--sites", flags->sites,
                 "table of sites, for files that name sites and say nothing of them")
      ->check(CLI::ExistingFile);
  app.add_option("--sheet", flags->sheet, "sheet of a workbook; the first one when not given");
  auto* register_sites = app.add_flag("--register-sites", flags->register_sites,
                                      "put the file's sites into the catalogue first");
  app.add_option("--sites-server", flags->sites_server,
                 "host:port of the role timeseries, which keeps the sites, where it is another "
                 "process than --server")
      ->needs(register_sites);
  app.add_option("--verdicts", flags->verdicts, "write the verdict of every row to this CSV file");
  app.add_flag("--dry-run", flags->dry_run, "judge every row, store nothing")
      ->excludes(register_sites);
  app.add_flag("--in-time-order", flags->in_time_order,
               "send rows in the order in which they became known, not in file order");
  app.add_option("--batch-rows", flags->batch_rows, "rows sent together")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  AddClientFlags(app, flags->client);
  app.callback([flags, &run] { run = [flags] { return Import(*flags); }; });
}

}  // namespace belgrand::cli
