// The mistakes of the alerting section of a configuration.
#include "services/alerting/alerting_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belgrand::alerting {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(AlertingOptionsTest, MistakesOfTheRulesAreProblemsOfTheConfiguration) {
  config::v1::Alerting config;
  config.mutable_route()->add_receivers("console");
  EXPECT_THAT(CheckAlertingConfig(config), IsEmpty()) << "console exists by default";
  config.mutable_route()->add_receivers("nobody");
  config.mutable_route()->set_escalation("none");
  EXPECT_THAT(CheckAlertingConfig(config),
              ElementsAre(HasSubstr("alerting.route.receivers: 'nobody' is no configured receiver"),
                          HasSubstr("alerting.route.escalation: 'none' is no configured")));
}

TEST(AlertingOptionsTest, EveryProblemIsReportedAtOnce) {
  config::v1::Alerting config;
  EXPECT_THAT(CheckAlertingConfig(config), IsEmpty()) << "absent is the default, which runs";
  config.mutable_first_retry()->set_seconds(7200);
  config.set_max_attempts(5000);
  config.add_receivers()->set_name("a");
  auto* twin = config.add_receivers();
  twin->set_name("a");
  twin->mutable_stream();
  twin->mutable_stream()->mutable_give_up_after()->set_nanos(1);
  const auto problems = CheckAlertingConfig(config);
  EXPECT_THAT(problems, SizeIs(5));
  EXPECT_THAT(problems, Contains(HasSubstr("receivers[1]: stream.give_up_after: 0 s is outside")));
  EXPECT_THAT(problems, Contains(HasSubstr("alerting.receivers[0]: no channel")));
  EXPECT_THAT(problems,
              Contains(HasSubstr("alerting.receivers[1]: name 'a' is also that of receivers[0]")));
  EXPECT_THAT(problems, Contains(HasSubstr("alerting.first_retry: 7200 s")));
  EXPECT_THAT(problems, Contains(HasSubstr("alerting.max_attempts: 5000")));
}

}  // namespace
}  // namespace belgrand::alerting
