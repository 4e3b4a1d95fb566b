#include "services/cli/submit_command.h"

#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/clock.h"
#include "platform/base/log.h"
#include "sample/text.h"
#include "services/cli/client_flags.h"
#include "services/cli/import_report.h"
#include "services/cli/sample_load.h"
#include "services/cli/spool_drain.h"
#include "services/cli/spool_flags.h"

namespace belgrand::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{1'000};
constexpr milliseconds kLongestPause{60'000};
// How soon a watching process sees what another one spooled.
constexpr milliseconds kLookInterval{1'000};

struct Flags {
  ClientFlags client;
  SpoolFlags spool;
  std::vector<std::string> files;
  std::string profile;
  bool drain = false;
  bool watch = false;
  std::size_t batch_rows = 500;
  std::uint32_t patience_seconds = 10;
};

std::vector<spool::v1::Row> Prepare(const std::vector<sample::Row>& rows, base::Instant now,
                                    ingest::v1::Language language) {
  std::vector<spool::v1::Row> prepared;
  prepared.reserve(rows.size());
  for (const sample::Row& row : rows) {
    spool::v1::Row& out = prepared.emplace_back();
    out.set_line(row.line);
    auto content = PrepareRow(row, now, language);
    if (auto* sample = std::get_if<ingest::v1::Sample>(&content)) {
      *out.mutable_sample() = std::move(*sample);
      continue;
    }
    spool::v1::JudgedHere& judged = *out.mutable_judged_here();
    judged.set_sample_id(sample::Printable(row.sample_id));
    judged.set_site_id(sample::Printable(row.site_id));
    judged.set_target(sample::Printable(row.target));
    *judged.mutable_verdict() = std::get<ingest::v1::Verdict>(std::move(content));
  }
  return prepared;
}

base::Status SpoolFile(const Flags& flags, const std::string& path,
                       std::optional<sample::Profile> profile, spool::Spool& spool) {
  ASSIGN_OR_RETURN(const SampleFile file, LoadSamples(path, profile, RowOrder::kFile));
  if (file.rows.empty()) return base::InvalidArgument("{} has no rows", path);
  const auto rows = Prepare(file.rows, base::Clock::System().Now(), VerdictLanguage(flags.client));
  const auto id = spool.Add(std::filesystem::path(path).filename().string(), rows);
  if (!id.ok()) return base::Annotate(id.status(), path + " was not spooled");
  std::cout << fmt::format("{}: {} spooled as input {}\n", path,
                           Counted(rows.size(), "row", "rows"), *id);
  ShowNotes(file.notes);
  return base::OkStatus();
}

enum class Taken { kAll, kNotAll };

// A file that cannot be read keeps no other one out: each that is not taken is named.
base::StatusOr<Taken> SpoolFiles(const Flags& flags, spool::Spool& spool) {
  std::optional<sample::Profile> profile;
  if (!flags.profile.empty()) {
    ASSIGN_OR_RETURN(profile, sample::ParseProfile(flags.profile));
  }
  std::size_t refused = 0;
  for (const std::string& path : flags.files) {
    const base::Status status = SpoolFile(flags, path, profile, spool);
    if (status.ok()) continue;
    ++refused;
    std::cerr << base::Message(status) << "\n";
  }
  if (refused == 0) return Taken::kAll;
  std::cerr << fmt::format("{} of {} not taken: see above; mend and submit again\n", refused,
                           Counted(flags.files.size(), "file", "files"));
  return Taken::kNotAll;
}

void Show(const DrainedInput& input) {
  for (const auto& [line, verdict] : input.rejections) ShowRejection(line, verdict);
  if (input.totals.rejected > input.rejections.size()) {
    std::cout << fmt::format("  and {} more\n",
                             Grouped(input.totals.rejected - input.rejections.size()));
  }
  ShowTotals(fmt::format("input {} ({}): {} rows delivered, every verdict in {}", input.id,
                         input.name, Grouped(input.totals.rows()), input.verdict_file.string()),
             input.totals);
}

int ExitCode(const DrainReport& report) {
  for (const base::Status& status : report.damaged) {
    std::cerr << base::Message(status) << "\n";
  }
  if (!report.stopped.ok()) {
    const bool passing = SampleSender::IsPassing(report.stopped);
    std::cerr << fmt::format("{}: {}\n",
                             passing ? "kept in the spool, the next call sends it"
                                     : "kept in the spool; the service refuses it",
                             base::Message(report.stopped));
    return passing && report.damaged.empty() ? kExitSpooled : kExitRuntime;
  }
  if (!report.damaged.empty()) return kExitRuntime;
  return report.rejected_rows > 0 ? kExitRejected : kExitOk;
}

int DrainOnce(const Flags& flags, spool::Spool& spool) {
  auto drain = spool.BeginDrain();
  if (drain.status().code() == base::StatusCode::kFailedPrecondition) {
    std::cerr << "another process drains this spool and will send what is in it\n";
    return kExitSpooled;
  }
  const auto channel = Connect(flags.client);
  if (!drain.ok() || !channel.ok()) {
    std::cerr << base::Message(drain.ok() ? channel.status() : drain.status()) << "\n";
    return kExitRuntime;
  }
  SampleSender sender(*channel);
  DrainOptions options;
  options.language = VerdictLanguage(flags.client);
  options.batch_rows = flags.batch_rows;
  options.patience = std::chrono::seconds(flags.patience_seconds);
  return ExitCode(DrainSpool(*drain, spool, sender, options, Show));
}

void LogInput(const DrainedInput& input) {
  base::Log(base::LogLevel::kInfo, "input_delivered",
            {{"id", input.id},
             {"file", input.name},
             {"rows", input.totals.rows()},
             {"rejected", input.totals.rejected},
             {"verdicts", input.verdict_file.string()}});
}

// Waits; true when SIGINT or SIGTERM came.
bool StopComesWithin(const sigset_t& signals, milliseconds time) {
  timespec limit{};
  limit.tv_sec = time.count() / 1000;
  limit.tv_nsec = (time.count() % 1000) * 1'000'000;
  return ::sigtimedwait(&signals, nullptr, &limit) > 0;
}

// Drains for ever. A reason is logged when it changes, not at every attempt.
int Watch(const Flags& flags, spool::Spool& spool, const sigset_t& signals) {
  auto drain = spool.BeginDrain();
  const auto channel = Connect(flags.client);
  if (!drain.ok() || !channel.ok()) {
    std::cerr << base::Message(drain.ok() ? channel.status() : drain.status()) << "\n";
    return kExitRuntime;
  }
  SampleSender sender(*channel);
  std::mt19937_64 random(std::random_device{}());
  milliseconds backoff = kFirstPause;
  std::string said;
  DrainOptions options;
  options.language = VerdictLanguage(flags.client);
  options.batch_rows = flags.batch_rows;
  options.patience = milliseconds(0);
  base::Log(base::LogLevel::kInfo, "watching", {{"spool", flags.spool.directory}});
  for (;;) {
    const DrainReport report = DrainSpool(*drain, spool, sender, options, LogInput);
    std::string reason = base::Message(report.stopped);
    for (const base::Status& status : report.damaged) reason += base::Message(status) + " ";
    if (reason != said && !reason.empty()) {
      base::Log(base::LogLevel::kWarning, "spool_waits", {{"reason", reason}});
    }
    said = reason;
    milliseconds pause = kLookInterval;
    if (report.stopped.ok() || report.finished > 0) backoff = kFirstPause;
    if (!report.stopped.ok()) {
      pause = WaitBeforeRetry(report.stopped, backoff, random);
      backoff = std::min(backoff * 2, kLongestPause);
    }
    if (!StopComesWithin(signals, pause)) continue;
    return report.stopped.ok() && report.damaged.empty() ? kExitOk : kExitSpooled;
  }
}

int Submit(const Flags& flags) {
  if (flags.files.empty() && !flags.drain && !flags.watch) {
    std::cerr << "give files to submit, or --drain or --watch to send what is in the spool\n";
    return kExitUsage;
  }
  // Blocked before gRPC starts threads, so that only the wait of Watch receives them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  if (flags.watch) {
    sigaddset(&stop_signals, SIGINT);
    sigaddset(&stop_signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  }
  auto spool = OpenSpool(flags.spool, flags.files.empty() && !flags.watch
                                          ? spool::SpoolOptions::Missing::kRefuse
                                          : spool::SpoolOptions::Missing::kCreate);
  if (!spool.ok()) {
    std::cerr << base::Message(spool.status()) << "\n";
    return kExitRuntime;
  }
  const auto taken = SpoolFiles(flags, **spool);
  std::cout << std::flush;
  if (!taken.ok()) {
    std::cerr << base::Message(taken.status()) << "\n";
    return kExitUsage;
  }
  if (flags.watch) return Watch(flags, **spool, stop_signals);
  const int code = DrainOnce(flags, **spool);
  return *taken == Taken::kAll ? code : kExitRuntime;
}

}  // namespace

void AddSubmit(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.add_option("files", flags->files, "files of samples (docs/formats/README.md)");
  app.add_option("--profile", flags->profile, "kind of file; found by its header when not given");
  AddSpoolFlags(app, flags->spool);
  app.add_flag("--drain", flags->drain, "send what is in the spool; files may be absent");
  app.add_flag("--watch", flags->watch, "go on sending what comes into the spool until stopped");
  app.add_option("--batch-rows", flags->batch_rows, "rows sent together")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--patience", flags->patience_seconds,
                 "seconds to wait for a service that does not answer, for each batch")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  AddClientFlags(app, flags->client);
  app.callback([flags, &run] { run = [flags] { return Submit(*flags); }; });
}

}  // namespace belgrand::cli
