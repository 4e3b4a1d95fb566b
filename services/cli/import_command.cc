#include "services/cli/import_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

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
  bool register_sites = false;
  bool dry_run = false;
  bool in_time_order = false;
  std::size_t batch_rows = 500;
};

base::StatusOr<ImportTotals> Run(const Flags& flags) {
  LoadOptions load;
  if (!flags.profile.empty()) {
    ASSIGN_OR_RETURN(load.profile, sample::ParseProfile(flags.profile));
  }
  load.order = flags.in_time_order ? RowOrder::kTime : RowOrder::kFile;
  load.mapping = flags.mapping;
  load.sites = flags.sites;
  load.sheet = flags.sheet;
  ASSIGN_OR_RETURN(const SampleFile file, LoadSamples(flags.file, load));
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  ImportClient client(channel, base::Clock::System());
  if (flags.register_sites) {
    ASSIGN_OR_RETURN(const std::size_t changed, client.RegisterSites(file.sites));
    std::cout << fmt::format("{} sites in the file, {} new or changed in the catalogue\n",
                             Grouped(file.sites.size()), Grouped(changed));
  }
  std::ofstream verdicts_file;
  std::optional<VerdictsCsv> verdicts;
  if (!flags.verdicts.empty()) {
    verdicts_file.open(flags.verdicts);
    if (!verdicts_file) return base::Unavailable("{} cannot be written", flags.verdicts);
    verdicts.emplace(verdicts_file);
  }
  Progress progress;
  std::vector<std::pair<const sample::Row*, Verdict>> rejections;
  const ImportCallbacks callbacks = {
      .on_verdict =
          [&](const sample::Row& row, const Verdict& verdict) {
            if (verdicts.has_value()) verdicts->Write(row, verdict);
            if (verdict.outcome() == Verdict::REJECTED && rejections.size() < kShownRejections) {
              rejections.emplace_back(&row, verdict);
            }
          },
      .on_progress = [&](std::size_t done, std::size_t total) { progress.Show(done, total); },
  };
  ImportOptions options;
  options.batch_rows = flags.batch_rows;
  options.language = VerdictLanguage(flags.client);
  if (flags.dry_run) options.persistence = Persistence::kDryRun;
  auto totals = client.Send(file.rows, options, callbacks);
  for (const auto& [row, verdict] : rejections) ShowRejection(row->line, verdict);
  if (!totals.ok()) return totals;
  if (totals->rejected > rejections.size()) {
    std::cout << fmt::format("  and {} more; --verdicts OUT.csv lists them all\n",
                             Grouped(totals->rejected - rejections.size()));
  }
  ShowTotals(fmt::format("{}: {} rows, profile {}{}", flags.file, Grouped(totals->rows()),
                         sample::ProfileName(file.profile),
                         flags.dry_run ? ", dry run: nothing was stored" : ""),
             *totals);
  ShowNotes(file.notes);
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
