// The promises that matter most, under SIGKILL: a laboratory streams, the server is killed at
// random moments twenty times, and afterwards every acknowledged row is stored once with its audit
// entry, the alerts are those of an undisturbed run, and every delivery arrived.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "platform/base/file.h"
#include "platform/base/mutex.h"
#include "tests/support/client.h"
#include "tests/support/sink.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wave.h"

namespace belgrand::testing {
namespace {

using ingest::v1::Sample;
using ingest::v1::Verdict;
using shared::RoleName;

constexpr int kKills = 20;
constexpr std::size_t kBatch = 7;

// A laboratory that sends batch after batch and, when the line breaks, resends what was not
// acknowledged.
class Laboratory {
 public:
  Laboratory(Deployment& deployment, std::vector<Sample> samples)
      : deployment_(deployment), samples_(std::move(samples)) {}

  void Run() {
    while (next_ < samples_.size()) {
      if (!SendOnOneConnection()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::size_t acknowledged_rows() const { return next_; }
  const std::set<std::string>& request_ids() const { return request_ids_; }
  std::uint64_t newest_sequence() const { return newest_sequence_; }
  int bad_verdicts() const { return bad_verdicts_; }

 private:
  bool SendOnOneConnection() {
    const auto stub =
        ingest::v1::IngestService::NewStub(deployment_.Channel(RoleName::kIngest, "laboratory"));
    grpc::ClientContext context;
    const auto stream = stub->StreamSamples(&context);
    while (next_ < samples_.size()) {
      ingest::v1::StreamSamplesRequest request;
      request.set_batch_id(next_);
      for (std::size_t i = next_; i < std::min(next_ + kBatch, samples_.size()); ++i) {
        *request.add_samples() = samples_[i];
      }
      ingest::v1::StreamSamplesResponse response;
      if (!stream->Write(request) || !stream->Read(&response)) {
        context.TryCancel();
        stream->Finish();
        return false;
      }
      for (const Verdict& verdict : response.verdicts()) {
        if (verdict.outcome() != Verdict::ACCEPTED && verdict.outcome() != Verdict::DUPLICATE) {
          ++bad_verdicts_;
        }
        newest_sequence_ = std::max(newest_sequence_.load(), verdict.feed_sequence());
      }
      request_ids_.insert(response.request_id());
      next_ += static_cast<std::size_t>(response.verdicts_size());
    }
    stream->WritesDone();
    return stream->Finish().ok();
  }

  Deployment& deployment_;
  const std::vector<Sample> samples_;
  std::atomic<std::size_t> next_ = 0;
  std::set<std::string> request_ids_;
  std::atomic<std::uint64_t> newest_sequence_ = 0;
  std::atomic<int> bad_verdicts_ = 0;
};

// What an undisturbed run and a disturbed one must agree on: every event of every alert, in order.
using Story = std::map<std::string, std::vector<std::string>>;

Story TellStory(Client& client) {
  Story story;
  const auto alerts = client.ListAlerts();
  EXPECT_OK(alerts);
  std::set<std::uint64_t> sequences;
  for (const auto& alert : alerts.value_or(std::vector<alerting::v1::Alert>())) {
    const auto detail = client.GetAlert(alert.alert_id());
    EXPECT_OK(detail);
    for (const auto& event : detail->history()) {
      EXPECT_TRUE(sequences.insert(event.sequence()).second) << "event numbered twice";
      story[alert.alert_id()].push_back(fmt::format(
          "{} severity {} episode {} observed {}", alerting::v1::EventKind_Name(event.kind()),
          static_cast<int>(event.alert().severity()), event.alert().episode(),
          event.alert().observed_at().seconds()));
    }
  }
  EXPECT_FALSE(sequences.empty());
  if (!sequences.empty()) {
    EXPECT_EQ(*sequences.rbegin(), sequences.size()) << "events have a gap";
  }
  return story;
}

// The official's client: follows, confirms, reconnects.
class Official {
 public:
  explicit Official(Deployment& deployment) : deployment_(deployment) {}

  void Run(const std::atomic<bool>& stop) {
    while (!stop) {
      const auto stub = alerting::v1::AlertingService::NewStub(
          deployment_.Channel(RoleName::kAlerting, "official"));
      grpc::ClientContext context;
      // Short, so that `stop` is looked at.
      rpc::SetTimeout(context, std::chrono::milliseconds(500));
      alerting::v1::FollowAlertsRequest request;
      request.set_subscriber("console");
      const auto reader = stub->FollowAlerts(&context, request);
      for (alerting::v1::AlertEvent event; reader->Read(&event);) Receive(*stub, event);
      reader->Finish();
    }
  }

  std::size_t received() const {
    const base::MutexLock lock(mutex_);
    return received_.size();
  }
  int unmarked_repeats() const { return unmarked_repeats_; }

 private:
  void Receive(alerting::v1::AlertingService::Stub& stub, const alerting::v1::AlertEvent& event) {
    {
      const base::MutexLock lock(mutex_);
      if (!received_.insert(event.sequence()).second && !event.repeat()) ++unmarked_repeats_;
    }
    alerting::v1::ConfirmEventsRequest confirm;
    confirm.set_subscriber("console");
    confirm.set_up_to_sequence(event.sequence());
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(2));
    alerting::v1::ConfirmEventsResponse response;
    stub.ConfirmEvents(&context, confirm, &response);
  }

  Deployment& deployment_;
  mutable base::Mutex mutex_;
  std::set<std::uint64_t> received_ GUARDED_BY(mutex_);
  std::atomic<int> unmarked_repeats_ = 0;
};

// A webhook server that notes which events came, and which came again without saying so.
class HookWitness {
 public:
  HookWitness(const std::filesystem::path& directory) : sink_("http_sink.py") {
    std::filesystem::create_directories(directory);
    secret_file_ = (directory / "webhook.secret").string();
    EXPECT_OK(base::WriteFileAtomically(secret_file_, "a secret of more than thirty-two bytes"));
  }

  // The alerting section that sends everything here, with short waits.
  std::string Config() const {
    return fmt::format(
        "alerting {{ receivers {{ name: \"console\" stream {{}} }} receivers {{ name: \"hook\" "
        "webhook {{ "
        "url: \"http://127.0.0.1:{}/alerts\" secret_file: \"{}\" }} }} first_retry {{ "
        "seconds: 1 }} }}\n",
        sink_.port(), secret_file_);
  }

  // Takes what has come until `count` events are known or nothing comes any more.
  std::size_t Collect(std::size_t count) {
    while (received_.size() < count) {
      const auto request = sink_.Next();
      if (!request) break;
      const auto body = nlohmann::json::parse(request->at("body").get<std::string>());
      const std::string id = request->at("headers").at("belgrand-event-id").get<std::string>();
      if (!received_.insert(id).second && !body.at("repeat").get<bool>()) ++unmarked_repeats_;
    }
    return received_.size();
  }
  int unmarked_repeats() const { return unmarked_repeats_; }

 private:
  Sink sink_;
  std::string secret_file_;
  std::set<std::string> received_;
  int unmarked_repeats_ = 0;
};

TEST(KillTest, TwentyKillsLoseNothingAndRepeatNothingUnmarked) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  WaveOptions options;
  options.days = 420;
  const auto samples = WaveSamples(options);
  const TempDir dir;

  Story expected;
  {
    Deployment calm(Shape::kOneProcess, dir.path() / "calm");
    ASSERT_OK(calm.Start());
    Client client(calm);
    ASSERT_OK(client.PutSites(WaveSites(options)));
    Laboratory laboratory(calm, samples);
    laboratory.Run();
    ASSERT_TRUE(client.WaitForDetection(samples.size()));
    expected = TellStory(client);
    ASSERT_FALSE(expected.empty());
  }

  HookWitness hook(dir.path() / "hook");
  Deployment deployment(Shape::kOneProcess, dir.path() / "killed", hook.Config());
  ASSERT_OK(deployment.Start());
  ASSERT_OK(Client(deployment).PutSites(WaveSites(options)));
  Laboratory laboratory(deployment, samples);
  Official official(deployment);
  std::atomic<bool> stop = false;
  std::jthread sending([&] { laboratory.Run(); });
  std::jthread following([&] { official.Run(stop); });
  int kills_while_sending = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    // Spread over the whole stream: wait for a random further number of rows, then a random
    // instant.
    const std::size_t share = samples.size() / kKills;
    const std::size_t goal =
        std::min(samples.size() - 1, static_cast<std::size_t>(kill) * share + random() % share);
    ASSERT_TRUE(Eventually([&] { return laboratory.acknowledged_rows() >= goal; }));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
    kills_while_sending += laboratory.acknowledged_rows() < samples.size();
    deployment.KillAll();
    ASSERT_OK(deployment.Start());
  }
  sending.join();
  EXPECT_GE(kills_while_sending, kKills / 2) << "the kills came too late to mean anything";
  EXPECT_EQ(laboratory.bad_verdicts(), 0);

  Client client(deployment);
  ASSERT_TRUE(client.WaitForDetection(samples.size()));
  for (const Sample& sample : samples) {
    const auto history = client.History(sample);
    ASSERT_OK(history) << sample.sample_id();
    EXPECT_EQ(history->versions_size(), 1) << sample.sample_id() << " was stored twice";
  }
  const auto entries = client.ReadAudit();
  ASSERT_OK(entries);
  std::set<std::string> audited;
  for (const auto& entry : *entries) audited.insert(entry.request_id());
  for (const std::string& id : laboratory.request_ids()) {
    EXPECT_TRUE(audited.contains(id)) << "acknowledged call " << id << " has no audit entry";
  }

  EXPECT_EQ(TellStory(client), expected) << "the kills changed what officials were told";
  std::uint64_t events = 0;
  for (const auto& [alert, story] : expected) events += story.size();
  EXPECT_TRUE(Eventually([&] { return official.received() == events; }))
      << official.received() << " of " << events << " events were delivered";
  stop = true;
  following.join();
  EXPECT_EQ(official.unmarked_repeats(), 0);
  EXPECT_EQ(hook.Collect(events), events) << "the webhook missed events";
  EXPECT_EQ(hook.unmarked_repeats(), 0);

  EXPECT_EQ(deployment.TerminateAll(), std::vector<int>{0});
  const CommandResult verify =
      RunBelgrand({"audit", "verify", (deployment.data(RoleName::kCompliance) / "audit").string()});
  EXPECT_EQ(verify.exit_code, 0) << verify.out << verify.err;
  const CommandResult fsck =
      RunBelgrand({"fsck", deployment.data(RoleName::kTimeseries).parent_path().string()});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
}

}  // namespace
}  // namespace belgrand::testing
