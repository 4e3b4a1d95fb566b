// The detection role tells what of the data is missing, over real gRPC, through restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "services/detection/gap_watch.h"
#include "tests/unit/services/detection_fixture.h"

namespace belgrand::detection {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kToday = 19'000;

class FakeSensors final : public sensor::v1::SensorService::Service {
 public:
  grpc::Status ListSensors(grpc::ServerContext*, const sensor::v1::ListSensorsRequest*,
                           sensor::v1::ListSensorsResponse* response) override {
    auto& sensor = *response->add_sensors();
    sensor.set_sensor_id("ph-1");
    sensor.set_site_id("site-1-1");
    sensor.set_quantity(sensor::v1::PH);
    sensor.mutable_limits()->mutable_max_gap()->set_seconds(180);
    sensor.mutable_newest_at()->set_seconds(newest_at);
    response->add_sensors()->set_sensor_id("never-sent");
    return grpc::Status::OK;
  }
  std::atomic<std::int64_t> newest_at = kToday * kDay - 7'200;
};

class DetectionGapsTest : public DetectionRoleTest {
 protected:
  SampleVersion Row(std::uint64_t number, const std::string& site, std::int64_t day) {
    SampleVersion row = feed_.versions[0];
    row.set_sample_id("gap-" + std::to_string(number));
    row.set_site_id(site);
    row.set_laboratory_id("lab-a");
    row.mutable_collected_at()->set_seconds(day * kDay);
    row.mutable_known_at()->set_seconds(day * kDay);
    row.mutable_recorded_at()->set_seconds(day * kDay);
    row.set_feed_sequence(number);
    return row;
  }
  static config::v1::Config Weekly() {
    config::v1::Config config;
    auto& plan = *config.mutable_detection()->add_sampling_plans();
    plan.set_name("weekly");
    for (const char* site : {"site-1-1", "site-1-2"}) plan.add_site_ids(site);
    plan.mutable_every()->set_seconds(7 * kDay);
    plan.mutable_result_within()->set_seconds(kDay);
    plan.mutable_grace()->set_seconds(kDay);
    plan.set_owner("team north");
    return config;
  }
  // At least two looks from now.
  bool LookedTwice() {
    const int before = sites_.lists;
    return Eventually([&] { return sites_.lists >= before + 3; });
  }
};

TEST_F(DetectionGapsTest, TellsOfAGapOnceThroughARestartAndTakesItBackWhenTheSampleComes) {
  const std::string target = feed_.versions[0].target();
  feed_.versions = {Row(1, "site-1-1", kToday - 10), Row(2, "site-1-2", kToday - 10),
                    Row(3, "site-1-1", kToday - 1), Row(4, "site-1-2", kToday - 1)};
  feed_.visible = 2;
  StartRole(Weekly());
  ASSERT_TRUE(Eventually([&] { return alerting_.Book().contains("no-new-data/district-1/any"); }));
  EXPECT_THAT(alerting_.Book(), ElementsAre("no-new-data/district-1/any"));
  const v1::Signal told = alerting_.applied().back();
  EXPECT_EQ(told.kind(), v1::DATA_GAP);
  EXPECT_EQ(told.owner(), "team north");
  EXPECT_EQ(told.severity(), v1::WARNING);
  EXPECT_THAT(told.evidence().explanation(), HasSubstr("site-1-2"));

  StopRole();
  const auto seen = alerting_.seen();
  StartRole(Weekly());
  ASSERT_TRUE(LookedTwice());
  EXPECT_EQ(alerting_.seen(), seen) << "a restart tells nothing twice";

  feed_.visible = 3;
  const std::string missing = "missing-sample/site-1-2/" + target;
  ASSERT_TRUE(Eventually([&] { return alerting_.Book() == std::set<std::string>{missing}; }));
  feed_.visible = 4;
  EXPECT_TRUE(Eventually([&] { return alerting_.Book().empty(); }));
  StopRole();
  EXPECT_THAT(SignalOutbox::Open(directory_.path() / "detection").value()->LoadGaps().value(),
              IsEmpty());
}

TEST_F(DetectionGapsTest, APlanThatIsTakenOutEndsWhatItTold) {
  feed_.versions = {Row(1, "site-1-1", kToday - 10), Row(2, "site-1-2", kToday - 10)};
  feed_.visible = 2;
  StartRole(Weekly());
  ASSERT_TRUE(Eventually([&] { return !alerting_.Book().empty(); }));
  StopRole();
  StartRole();
  EXPECT_TRUE(Eventually([&] { return alerting_.Book().empty(); }));
}

TEST_F(DetectionGapsTest, ASensorThatFallsSilentIsToldAndTakenBack) {
  FakeSensors sensors;
  rpc::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {&sensors};
  auto server = rpc::Server::Create(options).value();
  peers_.Set(shared::RoleName::kSensors, server->InProcessChannel());
  config::v1::Config config;
  config.mutable_detection()->mutable_sensor_watch()->set_owner("sewer works");
  StartRole(config);
  ASSERT_TRUE(Eventually([&] { return alerting_.Book().contains("silent-sensor/ph-1/PH"); }));
  EXPECT_EQ(alerting_.applied().back().owner(), "sewer works");
  sensors.newest_at = kToday * kDay;
  EXPECT_TRUE(Eventually([&] { return alerting_.Book().empty(); }));
  StopRole();
  server->Stop(std::chrono::seconds(5));
}

TEST(GapRulesTest, WhatIsWrongWithAPlanIsNamed) {
  config::v1::Detection config;
  auto& plan = *config.add_sampling_plans();
  plan.set_name("weekly");
  plan.mutable_every()->set_seconds(604'800);
  plan.set_owner("lab-a");
  EXPECT_THAT(CheckGapRules(config), IsEmpty());
  *config.add_sampling_plans() = plan;
  config.mutable_sampling_plans(1)->clear_every();
  config.mutable_sampling_plans(1)->mutable_grace()->set_seconds(-1);
  config.mutable_sampling_plans(1)->clear_owner();
  config.mutable_sensor_watch()->mutable_silent_after()->set_seconds(0);
  EXPECT_THAT(
      CheckGapRules(config),
      ElementsAre(HasSubstr("sampling_plans[1].name"), HasSubstr("sampling_plans[1].every"),
                  HasSubstr("sampling_plans[1].grace"), HasSubstr("sampling_plans[1].owner"),
                  HasSubstr("sensor_watch.silent_after"), HasSubstr("sensor_watch.owner")));
}

}  // namespace
}  // namespace belgrand::detection
