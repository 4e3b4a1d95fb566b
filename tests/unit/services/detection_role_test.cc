// The detection role over real gRPC, between a feed and an alerting service that fail on demand.
#include "services/detection/detection_role.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "belgrand/detection/v1/detection.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "detection/engine.h"
#include "detection/simulate.h"
#include "platform/base/mutex.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "services/detection/backoff.h"
#include "services/detection/signal_outbox.h"
#include "services/detection/wire.h"
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"
#include "tests/support/simulated_feed.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/services/fake_peers.h"

namespace belgrand::detection {
namespace {

using timeseries::v1::SampleVersion;

// A feed of given versions: sends them in pieces of seven, breaks off every `break_every` pieces,
// and then stays open as the real one does.
class FakeFeed final : public timeseries::v1::TimeseriesService::Service {
 public:
  grpc::Status FollowFeed(grpc::ServerContext* context,
                          const timeseries::v1::FollowFeedRequest* request,
                          grpc::ServerWriter<timeseries::v1::FollowFeedResponse>* writer) override {
    ++calls;
    std::uint64_t next = request->after_sequence();
    if (next > versions.size()) return {grpc::StatusCode::OUT_OF_RANGE, "beyond the feed"};
    for (int piece = 1; !context->IsCancelled(); ++piece) {
      const std::uint64_t end = std::min<std::uint64_t>(visible.load(), versions.size());
      if (next == end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        continue;
      }
      timeseries::v1::FollowFeedResponse response;
      response.set_newest_sequence(end);
      for (int i = 0; i < 7 && next < end; ++i) *response.add_samples() = versions[next++];
      if (!writer->Write(response)) break;
      if (break_every > 0 && piece % break_every == 0) {
        return {grpc::StatusCode::UNAVAILABLE, "restarting"};
      }
    }
    return grpc::Status::OK;
  }
  std::vector<SampleVersion> versions;
  std::atomic<std::uint64_t> visible = 0;
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
    }
    if (fails) return {grpc::StatusCode::UNAVAILABLE, "answer lost"};
    return grpc::Status::OK;
  }
  std::vector<std::string> seen() {
    const base::MutexLock lock(mutex_);
    return seen_;
  }
  std::atomic<bool> down = false;
  std::atomic<int> fail_every = 0;
  std::atomic<int> calls = 0;

 private:
  base::Mutex mutex_;
  std::vector<std::string> seen_ GUARDED_BY(mutex_);
};

class DetectionRoleTest : public ::testing::Test {
 protected:
  DetectionRoleTest() {
    SimulationOptions options;
    options.districts = 2;
    options.days = 250;
    options.seed = 5;
    const Simulation simulation = Simulate(options).value();
    for (const sample::Site& site : simulation.sites) {
      sites_.Put(site.site_id, site.district_id, site.population_served);
    }
    auto engine = Engine::Create().value();
    for (const Observation& observation : testing::ObservationsOf(simulation)) {
      SampleVersion version = shared::ToVersion(observation.measurement);
      version.set_version(1);
      version.set_feed_sequence(observation.feed_sequence);
      *version.mutable_recorded_at() = shared::ToTimestamp(observation.known_at);
      feed_.versions.push_back(version);
      for (const SignalChange& change : engine->OnSample(observation)) {
        expected_.push_back(change.signal_key + "@" + std::to_string(change.feed_sequence));
      }
    }
    rpc::ServerOptions peers;
    peers.listen = "127.0.0.1:0";
    peers.services = {&feed_, &sites_, &alerting_, &compliance_};
    peer_server_ = rpc::Server::Create(peers).value();
    for (const auto role : {shared::RoleName::kTimeseries, shared::RoleName::kAlerting,
                            shared::RoleName::kCompliance}) {
      peers_.Set(role, peer_server_->InProcessChannel());
    }
    guard_.Open();
  }
  ~DetectionRoleTest() override {
    StopRole();
    peer_server_->Stop(std::chrono::seconds(5));
  }

  void StartRole() {
    auto role = CreateDetectionRole({}, {clock_, metrics_, peers_, guard_, directory_.path()});
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
  std::vector<std::string> expected_;
};

TEST_F(DetectionRoleTest, HandsOverWhatTheEngineSaysInOrderThroughFaultsAndRestarts) {
  ASSERT_GT(expected_.size(), 10U);
  feed_.break_every = 9;
  alerting_.fail_every = 3;
  const std::uint64_t all = feed_.versions.size();
  for (const std::uint64_t part : {all / 5, all / 2, all / 2 + 1, all}) {
    feed_.visible = part;
    StartRole();
    ASSERT_TRUE(Eventually([&] { return Processed() == part; })) << "at " << Processed();
    EXPECT_TRUE(Eventually([&] { return role_->Ready().ok(); }));
    StopRole();
  }
  EXPECT_EQ(alerting_.seen(), expected_);
}

TEST_F(DetectionRoleTest, KeepsSignalsOnDiskWhileAlertingIsDown) {
  alerting_.down = true;
  feed_.visible = feed_.versions.size();
  StartRole();
  ASSERT_TRUE(Eventually([&] { return role_->Ready().ok() && alerting_.calls > 2; }));
  EXPECT_LT(Processed(), feed_.versions.size()) << "progress counts what alerting has";
  StopRole();
  EXPECT_TRUE(alerting_.seen().empty());
  alerting_.down = false;
  StartRole();
  ASSERT_TRUE(Eventually([&] { return Processed() == feed_.versions.size(); }));
  EXPECT_EQ(alerting_.seen(), expected_);
}

TEST_F(DetectionRoleTest, IsReadyOnAnEmptyFeed) {
  StartRole();
  EXPECT_TRUE(Eventually([&] { return role_->Ready().ok(); }));
  EXPECT_EQ(Processed(), 0U);
}

// The catalogue has ten seconds to answer; a stop hangs up before they are over.
TEST_F(DetectionRoleTest, AStopDoesNotWaitForACatalogueThatDoesNotAnswer) {
  sites_.silent = true;
  StartRole();
  ASSERT_TRUE(Eventually([&] { return sites_.lists > 0; }));
  role_->Stop();
  EXPECT_TRUE(Eventually([&] { return sites_.abandoned == 1; }));
}

TEST_F(DetectionRoleTest, AStopEndsTheCatalogueCallInTheMiddleOfTheFeed) {
  SampleVersion stray = feed_.versions[0];
  stray.set_site_id("not in the catalogue");
  feed_.versions = {stray};
  StartRole();
  ASSERT_TRUE(Eventually([&] { return feed_.calls > 0; }));
  sites_.silent = true;
  const int asked = sites_.lists;
  feed_.visible = 1;
  ASSERT_TRUE(Eventually([&] { return sites_.lists > asked; }));
  role_->Stop();
  EXPECT_TRUE(Eventually([&] { return sites_.abandoned == 1; }));
}

TEST(StopSignalTest, CancelsEveryCallUnderWayAndOneThatBeginsLater) {
  StopSignal stop;
  grpc::ClientContext outer;
  const StopSignal::Call first(stop, outer);
  grpc::ClientContext ended;
  { const StopSignal::Call gone(stop, ended); }
  stop.Stop();
  grpc::ClientContext late;
  const StopSignal::Call second(stop, late);
  // A cancelled context fails its call before it is sent.
  const auto stub =
      timeseries::v1::SiteService::NewStub(*rpc::OpenChannel("127.0.0.1:1", std::nullopt));
  timeseries::v1::ListSitesResponse response;
  EXPECT_EQ(stub->ListSites(&outer, {}, &response).error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(stub->ListSites(&late, {}, &response).error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(stub->ListSites(&ended, {}, &response).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(DetectionRoleTest, RefusesAFeedThatEndsBeforeItsOwnPosition) {
  feed_.visible = 200;
  StartRole();
  ASSERT_TRUE(Eventually([&] { return Processed() == 200; }));
  StopRole();
  feed_.visible = 100;
  StartRole();
  EXPECT_TRUE(
      Eventually([&] { return role_->Ready().code() == base::StatusCode::kFailedPrecondition; }));
}

TEST_F(DetectionRoleTest, AnswersWhatItBelievesAndHowItJudges) {
  feed_.visible = feed_.versions.size();
  StartRole();
  ASSERT_TRUE(Eventually([&] { return Processed() == feed_.versions.size(); }));
  grpc::ClientContext states_context;
  v1::ListAreaStatesRequest request;
  request.set_district_id("district-2");
  v1::ListAreaStatesResponse states;
  ASSERT_OK(rpc::FromGrpc(stub_->ListAreaStates(&states_context, request, &states)));
  ASSERT_EQ(states.states_size(), 5) << "the district and its four sites";
  EXPECT_EQ(states.states(0).level(), v1::DISTRICT);
  EXPECT_GT(states.states(0).sample_count(), 100U);
  EXPECT_LT(states.states(0).lower_log10(), states.states(0).upper_log10());
  grpc::ClientContext detectors_context;
  v1::ListDetectorsResponse detectors;
  ASSERT_OK(rpc::FromGrpc(stub_->ListDetectors(&detectors_context, {}, &detectors)));
  EXPECT_EQ(static_cast<std::size_t>(detectors.detectors_size()), RegisteredDetectors().size());
  for (const auto& detector : detectors.detectors()) EXPECT_FALSE(detector.meaning().empty());
}

TEST_F(DetectionRoleTest, RefusesADetectorThatIsNotRegistered) {
  config::v1::Config config;
  config.mutable_detection()->add_detectors("horoscope");
  EXPECT_THAT(
      CreateDetectionRole(config, {clock_, metrics_, peers_, guard_, directory_.path()}),
      testing::StatusIs(base::StatusCode::kInvalidArgument, ::testing::HasSubstr("horoscope")));
}

TEST(SignalOutboxTest, SurvivesAReopenAndKeepsTheOrder) {
  testing::TempDir directory;
  {
    auto outbox = SignalOutbox::Open(directory.path() / "d").value();
    EXPECT_EQ(outbox->LoadProgress().value(), 0U);
    std::vector<v1::Signal> signals(3);
    signals[0].set_feed_sequence(300);
    signals[1].set_feed_sequence(300);
    signals[1].set_signal_key("second");
    signals[2].set_feed_sequence(301);
    ASSERT_OK(outbox->Commit(305, signals));
  }
  auto outbox = SignalOutbox::Open(directory.path() / "d").value();
  EXPECT_EQ(outbox->LoadProgress().value(), 305U);
  EXPECT_EQ(outbox->Depth().value(), 3U);
  const auto two = outbox->Oldest(2).value();
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[1].signal.signal_key(), "second");
  ASSERT_OK(outbox->Remove(two));
  EXPECT_EQ(outbox->Oldest(9).value().at(0).signal.feed_sequence(), 301U);
}

}  // namespace
}  // namespace belgrand::detection
