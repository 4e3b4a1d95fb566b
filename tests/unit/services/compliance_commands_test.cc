// The audit and retention commands against a running compliance role.
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

#include "services/cli/audit_command.h"
#include "services/cli/retention_command.h"
#include "tests/unit/services/compliance_fixture.h"

namespace belgrand::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

struct Result {
  int code = -1;
  std::string out;
  std::string err;
};

class ComplianceCommandsTest : public testing::ComplianceFixture {
 protected:
  // Runs "audit ..." or "retention ..." against the fixture's server.
  Result Run(const std::string& arguments) {
    CLI::App app;
    RunSlot run;
    AddAudit(*app.add_subcommand("audit"), run);
    AddRetention(*app.add_subcommand("retention"), run);
    Result result;
    try {
      app.parse(arguments + " --server 127.0.0.1:" + std::to_string(server_->port()));
    } catch (const CLI::ParseError& error) {
      result.err = error.what();
      return result;
    }
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    result.code = run();
    result.out = ::testing::internal::GetCapturedStdout();
    result.err = ::testing::internal::GetCapturedStderr();
    return result;
  }

  void AddSample(std::string_view recorded_at) {
    auto& record = samples_.records.emplace_back();
    record.set_recorded_at_us(base::ToMicros(base::ParseInstant(recorded_at).value()));
  }
};

TEST_F(ComplianceCommandsTest, PlanPrintsTheCommandThatCarriesItOut) {
  AddSample("2020-01-01");
  AddSample("2031-01-01");
  clock_.Advance(base::Duration(123'456));
  const Result plan = Run("retention plan");
  ASSERT_EQ(plan.code, kExitOk) << plan.err;
  EXPECT_THAT(plan.out, AllOf(HasSubstr("belgrand.storage.v1.SampleRecord"), HasSubstr("P10Y"),
                              HasSubstr("2020-01-01"), HasSubstr("nothing was changed")));
  EXPECT_THAT(samples_.records, SizeIs(2));

  const std::string marker = "belgrand retention apply";
  const std::size_t at = plan.out.find(marker);
  ASSERT_NE(at, std::string::npos);
  const std::size_t end = plan.out.find('\n', at);
  clock_.Advance(std::chrono::seconds(60));
  const std::string command = plan.out.substr(at + 9, end - at - 9);
  const Result apply = Run(command);
  ASSERT_EQ(apply.code, kExitOk) << apply.err;
  EXPECT_THAT(apply.out, HasSubstr("deleted"));
  EXPECT_THAT(samples_.records, SizeIs(1));

  const Result again = Run(command);
  EXPECT_EQ(again.code, kExitRuntime);
  EXPECT_THAT(again.err, HasSubstr("plan again"));
}

TEST_F(ComplianceCommandsTest, PlanLooksAheadAndApplyDoesNotFollow) {
  AddSample("2025-01-01");
  const Result plan = Run("retention plan --now 2040-01-01");
  EXPECT_THAT(plan.out, HasSubstr("--now 2040-01-01T00:00:00Z"));
  const std::size_t at = plan.out.find("retention apply");
  const Result apply = Run(plan.out.substr(at, plan.out.find('\n', at) - at));
  EXPECT_EQ(apply.code, kExitRuntime);
  EXPECT_THAT(apply.err, HasSubstr("future"));
}

TEST_F(ComplianceCommandsTest, NamesADateThatIsNone) {
  const Result plan = Run("retention plan --now tomorrow");
  EXPECT_EQ(plan.code, kExitUsage);
  EXPECT_THAT(plan.err, AllOf(HasSubstr("--now"), HasSubstr("tomorrow")));
}

TEST_F(ComplianceCommandsTest, ApplyWantsItsPlan) {
  EXPECT_THAT(Run("retention apply --now 2031-01-01").err, HasSubstr("--plan"));
}

TEST_F(ComplianceCommandsTest, ShowsEntriesAndNoName) {
  for (int i = 0; i < 5; ++i) ASSERT_OK(Append("laboratory:canary", "some.Method"));
  const Result show = Run("audit show --first 1 --count 3");
  ASSERT_EQ(show.code, kExitOk) << show.err;
  EXPECT_THAT(show.out, AllOf(HasSubstr("1  2031-06-01T12:00:00Z  actor "), HasSubstr("\n3  "),
                              HasSubstr("some.Method  ALLOWED  status 0"), Not(HasSubstr("\n4  ")),
                              Not(HasSubstr("canary"))));
  EXPECT_THAT(Run("audit show --count 100").out, HasSubstr("ComplianceService.ReadAudit"));
  EXPECT_EQ(Run("audit show --first 1000").code, kExitRuntime);
}

TEST_F(ComplianceCommandsTest, PrintsACheckpointThatVerifies) {
  ASSERT_OK(Append("laboratory:l", "m"));
  const Result checkpoint = Run("audit checkpoint");
  ASSERT_EQ(checkpoint.code, kExitOk) << checkpoint.err;
  EXPECT_THAT(checkpoint.out, HasSubstr("belgrand.local/audit\n2\n"));
  const std::string marker = "verifier key: ";
  const std::size_t at = checkpoint.out.find(marker);
  ASSERT_NE(at, std::string::npos);
  std::string key = checkpoint.out.substr(at + marker.size());
  key.pop_back();
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(VerifyAudit(dir_.path() / "data", key, out, err), kExitOk) << out.str() << err.str();
}

TEST_F(ComplianceCommandsTest, SaysSoWhenNobodyAnswers) {
  server_->Stop(std::chrono::seconds(1));
  EXPECT_EQ(Run("audit checkpoint").code, kExitRuntime);
}

}  // namespace
}  // namespace belgrand::cli
