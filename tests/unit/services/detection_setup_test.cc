// What judged when: written at each start at which it is another than before, over restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/detection/setup.h"
#include "services/detection/signal_outbox.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/services/detection_fixture.h"

namespace belgrand::detection {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class DetectionSetupTest : public DetectionRoleTest {
 protected:
  // Starts, asks, stops.
  std::vector<v1::Setup> SetupsWith(const config::v1::Config& config) {
    StartRole(config);
    const auto stub = v1::SetupService::NewStub(server_->InProcessChannel());
    grpc::ClientContext context;
    v1::ListSetupsResponse response;
    EXPECT_OK(rpc::FromGrpc(stub->ListSetups(&context, {}, &response)));
    StopRole();
    clock_.Advance(std::chrono::hours(1));
    return {response.setups().begin(), response.setups().end()};
  }
};

TEST_F(DetectionSetupTest, AnotherConfigurationIsASetupOfItsOwnAndTheSameOneIsNot) {
  const config::v1::Config plain;
  const base::Instant began = clock_.Now();
  std::vector<v1::Setup> setups = SetupsWith(plain);
  ASSERT_THAT(setups, SizeIs(1));
  EXPECT_EQ(shared::ToInstant(setups[0].since()), began);
  EXPECT_THAT(setups[0].methods(0).value(), HasSubstr("engine"));
  EXPECT_GE(setups[0].methods_size(), 4) << "the engine and its detectors";
  EXPECT_THAT(setups[0].methods(1).value(), HasSubstr("limit"));
  EXPECT_THAT(SetupsWith(plain), SizeIs(1)) << "a restart is no change";

  config::v1::Config planned;
  auto& plan = *planned.mutable_detection()->add_sampling_plans();
  plan.set_name("weekly");
  plan.set_owner("team north");
  plan.mutable_every()->set_seconds(604800);
  const base::Instant changed = clock_.Now();
  setups = SetupsWith(planned);
  ASSERT_THAT(setups, SizeIs(2));
  EXPECT_EQ(shared::ToInstant(setups[1].since()), changed);
  EXPECT_EQ(setups[1].settings(0).name(), "sampling plan weekly");
  EXPECT_EQ(setups[1].settings(0).value(), "every 604800 s, owner team north");

  config::v1::Config chosen = planned;
  chosen.mutable_detection()->add_detectors("district-rise");
  setups = SetupsWith(chosen);
  ASSERT_THAT(setups, SizeIs(3));
  EXPECT_EQ(setups[2].methods_size(), 2) << "the engine and the one detector";
  EXPECT_THAT(SetupsWith(plain), SizeIs(4)) << "back is a change too";

  config::v1::Config budgeted;
  budgeted.mutable_detection()->set_false_alerts_per_district_year(2);
  budgeted.mutable_detection()->set_false_discovery_rate(0.2);
  setups = SetupsWith(budgeted);
  ASSERT_THAT(setups, SizeIs(5));
  EXPECT_EQ(setups[4].settings(0).value(), "at most 2 a district and year");
  EXPECT_EQ(setups[4].settings(1).value(), "at most 0.2 of all that is raised");
}

TEST_F(DetectionSetupTest, AClockThatWentBackKeepsTheirOrder) {
  config::v1::Config chosen;
  chosen.mutable_detection()->add_detectors("district-rise");
  SetupsWith({});
  clock_.Set(clock_.Now() - std::chrono::days(100));
  const std::vector<v1::Setup> setups = SetupsWith(chosen);
  ASSERT_THAT(setups, SizeIs(2));
  EXPECT_GT(shared::ToInstant(setups[1].since()), shared::ToInstant(setups[0].since()));
  EXPECT_EQ(setups[1].methods_size(), 2);
}

}  // namespace
}  // namespace belgrand::detection
