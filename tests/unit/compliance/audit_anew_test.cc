#include "compliance/audit_anew.h"

#include "compliance/checkpoint.h"
#include "tests/unit/compliance/audit_fixture.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

class AuditAnewTest : public AuditFixture {
 protected:
  void SetUp() override {
    auto log = Open();
    ASSERT_OK(log->Append(Numbered(0, 300)));
  }
  AnewOptions Anew() const {
    return {dir_.path() / "log", dir_.path() / "log.seed", dir_.path() / "closed",
            dir_.path() / "anchor", ""};
  }
};

TEST_F(AuditAnewTest, KeepsTheOldLogWholeAndBeginsTheNextWithTheSameKey) {
  WriteAll(dir_.path() / "anchor", "cosigned note");
  const auto report = BeginAnew(Anew());
  ASSERT_OK(report);
  EXPECT_EQ(report->before.origin, "audit.example.org/test");
  EXPECT_EQ(report->before.size, 300U);
  EXPECT_EQ(report->origin, "audit.example.org/test/anew-2");
  EXPECT_EQ(ReadAll(dir_.path() / "closed/1/cosigned"), "cosigned note");
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "anchor"));
  const AuditReport old = Verify("closed/1");
  EXPECT_TRUE(old.ok()) << FormatAuditReport(old);
  EXPECT_EQ(old.signed_entries, 300U);

  AuditLogOptions options = Options();
  options.origin = OriginInUse(dir_.path() / "log", options.origin);
  EXPECT_EQ(options.origin, "audit.example.org/test/anew-2");
  auto log = Open(options);
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(log->size(), 0U);
  ASSERT_OK(log->Append(Numbered(0, 3)));
  std::string text = ReadAll(dir_.path() / "closed/1" / kVerifierKeyFile);
  text.pop_back();
  const auto old_key = NoteVerifier::Parse(text);
  ASSERT_OK(old_key);
  EXPECT_OK(OpenCheckpoint(log->Checkpoint().value(), old_key->Renamed(options.origin).value()))
      << "whoever knows the old key knows the new one";
}

TEST_F(AuditAnewTest, RunsAgainAndAgain) {
  ASSERT_OK(BeginAnew(Anew()));
  const auto second = BeginAnew(Anew());
  ASSERT_OK(second);
  EXPECT_EQ(second->origin, "audit.example.org/test/anew-3");
  EXPECT_EQ(second->closed, dir_.path() / "closed/2");
  EXPECT_EQ(NextOrigin("x/anew-9"), "x/anew-10");
  EXPECT_EQ(NextOrigin("x/anew-"), "x/anew-/anew-2");
  EXPECT_EQ(OriginInUse(dir_.path() / "log", "audit.example.org/other"), "audit.example.org/other");
}

TEST_F(AuditAnewTest, GoesOnWhereACrashLeftIt) {
  // After the old log was moved away, before the new one was moved in; a start made an empty
  // directory in between.
  ASSERT_OK(BeginAnew(Anew()));
  std::filesystem::rename(dir_.path() / "log", dir_.path() / "log.anew");
  std::filesystem::create_directory(dir_.path() / "log");
  const auto report = BeginAnew(Anew());
  ASSERT_OK(report);
  EXPECT_EQ(report->origin, "audit.example.org/test/anew-2");
  EXPECT_EQ(report->before.size, 300U);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "closed/2"));
  EXPECT_TRUE(Verify("log").ok());
}

TEST_F(AuditAnewTest, RefusesALogInUseAndOneWithoutItsSeed) {
  {
    auto log = Open();
    EXPECT_THAT(BeginAnew(Anew()), StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("")));
  }
  std::filesystem::rename(dir_.path() / "log.seed", dir_.path() / "kept");
  EXPECT_THAT(BeginAnew(Anew()),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("seed")));
  EXPECT_TRUE(Verify("log").ok()) << "and changes nothing";
  AnewOptions nowhere = Anew();
  nowhere.directory = dir_.path() / "nothing";
  EXPECT_THAT(BeginAnew(nowhere), StatusIs(base::StatusCode::kNotFound, HasSubstr("nothing")));
}

}  // namespace
}  // namespace belgrand::compliance
