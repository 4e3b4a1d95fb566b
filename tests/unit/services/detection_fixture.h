// The detection role between a feed and an alerting service that fail on demand, over real gRPC.
//
// The feed keeps the contract of FollowFeed (places are recognised, expired numbers passed over);
// alerting applies the rules of alerting/lifecycle.h, so that its book shows what officials see.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "alerting/lifecycle.h"
#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "belgrand/detection/v1/detection.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "detection/engine.h"
#include "detection/simulate.h"
#include "platform/base/mutex.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "services/detection/detection_role.h"
#include "services/detection/signal_outbox.h"
#include "services/detection/wire.h"
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"
#include "tests/support/simulated_feed.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/services/fake_peers.h"

namespace belgrand::detection {

using timeseries::v1::SampleVersion;

// A feed of given versions: sends them in pieces of seven, breaks off every `break_every` pieces,
// and then stays open as the real one does. `versions`, `feed_id` and `expired` may be changed
// while nobody follows.
class FakeFeed final : public timeseries::v1::TimeseriesService::Service {
 public:
  grpc::Status FollowFeed(grpc::ServerContext* context,
                          const timeseries::v1::FollowFeedRequest* request,
                          grpc::ServerWriter<timeseries::v1::FollowFeedResponse>* writer) override {
    ++calls;
    ++active;
    const grpc::Status status = broken ? Restarting() : Follow(*context, *request, *writer);
    --active;
    return status;
  }
  grpc::Status Follow(const grpc::ServerContext& context,
                      const timeseries::v1::FollowFeedRequest& request,
                      grpc::ServerWriter<timeseries::v1::FollowFeedResponse>& writer) {
    std::uint64_t next = request.after_sequence();
    const std::uint64_t size = End();
    const auto& handled = request.handled();
    const bool beyond = next > size || handled.sequence() > size;
    const bool other = !handled.feed_id().empty() && handled.feed_id() != feed_id;
    const bool forked = !beyond && handled.sequence() > 0 && !handled.digest().empty() &&
                        !expired.contains(handled.sequence()) &&
                        handled.digest() != Point(handled.sequence()).digest();
    if (beyond || other || forked) return {grpc::StatusCode::OUT_OF_RANGE, "not in this feed"};
    for (int piece = 1; !context.IsCancelled() && !broken; ++piece) {
      const std::uint64_t end = End();
      if (next >= std::min(end, held_back.load())) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        continue;
      }
      timeseries::v1::FollowFeedResponse response;
      response.set_newest_sequence(end);
      response.mutable_point()->set_feed_id(feed_id);
      for (int i = 0; i < 7 && next < end; ++i) {
        if (expired.contains(++next)) continue;
        *response.add_samples() = versions[next - 1];
        *response.mutable_point() = Point(next);
      }
      response.set_covered_sequence(next);
      if (!writer.Write(response)) break;
      if (break_every > 0 && piece % break_every == 0) break;
    }
    return Restarting();
  }
  static grpc::Status Restarting() { return {grpc::StatusCode::UNAVAILABLE, "restarting"}; }
  std::uint64_t End() const { return std::min<std::uint64_t>(visible.load(), versions.size()); }
  timeseries::v1::FeedPoint Point(std::uint64_t number) const {
    timeseries::v1::FeedPoint point;
    point.set_feed_id(feed_id);
    point.set_sequence(number);
    point.set_digest(
        std::to_string(std::hash<std::string>()(versions[number - 1].SerializeAsString())));
    return point;
  }
  std::string feed_id = "feed of the first database";
  std::set<std::uint64_t> expired;
  std::vector<SampleVersion> versions;
  std::atomic<std::uint64_t> visible = 0;
  // Stored, but not sent.
  std::atomic<std::uint64_t> held_back = ~std::uint64_t{0};
  // Ends every call; once none is active, the feed may be exchanged.
  std::atomic<bool> broken = false;
  std::atomic<int> active = 0;
  std::atomic<int> break_every = 0;
  std::atomic<int> calls = 0;
};

// Keeps what it is told once; refuses every `fail_every`-th call, half of the time after having
// kept it.
class FakeAlerting final : public alerting::v1::AlertingService::Service {
 public:
  grpc::Status ReportSignals(grpc::ServerContext*,
                             const alerting::v1::ReportSignalsRequest* request,
                             alerting::v1::ReportSignalsResponse*) override {
    const int call = ++calls;
    const bool fails = down || (fail_every > 0 && call % fail_every == 0);
    if (fails && (down || call % 2 == 0)) return {grpc::StatusCode::UNAVAILABLE, "down"};
    const base::MutexLock lock(mutex_);
    for (const v1::Signal& signal : request->signals()) {
      const std::string id = signal.signal_key() + "@" + std::to_string(signal.feed_sequence());
      if (std::find(seen_.begin(), seen_.end(), id) == seen_.end()) seen_.push_back(id);
      EXPECT_OK(alerting::CheckSignal(signal));
      const std::string key =
          signal.district_id() + "/" + signal.target() + "/" + signal.detector();
      const auto known = alerts_.find(key);
      const alerting::Change change = alerting::ApplySignal(
          known == alerts_.end() ? nullptr : &known->second, signal, base::Instant());
      alerts_[key] = change.alert;
      if (change.changed) applied_.push_back(signal);
    }
    if (fails) return {grpc::StatusCode::UNAVAILABLE, "answer lost"};
    return grpc::Status::OK;
  }
  std::vector<std::string> seen() {
    const base::MutexLock lock(mutex_);
    return seen_;
  }
  // Signals that changed the book.
  std::vector<v1::Signal> applied() {
    const base::MutexLock lock(mutex_);
    return applied_;
  }
  // Keys of the signals that are active in the book.
  std::set<std::string> Book() {
    const base::MutexLock lock(mutex_);
    std::set<std::string> keys;
    for (const auto& [key, alert] : alerts_) {
      for (const auto& area : alert.areas()) {
        if (area.severity() > 0) keys.insert(area.signal_key());
      }
    }
    return keys;
  }
  std::atomic<bool> down = false;
  std::atomic<int> fail_every = 0;
  std::atomic<int> calls = 0;

 private:
  base::Mutex mutex_;
  std::vector<std::string> seen_ GUARDED_BY(mutex_);
  std::vector<v1::Signal> applied_ GUARDED_BY(mutex_);
  std::map<std::string, storage::v1::AlertRecord> alerts_ GUARDED_BY(mutex_);
};

class DetectionRoleTest : public ::testing::Test {
 protected:
  DetectionRoleTest() {
    feed_.versions = Versions(5);
    expected_ = Said(feed_.versions);
    StartPeers();
    guard_.Open();
  }
  ~DetectionRoleTest() override {
    StopRole();
    peer_server_->Stop(std::chrono::seconds(5));
  }
  void StartPeers() {
    rpc::ServerOptions peers;
    peers.listen = "127.0.0.1:0";
    peers.services = {&feed_, &sites_, &alerting_, &compliance_};
    peer_server_ = rpc::Server::Create(peers).value();
    for (const auto role : {shared::RoleName::kTimeseries, shared::RoleName::kAlerting,
                            shared::RoleName::kCompliance}) {
      peers_.Set(role, peer_server_->InProcessChannel());
    }
  }

  // What a simulated year gives, numbered from 1, recorded a second apart; registers its sites.
  std::vector<SampleVersion> Versions(std::uint64_t seed) {
    SimulationOptions options;
    options.districts = 2;
    options.days = 250;
    options.seed = seed;
    const Simulation simulation = Simulate(options).value();
    for (const sample::Site& site : simulation.sites) {
      sites_.Put(site.site_id, site.district_id, site.population_served);
      site_of_[site.site_id] = site;
    }
    std::vector<SampleVersion> versions;
    for (const Observation& observation : testing::ObservationsOf(simulation)) {
      SampleVersion& version = versions.emplace_back(shared::ToVersion(observation.measurement));
      version.set_version(1);
      version.set_feed_sequence(observation.feed_sequence);
      version.mutable_recorded_at()->set_seconds(
          1'600'000'000 + static_cast<std::int64_t>(observation.feed_sequence));
    }
    return versions;
  }
  // "<key>@<number>" of everything that an engine says of the versions; what it holds in the end.
  std::vector<std::string> Said(const std::vector<SampleVersion>& versions,
                                std::set<std::string>* held = nullptr,
                                const std::vector<std::string>& detectors = {}) {
    auto engine = Engine::Create(detectors).value();
    std::vector<std::string> said;
    for (const SampleVersion& version : versions) {
      Observation observation;
      observation.measurement = shared::ToMeasurement(version).value();
      const sample::Site& site = site_of_.at(version.site_id());
      observation.district_id = site.district_id;
      observation.population = site.population_served;
      observation.known_at = *observation.measurement.known_at;
      observation.feed_sequence = version.feed_sequence();
      for (const SignalChange& change : engine->OnSample(observation)) {
        said.push_back(change.signal_key + "@" + std::to_string(change.feed_sequence));
      }
    }
    if (held != nullptr) {
      for (const SignalChange& change : engine->Held(1, {})) held->insert(change.signal_key);
    }
    return said;
  }
  // Of the first `count` versions.
  std::set<std::string> Held(const std::vector<SampleVersion>& versions, std::uint64_t count,
                             const std::vector<std::string>& detectors = {}) {
    std::set<std::string> held;
    Said({versions.begin(), versions.begin() + static_cast<std::ptrdiff_t>(count)}, &held,
         detectors);
    return held;
  }

  void StartRole(const config::v1::Config& config = {}) {
    auto role = CreateDetectionRole(config, {clock_, metrics_, peers_, guard_, directory_.path()});
    ASSERT_OK(role);
    role_ = std::move(*role);
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = role_->services();
    server_ = rpc::Server::Create(options).value();
    stub_ = v1::DetectionService::NewStub(server_->InProcessChannel());
    ASSERT_OK(role_->Start());
  }
  void StopRole() {
    if (!role_) return;
    role_->Stop();
    server_->Stop(std::chrono::seconds(5));
    server_.reset();
    role_.reset();
  }
  // Waits for the condition, at most a minute.
  template <typename Condition>
  bool Eventually(const Condition& condition) {
    for (int i = 0; i < 6000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::uint64_t Processed() {
    grpc::ClientContext context;
    v1::GetProgressResponse response;
    const grpc::Status status = stub_->GetProgress(&context, {}, &response);
    EXPECT_OK(rpc::FromGrpc(status));
    return response.processed_sequence();
  }

  testing::TempDir directory_;
  base::FakeClock clock_{base::Instant(std::chrono::days(19000))};
  metrics::Registry metrics_;
  shared::Peers peers_;
  shared::Guard guard_{clock_, metrics_, peers_};
  FakeFeed feed_;
  testing::FakeSites sites_;
  FakeAlerting alerting_;
  testing::FakeCompliance compliance_;
  std::unique_ptr<rpc::Server> peer_server_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<shared::Role> role_;
  std::unique_ptr<v1::DetectionService::Stub> stub_;
  // What the engine says of all versions of the feed.
  std::vector<std::string> expected_;
  std::map<std::string, sample::Site> site_of_;
};

}  // namespace belgrand::detection
