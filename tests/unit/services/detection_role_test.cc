// The detection role over real gRPC, between a feed and an alerting service that fail on demand.
#include "services/detection/detection_role.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "platform/storage/keys.h"
#include "services/detection/backoff.h"
#include "services/detection/site_directory.h"
#include "tests/unit/services/detection_fixture.h"

namespace belgrand::detection {
namespace {

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

TEST_F(DetectionRoleTest, AnEditOfTheCatalogueCountsForSamplesReadAfterIt) {
  feed_.visible = feed_.versions.size() / 2;
  StartRole();
  ASSERT_TRUE(Eventually([&] { return Processed() == feed_.visible; }));
  for (const auto& [id, site] : site_of_) sites_.Put(id, "elsewhere", site.population_served);
  clock_.Advance(SiteDirectory::kMaxAge);
  feed_.visible = feed_.versions.size();
  ASSERT_TRUE(Eventually([&] { return Processed() == feed_.visible; }));
  grpc::ClientContext context;
  v1::ListAreaStatesRequest request;
  request.set_district_id("elsewhere");
  v1::ListAreaStatesResponse states;
  ASSERT_OK(rpc::FromGrpc(stub_->ListAreaStates(&context, request, &states)));
  EXPECT_GT(states.states_size(), 0);
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
    EXPECT_EQ(outbox->LoadProgress()->processed_sequence(), 0U);
    std::vector<v1::Signal> signals(3);
    for (v1::Signal& signal : signals) signal.set_phase(v1::Signal::RAISED);
    signals[0].set_feed_sequence(300);
    signals[1].set_feed_sequence(300);
    signals[1].set_signal_key("second");
    signals[2].set_feed_sequence(301);
    storage::v1::DetectionProgress progress;
    progress.set_processed_sequence(305);
    ASSERT_OK(outbox->Commit(progress, signals));
  }
  auto outbox = SignalOutbox::Open(directory.path() / "d").value();
  EXPECT_EQ(outbox->LoadProgress()->processed_sequence(), 305U);
  EXPECT_EQ(outbox->Depth().value(), 3U);
  const auto two = outbox->Oldest(2).value();
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[1].signal.signal_key(), "second");
  ASSERT_OK(outbox->Remove(two));
  EXPECT_EQ(outbox->Oldest(9).value().at(0).signal.feed_sequence(), 301U);
}

TEST(SignalOutboxTest, ANewGenerationComesAfterAllOfTheOldWhateverItsNumbers) {
  testing::TempDir directory;
  {  // An entry as versions without generations wrote it.
    storage::StoreOptions options;
    options.directory = directory.path() / "d";
    options.families = {"progress", "outbox"};
    auto store = storage::Store::Open(options).value();
    v1::Signal signal;
    signal.set_signal_key("oldest");
    signal.set_feed_sequence(900);
    storage::v1::SignalRecord record;
    record.set_signal(signal.SerializeAsString());
    std::string key;
    storage::AppendUint64(key, 900);
    storage::AppendUint32(key, 0);
    storage::Batch batch;
    batch.Put(1, key, record.SerializeAsString());
    ASSERT_OK(store->Write(batch));
  }
  auto outbox = SignalOutbox::Open(directory.path() / "d").value();
  std::uint64_t number = 1000;
  for (const std::uint64_t generation : {1'700'000'000'000'000U, 1'700'000'000'000'001U}) {
    v1::Signal signal;
    signal.set_phase(v1::Signal::RAISED);
    signal.set_signal_key(std::to_string(generation));
    signal.set_feed_sequence(number -= 400);
    signal.set_generation(generation);
    ASSERT_OK(outbox->Commit({}, {signal}));
  }
  std::vector<std::string> order;
  const auto entries = outbox->Oldest(9).value();
  for (const auto& entry : entries) order.push_back(entry.signal.signal_key());
  EXPECT_THAT(order, ::testing::ElementsAre("oldest", "1700000000000000", "1700000000000001"));
}

TEST(SignalOutboxTest, KnowsWhatIsHeldThroughRandomWorkAndRestarts) {
  const unsigned seed =
      static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed()) + 1U;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  testing::TempDir directory;
  auto outbox = SignalOutbox::Open(directory.path() / "d").value();
  std::map<std::pair<std::string, std::string>, int> model;  // severity
  for (std::uint64_t step = 1; step <= 300; ++step) {
    std::vector<v1::Signal> signals(random() % 4);
    for (v1::Signal& signal : signals) {
      signal.set_district_id(random() % 2 == 0 ? "north" : "nor");
      signal.set_signal_key("key " + std::to_string(random() % 5));
      signal.set_phase(static_cast<v1::Signal::Phase>(1 + random() % 3));
      signal.set_severity(static_cast<v1::Severity>(1 + random() % 3));
      signal.set_feed_sequence(step);
      signal.mutable_evidence()->set_explanation("long");
      const std::pair<std::string, std::string> key{signal.district_id(), signal.signal_key()};
      if (signal.phase() == v1::Signal::CLEARED) {
        model.erase(key);
      } else {
        model[key] = signal.severity();
      }
    }
    storage::v1::DetectionProgress progress;
    progress.set_processed_sequence(step);
    ASSERT_OK(outbox->Commit(progress, signals));
    if (random() % 20 == 0) {
      outbox.reset();
      outbox = SignalOutbox::Open(directory.path() / "d").value();
    }
    const Holds holds = outbox->LoadHolds().value();
    std::map<std::pair<std::string, std::string>, int> actual;
    for (const auto& [key, signal] : holds) {
      actual[key] = signal.severity();
      EXPECT_FALSE(signal.has_evidence());
    }
    ASSERT_EQ(actual, model) << "step " << step;
    ASSERT_EQ(outbox->LoadProgress()->processed_sequence(), step);
  }
}

}  // namespace
}  // namespace belgrand::detection
