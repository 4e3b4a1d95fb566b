// The register and the fiche of a system that has run: what the fiche claims of it is there, and is
// missed when it is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "platform/base/file.h"
#include "tests/support/deployment.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

using shared::RoleName;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(DocumentsTest, FollowTheSystemTheyAreAbout) {
  const TempDir dir;
  Deployment deployment(Shape::kOneProcess, dir.path() / "run");
  ASSERT_OK(deployment.Start());
  std::vector<std::string> list = {"sites",      "set",   "W1",           "--name", "One",
                                   "--district", "north", "--population", "5000"};
  for (const auto& flag : deployment.ClientFlags(RoleName::kTimeseries, "operator")) {
    list.push_back(flag);
  }
  ASSERT_EQ(RunBelgrand(list).exit_code, 0);
  deployment.TerminateAll();

  const std::filesystem::path declared = dir.path() / "declared.json";
  std::ofstream(declared) << R"({"controller":"City of Seine"})";
  const std::string sheet = (dir.path() / "fiche").string();
  const std::filesystem::path home = deployment.data(RoleName::kCompliance);
  const std::string data = "data_dir=" + home.parent_path().string();
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--set", data, "--declaration", declared.string()});
    return RunBelgrand(arguments);
  };
  const CommandResult made = run({"fiche", "make", "--out", sheet});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  const CommandResult before = run({"fiche", "verify", sheet + ".json"});
  EXPECT_EQ(before.exit_code, 1) << "nobody declared a processor";
  EXPECT_THAT(before.out, HasSubstr("\ndemonstrated      audit.intact            "));
  EXPECT_THAT(before.out, HasSubstr("\ndemonstrated      keyring.apart           "));
  EXPECT_THAT(before.out, HasSubstr("demonstrated      declared.controller     declared"));
  EXPECT_THAT(before.out, HasSubstr("not demonstrated  declared.processor      "));

  std::filesystem::path bundle;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(home / "audit")) {
    if (entry.is_regular_file() && entry.path().string().find("entries") != std::string::npos) {
      bundle = entry.path();
    }
  }
  ASSERT_FALSE(bundle.empty());
  std::fstream file(bundle, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(10);
  const char byte = static_cast<char>(file.get());
  file.seekp(10);
  file.put(static_cast<char>(byte ^ 1));
  file.close();
  const CommandResult after = run({"fiche", "verify", sheet + ".json"});
  EXPECT_EQ(after.exit_code, 1);
  EXPECT_THAT(after.out, HasSubstr("not demonstrated  audit.intact            "));
}

TEST(DocumentsTest, TheFileOfABreachTellsWhatOneCredentialDidAndNoOther) {
  const TempDir dir;
  Deployment deployment(Shape::kProcessPerRole, dir.path() / "run");
  ASSERT_OK(deployment.Start());
  const auto call = [&](std::vector<std::string> arguments, RoleName role, const char* who) {
    for (const auto& flag : deployment.ClientFlags(role, who)) arguments.push_back(flag);
    return RunBelgrand(arguments).exit_code;
  };
  ASSERT_EQ(call({"alerts", "list"}, RoleName::kAlerting, "official"), 0);
  ASSERT_EQ(call({"alerts", "list"}, RoleName::kAlerting, "official"), 0);
  ASSERT_EQ(call({"sites", "list"}, RoleName::kTimeseries, "operator"), 0);
  ASSERT_NE(call({"audit", "show"}, RoleName::kCompliance, "official"), 0);

  // While the log is being written.
  const std::filesystem::path data = deployment.data(RoleName::kCompliance).parent_path();
  const std::string set = "data_dir=" + data.string();
  const std::string out = (dir.path() / "breach").string();
  const auto scope = [&](const std::string& credential) {
    return RunBelgrand({"breach", "scope", "--set", set, "--credential", credential, "--out", out,
                        "--aware-at", "2020-01-01"});
  };
  const CommandResult made = scope("official:lab-a");
  EXPECT_EQ(made.exit_code, 0) << made.err;
  const std::string page = base::ReadFile(out + ".md").value_or("");
  EXPECT_THAT(page, HasSubstr("| `belgrand.alerting.v1.AlertingService.ListAlerts` | 2 | 0 | "));
  EXPECT_THAT(page, HasSubstr("| `belgrand.compliance.v1.ComplianceService.ReadAudit` | 0 | 1 | "));
  EXPECT_THAT(page, Not(HasSubstr("ListSites")));
  EXPECT_THAT(page, HasSubstr("| health official | 1 | "));
  EXPECT_THAT(page, HasSubstr("2020-01-04T00:00:00Z"));

  const CommandResult clock = RunBelgrand({"breach", "clock", out + ".json"});
  EXPECT_EQ(clock.exit_code, 1);
  EXPECT_THAT(clock.out, HasSubstr("overdue since"));
  EXPECT_THAT(clock.err, HasSubstr("4 overdue"));

  const CommandResult nobody = scope("official:nobody");
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("none is of 'official:nobody'"));
}

TEST(DocumentsTest, TheDrillTriesEveryPromiseWithAServiceOfItsOwn) {
  const CommandResult drill = RunBelgrand({"compliance", "drill"});
  EXPECT_EQ(drill.exit_code, 0) << drill.out << drill.err;
  EXPECT_THAT(drill.out, HasSubstr("15 of 15 promises hold"));
  EXPECT_EQ(drill.err, "") << "a line of the log in the middle of the table";
}

TEST(DocumentsTest, PrintWhatPersonsAreTold) {
  const CommandResult staff = RunBelgrand({"notice", "--for", "lab-staff", "--lang", "fr"});
  EXPECT_EQ(staff.exit_code, 0) << staff.err;
  EXPECT_THAT(staff.out, HasSubstr("### surveillance des eaux usées"));
  EXPECT_THAT(RunBelgrand({"notice", "--for", "site"}).out, HasSubstr("fewer than 3000 persons"));
  EXPECT_NE(RunBelgrand({"notice", "--for", "everybody"}).exit_code, 0);
}

TEST(DocumentsTest, PrintTheRegisterInBothLanguages) {
  EXPECT_THAT(RunBelgrand({"register"}).out, HasSubstr("# Register of processing activities"));
  EXPECT_THAT(RunBelgrand({"register", "--lang", "fr"}).out,
              HasSubstr("# Registre des activités de traitement"));
  const CommandResult json = RunBelgrand({"register", "--format", "json"});
  EXPECT_THAT(json.out, HasSubstr("\"activities\""));
  EXPECT_EQ(json.out, RunBelgrand({"register", "--format", "json"}).out);
}

}  // namespace
}  // namespace belgrand::testing
