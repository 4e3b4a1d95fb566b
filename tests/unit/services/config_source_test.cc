// What of the configuration of detection is refused before anything starts.
#include "services/cli/config_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace belgrand::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;

base::StatusOr<config::v1::Config> With(std::vector<std::string> overrides) {
  ConfigFlags flags;
  flags.overrides = std::move(overrides);
  return LoadConfig(flags, {shared::kAllRoles.begin(), shared::kAllRoles.end()});
}

TEST(ConfigSourceTest, ABudgetOfFalseAlarmsAndARateOfDiscoveriesAreRead) {
  const auto config =
      With({"detection.false_alerts_per_district_year=2", "detection.false_discovery_rate=0.2"});
  ASSERT_OK(config);
  EXPECT_DOUBLE_EQ(config->detection().false_alerts_per_district_year(), 2);
  EXPECT_DOUBLE_EQ(config->detection().false_discovery_rate(), 0.2);
}

TEST(ConfigSourceTest, WhatCannotBeBudgetedIsRefusedWithTheReason) {
  EXPECT_THAT(With({"detection.false_discovery_rate=1.5"}),
              StatusIs(base::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("detection.false_discovery_rate"),
                             HasSubstr("1.5 is out of range"))));
  EXPECT_THAT(With({"detection.false_alerts_per_district_year=5000"}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("5000 is out of range")));
  EXPECT_THAT(
      With({"detection.false_alerts_per_district_year=2", "detection.detectors=district-ears-c1"}),
      StatusIs(base::StatusCode::kInvalidArgument,
               HasSubstr("how often 'district-ears-c1' is false is not known")));
  EXPECT_OK(With({"detection.detectors=district-ears-c1"})) << "it has its own limit";
}

TEST(ConfigSourceTest, ANameThatIsNotRegisteredIsToldOnceAndNoBudgetWithIt) {
  const auto config =
      With({"detection.false_alerts_per_district_year=2", "detection.detectors=tea-leaves"});
  EXPECT_THAT(config, StatusIs(base::StatusCode::kInvalidArgument,
                               HasSubstr("the configuration has 1 problem:")));
}

}  // namespace
}  // namespace belgrand::cli
