// Every role in a process of its own: whoever asks the wrong one is told which to ask, and a file
// brings its sites all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/deployment.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

using shared::RoleName;
using ::testing::HasSubstr;

TEST(RolesApartTest, TheWrongProcessSaysWhichToAskAndAFileBringsItsSites) {
  const TempDir dir;
  Deployment deployment(Shape::kProcessPerRole, dir.path() / "run");
  ASSERT_OK(deployment.Start());
  const auto run = [&](std::vector<std::string> arguments, RoleName role) {
    for (const std::string& flag : deployment.ClientFlags(role, "operator")) {
      arguments.push_back(flag);
    }
    return RunBelgrand(arguments);
  };
  const std::string file = dir.path() / "samples.csv";
  std::ofstream(file) << "sample_id,site_id,district_id,population,collected_on,target,value,unit,"
                         "censoring,lab_id\n"
                         "S-1,riverside,north,20000,2024-01-05,sars-cov-2,25000,gc/L,none,my-lab\n";

  const CommandResult alerts = run({"alerts", "list"}, RoleName::kIngest);
  EXPECT_EQ(alerts.exit_code, 1);
  EXPECT_THAT(alerts.err, HasSubstr("this process does not serve "
                                    "belgrand.alerting.v1.AlertingService: it is served by the "
                                    "role alerting"));
  const CommandResult submit =
      run({"submit", file, "--spool", dir.path() / "spool"}, RoleName::kTimeseries);
  EXPECT_EQ(submit.exit_code, 1);
  EXPECT_THAT(submit.err, HasSubstr("it is served by the role ingest"));

  const CommandResult without = run({"import", file, "--register-sites"}, RoleName::kIngest);
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_THAT(without.err, HasSubstr("--register-sites needs --sites-server HOST:PORT here"));
  const std::string timeseries = deployment.ClientFlags(RoleName::kTimeseries, "operator").at(1);
  const CommandResult imported =
      run({"import", file, "--register-sites", "--sites-server", timeseries}, RoleName::kIngest);
  EXPECT_EQ(imported.exit_code, 0) << imported.out << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("1 site in the file, 1 new or changed in the catalogue"));
  EXPECT_THAT(imported.out, HasSubstr("accepted          1"));
}

}  // namespace
}  // namespace belgrand::testing
