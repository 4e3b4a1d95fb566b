// Names of targets and rules that no alert can have, where a configuration is read; and the example
// of docs/alerting.md, which must load.
#include "services/cli/alert_names.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "platform/base/file.h"
#include "services/cli/config_source.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

base::StatusOr<config::v1::Config> Load(const std::string& text) {
  const testing::TempDir dir;
  ConfigFlags flags;
  flags.file = dir.path() / "belgrand.textproto";
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.file, text));
  return LoadConfig(flags, {shared::kAllRoles.begin(), shared::kAllRoles.end()});
}

TEST(AlertNamesTest, NamesThatNoAlertCanHaveAreNamedWithWhatWasMeant) {
  config::v1::Alerting config;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(route {
           routes { match { targets: "SARS-CoV2" rules: "district-trend" } }
           routes { routes { match { targets: "zzz" rules: "sitespike" } } }
         }
         inhibitions { source { rules: "plant-outage" } muted { targets: "rsv" } })",
      &config));
  EXPECT_THAT(
      CheckAlertNames(config),
      ElementsAre(
          "alerting.route.routes[0].match.targets: 'SARS-CoV2' is no target of an alert: did you "
          "mean 'sars-cov-2'?",
          HasSubstr(
              "alerting.route.routes[0].match.rules: 'district-trend' is no rule of an alert"),
          HasSubstr("alerting.route.routes[1].routes[0].match.targets: 'zzz' is no target of an "
                    "alert; targets: sars-cov-2, "),
          HasSubstr("alerting.route.routes[1].routes[0].match.rules: 'sitespike' is no rule of an "
                    "alert: did you mean 'site-spike'?"),
          HasSubstr("alerting.inhibitions[0].source.rules: 'plant-outage' is no rule")));
}

TEST(AlertNamesTest, EveryRuleThatRaisesAnAlertIsKnown) {
  for (const char* rule : {"district-rise", "site-rise", "site-spike", "unanswered",
                           "site-discharge", "belgrand-exercise", "district-ears-c1",
                           "missing-sample", "late-laboratory", "no-new-data", "silent-sensor"}) {
    EXPECT_THAT(WrongRule(rule), IsEmpty());
  }
  EXPECT_THAT(WrongTarget("exercise"), IsEmpty());
  EXPECT_THAT(WrongTarget("any"), IsEmpty());
}

TEST(AlertNamesTest, AConfigurationThatCanNeverMatchIsRefused) {
  const auto config = Load(R"(alerting {
    receivers { name: "console" stream {} }
    route { receivers: "console" routes { match { targets: "SARS-CoV2" } receivers: "console" } }
  })");
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(std::string(base::Message(config.status())), HasSubstr("did you mean 'sars-cov-2'?"));
}

TEST(AlertNamesTest, TheExampleOfTheDocumentationLoads) {
  const char* const source = std::getenv("BELGRAND_SOURCE_DIR");
  const auto page = base::ReadFile(std::filesystem::path(source == nullptr ? "." : source) /
                                   "docs" / "alerting.md");
  ASSERT_OK(page);
  const std::string begin = "```\nalerting {\n";
  const std::size_t at = page->find(begin);
  ASSERT_NE(at, std::string::npos);
  const std::size_t from = at + 4;
  const auto config = Load(page->substr(from, page->find("```", from) - from));
  ASSERT_OK(config);
  EXPECT_EQ(config->alerting().inhibitions_size(), 1);
}

}  // namespace
}  // namespace belgrand::cli
