#include "services/cli/publish_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/secret.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "publication/ledger.h"
#include "publication/release.h"
#include "publication/render.h"
#include "sample/target.h"
#include "services/cli/client_flags.h"
#include "services/cli/client_verb.h"
#include "services/cli/import_report.h"
#include "services/cli/publish_source.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;

struct Flags {
  ClientFlags client;
  // Of the audit log; empty: the same service.
  std::string audit_server;
  HistoryFlags history;
  std::string ledger;
  std::string out;
  std::vector<std::string> targets;
  std::string from;
  std::string to;
  std::string day;
  std::string title = "Pathogens in wastewater";
  int weeks = 1;
  bool with_sites = false;
  bool dry_run = false;
  std::string epsilon;
  double budget = 4;
  publication::Rules rules;
};

base::StatusOr<base::Instant> TimeOf(const std::string& name, const std::string& text,
                                     base::Instant absent) {
  if (text.empty()) return absent;
  const auto instant = base::ParseInstant(text);
  if (!instant.ok()) return base::Annotate(instant.status(), name);
  return *instant;
}

base::StatusOr<publication::ReleaseOptions> ReleaseOptionsOf(const Flags& flags) {
  publication::ReleaseOptions options;
  options.created = base::Clock::System().Now();
  options.plan.rules = flags.rules;
  options.plan.period_weeks = flags.weeks;
  if (flags.with_sites) options.plan.sites = publication::PlanOptions::Sites::kWhereAllowed;
  const base::Day today = base::DayOf(options.created);
  options.plan.publication_day = today;
  if (!flags.day.empty()) {
    const auto day = base::ParseDay(flags.day);
    if (!day.ok()) return base::Annotate(day.status(), "--day");
    if (*day > today) {
      return base::InvalidArgument(
          "--day {} is after today ({}): delays count until the day on "
          "which a release is made",
          flags.day, base::FormatDay(today));
    }
    options.plan.publication_day = *day;
  }
  RETURN_IF_ERROR(publication::CheckRules(flags.rules));
  if (flags.epsilon.empty()) return options;
  const auto epsilon = publication::ParseEpsilon(flags.epsilon);
  if (!epsilon.ok()) return base::Annotate(epsilon.status(), "--count-epsilon");
  options.noise = {*epsilon, static_cast<std::int64_t>(flags.budget * 1e6)};
  return options;
}

base::StatusOr<SourceOptions> SourceOptionsOf(const Flags& flags,
                                              const publication::ReleaseOptions& release) {
  SourceOptions options;
  options.rules = flags.rules;
  const base::Instant end(release.plan.publication_day);
  ASSIGN_OR_RETURN(options.from, TimeOf("--from", flags.from, end - std::chrono::days(364)));
  ASSIGN_OR_RETURN(options.to, TimeOf("--to", flags.to, end));
  // Whole periods: half of one would be another number than the whole.
  const auto period = [&](base::Instant at) {
    const base::Day day = base::DayOf(at);
    const base::Day monday = day - std::chrono::days(std::chrono::weekday(day).iso_encoding() - 1);
    return base::Instant(publication::PeriodStart(monday, flags.weeks));
  };
  options.from = period(options.from);
  options.to = period(options.to);
  for (const std::string& text : flags.targets) {
    const auto code = sample::CanonicalTarget(text);
    if (!code.has_value()) {
      return base::InvalidArgument("target \"{}\" is not known; known: {}", text,
                                   sample::TargetList());
    }
    options.targets.emplace_back(*code);
  }
  return options;
}

std::string Sha256Hex(std::string_view bytes) {
  return crypto::ToHex(crypto::View(crypto::Sha256(bytes)));
}

// Nothing to publish is a mistake of the window or of the file: a release without a number would
// use up a number of the ledger.
base::Status CheckAnything(const Flags& flags, const SourceOptions& options,
                           const SourceReport& source) {
  if (source.rows > 0) return base::OkStatus();
  const std::string window =
      fmt::format("from {} on and before {}", base::FormatDay(base::DayOf(options.from)),
                  base::FormatDay(base::DayOf(options.to)));
  if (flags.history.samples.empty()) {
    return base::FailedPrecondition(
        "nothing to publish: the service holds no result {}: give --from and --to", window);
  }
  if (!source.span.has_value()) {
    return base::FailedPrecondition(
        "nothing to publish: {} holds no row of these targets that the service would take",
        flags.history.samples);
  }
  return base::FailedPrecondition(
      "nothing to publish: {} holds no result {}; its results are of {} to {}: give --from and "
      "--to",
      flags.history.samples, window, base::FormatDay(base::DayOf(source.span->first)),
      base::FormatDay(base::DayOf(source.span->second)));
}

void Tell(const publication::Release& release, const SourceReport& source) {
  std::map<std::pair<publication::Level, publication::Verdict>, std::size_t> counts;
  for (const publication::Cell& cell : release.plan.cells) ++counts[{cell.level, cell.verdict}];
  std::cout << fmt::format(
      "{} results read, {} held by their quality, {} of sites without persons\n",
      Grouped(source.rows), Grouped(source.held), Grouped(source.without_persons));
  if (source.kind_not_said > 0) {
    std::cout << fmt::format(
        "{} sites do not say whether they stand for an institution and count as none: "
        "`belgrand sites set ID --institution ...`\n",
        Grouped(source.kind_not_said));
  }
  for (const auto& [key, count] : counts) {
    std::cout << fmt::format("{:<9} {:<17} {:>9}\n", publication::NameOf(key.first),
                             publication::NameOf(key.second), Grouped(count));
  }
  const publication::AttackReport& attack = release.attack;
  std::cout << fmt::format(
      "attacker: {} numbers and {} earlier ones over {} protected contributions: wins nothing new; "
      "without secondary suppression {}\n",
      Grouped(attack.equations), Grouped(attack.earlier_equations),
      Grouped(attack.protected_contributions), Grouped(attack.won_without));
  if (attack.won_before + attack.already_public + attack.frozen > 0) {
    std::cout << fmt::format(
        "earlier releases give away {} contributions that are protected today, and published {} "
        "alone; {} numbers are left out where that is so\n",
        Grouped(attack.won_before), Grouped(attack.already_public), Grouped(attack.frozen));
  }
}

// Of what comes from a service the audit log knows before anybody else does.
base::Status Audit(const Flags& flags, const publication::Record& record,
                   const std::string& sha256) {
  if (!flags.history.samples.empty()) {
    std::cout << "made from a file, not from a service: no audit log has it\n";
    return base::OkStatus();
  }
  ClientFlags client = flags.client;
  if (!flags.audit_server.empty()) client.server = flags.audit_server;
  ASSIGN_OR_RETURN(const auto channel, Connect(client));
  compliance::v1::RecordReleaseRequest request;
  request.set_number(record.number);
  request.set_record_sha256(sha256);
  request.set_cells(record.cells.size());
  grpc::ClientContext context;
  rpc::SetTimeout(context, std::chrono::seconds(60));
  compliance::v1::RecordReleaseResponse response;
  const auto stub = compliance::v1::ComplianceService::NewStub(channel);
  const base::Status told = rpc::FromGrpc(stub->RecordRelease(&context, request, &response));
  return base::Annotate(
      told, fmt::format("release {} is in the ledger, which goes on counting it as published, and "
                        "its files were not written, for the audit log did not take it",
                        record.number));
}

// The record first: what the public may have seen must be known to every later release.
base::Status Write(const Flags& flags, const publication::Release& release,
                   const publication::ReleaseOptions& options, publication::Ledger& ledger) {
  const fs::path folder = flags.out;
  const std::string stem = fmt::format("release-{:06}", ledger.next_number());
  for (const char* end : {".csv", ".json", "-counts.csv"}) {
    if (fs::exists(folder / (stem + end))) {
      return base::AlreadyExists("{} exists: it belongs to another ledger; choose another --out",
                                 (folder / (stem + end)).string());
    }
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return base::Unavailable("{}: {}", flags.out, error.message());
  RETURN_IF_ERROR(ledger.Append(release.record));
  RETURN_IF_ERROR(Audit(flags, ledger.records().back(), ledger.newest_sha256()));
  publication::MetadataFacts facts;
  facts.number = ledger.records().back().number;
  facts.record_sha256 = ledger.newest_sha256();
  facts.title = flags.title;
  const std::string csv = publication::ReleaseCsv(release, options);
  facts.csv_name = stem + ".csv";
  facts.csv_sha256 = Sha256Hex(csv);
  RETURN_IF_ERROR(base::WriteFileAtomically(folder / facts.csv_name, csv, 0644));
  if (options.noise.has_value()) {
    const std::string counts = publication::CountsCsv(release, options);
    facts.counts_name = stem + "-counts.csv";
    facts.counts_sha256 = Sha256Hex(counts);
    RETURN_IF_ERROR(base::WriteFileAtomically(folder / facts.counts_name, counts, 0644));
  }
  const std::string metadata = publication::ReleaseMetadata(release, options, facts);
  RETURN_IF_ERROR(base::WriteFileAtomically(folder / (stem + ".json"), metadata, 0644));
  std::cout << fmt::format("release {} written to {}\n", facts.number,
                           (folder / facts.csv_name).string());
  return base::OkStatus();
}

base::Status ReleaseNumbers(const Flags& flags) {
  if (flags.out.empty() && !flags.dry_run) {
    return base::InvalidArgument("--out is missing: the folder for the files, or --dry-run");
  }
  ASSIGN_OR_RETURN(const publication::ReleaseOptions options, ReleaseOptionsOf(flags));
  ASSIGN_OR_RETURN(const SourceOptions source, SourceOptionsOf(flags, options));
  WeekBuilder builder(source);
  if (flags.history.samples.empty()) {
    ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
    RETURN_IF_ERROR(ReadFromService(channel, source, builder));
  } else {
    RETURN_IF_ERROR(ReadFromFile(flags.history, source, builder));
  }
  ShowLeftOut(builder.report().file);
  RETURN_IF_ERROR(CheckAnything(flags, source, builder.report()));
  // A call that is refused so far leaves no folder behind.
  ASSIGN_OR_RETURN(publication::Ledger ledger, publication::Ledger::Open(flags.ledger));
  publication::NoiseSource noise(crypto::FillRandom);
  ASSIGN_OR_RETURN(const publication::Release release,
                   publication::Compose(builder.Finish(), ledger.records(), options, noise));
  Tell(release, builder.report());
  if (flags.dry_run) {
    std::cout << "dry run: nothing was written\n";
    return base::OkStatus();
  }
  return Write(flags, release, options, ledger);
}

base::Status CheckLedger(const Flags& flags) {
  if (!fs::is_directory(flags.ledger)) return base::NotFound("{}: no such folder", flags.ledger);
  ASSIGN_OR_RETURN(const publication::Ledger ledger, publication::Ledger::Open(flags.ledger));
  if (ledger.records().empty()) {
    return base::NotFound("{}: no release is recorded here", flags.ledger);
  }
  const auto won = publication::Reattack(ledger.records(), flags.rules.protection_percent);
  std::size_t numbers = 0;
  for (const publication::Record& record : ledger.records()) numbers += record.cells.size();
  std::cout << fmt::format("{}, {}; newest record {}\n",
                           Counted(ledger.records().size(), "release", "releases"),
                           Counted(numbers, "number", "numbers"),
                           ledger.newest_sha256().empty() ? "none" : ledger.newest_sha256());
  if (won.empty()) {
    std::cout << "attacker: wins no contribution of a protected site\n";
    return base::OkStatus();
  }
  return base::FailedPrecondition(
      "attacker: wins {} contributions of protected sites, the first ({}) of site {} in the week "
      "of "
      "{}",
      won.size(), publication::NameOf(won.front().finding), won.front().key.site_id,
      base::FormatDay(won.front().key.week));
}

void AddRules(CLI::App& verb, publication::Rules& rules) {
  verb.add_option("--minimum-population", rules.minimum_population,
                  "a site with fewer persons is never published alone")
      ->capture_default_str();
  verb.add_option("--minimum-sites", rules.minimum_sites,
                  "sites that nobody sees alone, behind one number")
      ->capture_default_str();
  verb.add_option("--dominance", rules.dominance_percent,
                  "percent of the persons behind a number that one site may have")
      ->capture_default_str();
}

}  // namespace

void AddPublish(CLI::App& app, RunSlot& run) {
  app.description(
      "Publish numbers that give no small group away: beside one another, and beside everything "
      "that was published before (docs/publication.md).");
  app.require_subcommand(1);
  auto flags = std::make_shared<Flags>();
  auto* release =
      AddClientVerb(app, run, flags, "release", "Write a release, if the attacker fails against it",
                    ReleaseNumbers);
  release->add_option("--samples", flags->history.samples,
                      "samples of a file instead of a service (docs/formats/README.md)");
  release->add_option("--sites", flags->history.sites, "table of sites for that file");
  release->add_option("--audit-server", flags->audit_server,
                      "host:port of the compliance role, where it is another than --server");
  release->add_option("--out", flags->out, "folder for the files that the public gets");
  release->add_option("--target", flags->targets, "only these targets; all when not given");
  release->add_option("--from", flags->from, "collected from this day on; 364 days when not given");
  release->add_option("--to", flags->to, "collected before this day");
  release->add_option("--day", flags->day, "day of publication; today when not given");
  release->add_option("--weeks", flags->weeks, "weeks of a period")->capture_default_str();
  release->add_flag("--with-sites", flags->with_sites,
                    "also sites by themselves, where their class allows it");
  release->add_option("--count-epsilon", flags->epsilon,
                      "also count the sites that found a target, with noise of this epsilon");
  release->add_option("--count-budget", flags->budget, "epsilon of all counts of a year's data")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  release->add_option("--title", flags->title, "title in the metadata")->capture_default_str();
  release->add_flag("--dry-run", flags->dry_run, "judge and count, and write nothing");
  AddRules(*release, flags->rules);
  auto* check = AddClientVerb(app, run, flags, "check", "Attack everything that was released again",
                              CheckLedger);
  for (auto* verb : {release, check}) {
    verb->add_option("--ledger", flags->ledger,
                     "folder of the records of all releases; not for the public")
        ->required();
    verb->add_option("--protection", flags->rules.protection_percent,
                     "percent by which an estimate has to miss a protected contribution")
        ->capture_default_str();
  }
}

}  // namespace belgrand::cli
