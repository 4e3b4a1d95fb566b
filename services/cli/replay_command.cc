#include "services/cli/replay_command.h"

#include <CLI/CLI.hpp>
#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "belgrand/detection/v1/detection.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/alerts_follow.h"
#include "services/cli/client_flags.h"
#include "services/cli/import_client.h"
#include "services/cli/progress.h"
#include "services/cli/sample_load.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using alerting::v1::AlertEvent;

struct Flags {
  ClientFlags client;
  std::string file;
  std::string profile;
  std::string http;
};

// One opening of an alert, for the summary.
struct Episode {
  base::Day observed;
  std::string target;
  std::string rule;
  std::string severity;
  std::string reason;
};

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string SeverityName(detection::v1::Severity severity) {
  return Lower(detection::v1::Severity_Name(severity));
}

base::Day ObservedDay(const alerting::v1::Alert& alert) {
  return base::DayOf(shared::ToInstant(alert.observed_at()));
}

std::string FirstSentence(const std::string& text) {
  const std::size_t end = text.find(". ");
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

// Prints events as they come and keeps what the summary needs.
class Watch {
 public:
  void OnEvent(const AlertEvent& event) {
    const base::MutexLock lock(mutex_);
    const auto& alert = event.alert();
    ++events_;
    std::cout << fmt::format("{} {:<22} {} · {} · {} ({}){}\n", base::FormatDay(ObservedDay(alert)),
                             Lower(alerting::v1::EventKind_Name(event.kind())), alert.district_id(),
                             alert.target(), alert.rule(), SeverityName(alert.severity()),
                             event.repeat() ? " [repeat]" : "");
    const bool opening =
        event.kind() == alerting::v1::OPENED || event.kind() == alerting::v1::REOPENED;
    auto& episodes = districts_[alert.district_id()];
    if (opening) {
      std::cout << "    " << alert.evidence().explanation() << "\n";
      episodes.push_back({ObservedDay(alert), alert.target(), alert.rule(),
                          SeverityName(alert.severity()),
                          FirstSentence(alert.evidence().explanation())});
    }
    std::cout << std::flush;
  }

  void PrintSummary() {
    const base::MutexLock lock(mutex_);
    std::size_t opened = 0;
    for (const auto& [district, episodes] : districts_) opened += episodes.size();
    std::cout << fmt::format("\nAlerts: {} opened in {} districts, {} events received\n", opened,
                             districts_.size(), events_);
    for (const auto& [district, episodes] : districts_) {
      std::cout << fmt::format("  {} ({})\n", district, episodes.size());
      for (const Episode& episode : episodes) {
        std::cout << fmt::format("    {}  {}  {:<8} {}  {}\n", base::FormatDay(episode.observed),
                                 episode.target, episode.severity, episode.rule, episode.reason);
      }
    }
  }

 private:
  base::Mutex mutex_;
  std::map<std::string, std::vector<Episode>> districts_ GUARDED_BY(mutex_);
  std::size_t events_ GUARDED_BY(mutex_) = 0;
};

// Follows in the background until it is told that nothing more is coming.
class OfficialsClient {
 public:
  OfficialsClient(const std::shared_ptr<grpc::Channel>& channel, Watch& watch)
      : thread_([this, channel, &watch] {
          FollowOptions options;
          options.once = true;
          // Each round ends when nothing has come for a second; the round after the last sample
          // takes what is left.
          for (bool last = false; status_.ok() && !last;) {
            last = finishing_;
            status_ =
                FollowAlerts(channel, options, [&](const AlertEvent& e) { watch.OnEvent(e); });
          }
        }) {}
  ~OfficialsClient() { (void)Finish(); }

  base::Status Finish() {
    finishing_ = true;
    if (thread_.joinable()) thread_.join();
    return status_;
  }

 private:
  std::atomic<bool> finishing_ = false;
  base::Status status_;  // of the thread until it is joined
  std::thread thread_;
};

void PrintTotals(const std::string& file, const ImportTotals& totals) {
  std::cout << fmt::format("\n{}: {} rows: {} accepted, {} duplicate, {} amended, {} rejected\n",
                           file, totals.rows(), totals.accepted, totals.duplicate, totals.amended,
                           totals.rejected);
  for (const auto& [rule, count] : totals.rejected_by_rule) {
    std::cout << fmt::format("  rejected by {}: {}\n", rule, count);
  }
  for (const auto& [rule, count] : totals.warned_by_rule) {
    std::cout << fmt::format("  stored with warning {}: {}\n", rule, count);
  }
}

// Until detection has handed the signals of everything up to `sequence` to alerting.
base::Status WaitForDetection(detection::v1::DetectionService::Stub& stub, std::uint64_t sequence) {
  std::uint64_t before = 0;
  auto moved = std::chrono::steady_clock::now();
  while (true) {
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(10));
    detection::v1::GetProgressResponse progress;
    RETURN_IF_ERROR(rpc::FromGrpc(stub.GetProgress(&context, {}, &progress)));
    if (progress.processed_sequence() >= sequence) return base::OkStatus();
    if (progress.processed_sequence() > before) {
      before = progress.processed_sequence();
      moved = std::chrono::steady_clock::now();
    } else if (std::chrono::steady_clock::now() - moved > std::chrono::minutes(1)) {
      return base::DeadlineExceeded("detection stands at {} of {} for a minute", before, sequence);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

base::Status Replay(const Flags& flags) {
  std::optional<sample::Profile> profile;
  if (!flags.profile.empty()) {
    ASSIGN_OR_RETURN(profile, sample::ParseProfile(flags.profile));
  }
  ASSIGN_OR_RETURN(const SampleFile file, LoadSamples(flags.file, profile, RowOrder::kTime));
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  ImportClient client(channel, base::Clock::System());
  ASSIGN_OR_RETURN(const std::size_t changed, client.RegisterSites(file.sites));
  std::cout << fmt::format("{} rows of {} sites ({} new or changed in the catalogue)\n",
                           file.rows.size(), file.sites.size(), changed);

  Watch watch;
  OfficialsClient official(channel, watch);
  Progress progress;
  std::uint64_t newest = 0;
  ImportCallbacks callbacks;
  callbacks.on_verdict = [&](const sample::Row&, const ingest::v1::Verdict& verdict) {
    newest = std::max(newest, verdict.feed_sequence());
  };
  callbacks.on_progress = [&](std::size_t done, std::size_t total) { progress.Show(done, total); };
  ImportOptions options;
  // As laboratories send: a few rows at a time.
  options.batch_rows = 50;
  ASSIGN_OR_RETURN(const ImportTotals totals, client.Send(file.rows, options, callbacks));
  const auto stub = detection::v1::DetectionService::NewStub(channel);
  RETURN_IF_ERROR(WaitForDetection(*stub, newest));
  RETURN_IF_ERROR(official.Finish());
  PrintTotals(flags.file, totals);
  watch.PrintSummary();
  std::cout << fmt::format(
      "\nWhere to look next:\n"
      "  belgrand alerts list --server {}       the alerts as they stand\n"
      "  belgrand alerts follow --server {}     the stream an official follows\n",
      flags.client.server, flags.client.server);
  if (!flags.http.empty()) {
    std::cout << fmt::format("  http://{}/metrics                    what operators scrape\n",
                             flags.http);
  }
  return base::OkStatus();
}

}  // namespace

void AddReplay(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.add_option("file", flags->file, "CSV of samples (docs/formats/sample_csv.md)")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--profile", flags->profile, "kind of file; found by its header when not given");
  app.add_option("--http", flags->http, "host:port of the metrics page, for the closing lines");
  AddClientFlags(app, flags->client);
  app.callback([flags, &run] {
    run = [flags] {
      const base::Status status = Replay(*flags);
      if (!status.ok()) std::cerr << base::Message(status) << "\n";
      return status.ok() ? kExitOk : kExitRuntime;
    };
  });
}

}  // namespace belgrand::cli
