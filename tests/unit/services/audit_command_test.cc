// `belgrand audit verify` on a real log, whole and damaged.
#include "services/cli/audit_command.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <sstream>

#include "compliance/audit_log.h"
#include "platform/base/clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class AuditCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    compliance::AuditLogOptions options;
    options.directory = log_;
    options.origin = "test.example/log";
    options.seed_path = dir_.path() / "seed";
    std::filesystem::create_directories(log_);
    auto log = compliance::AuditLog::Open(options, clock_);
    ASSERT_OK(log);
    std::vector<std::string> entries;
    for (int i = 0; i < 300; ++i) entries.push_back("entry number " + std::to_string(i));
    ASSERT_OK((*log)->Append(entries));
    key_ = (*log)->verifier_key();
    ASSERT_OK((*log)->Close());
  }

  int Verify(const std::filesystem::path& directory, const std::string& key = "") {
    out_.str("");
    err_.str("");
    return VerifyAudit(directory, key, out_, err_);
  }

  // Changes one byte of the stored entry.
  void Tamper(const std::string& entry) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(log_)) {
      if (!file.is_regular_file()) continue;
      std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      const std::string content((std::istreambuf_iterator<char>(stream)), {});
      const std::size_t at = content.find(entry);
      if (at == std::string::npos) continue;
      stream.clear();
      stream.seekp(static_cast<std::streamoff>(at));
      stream.put('E');
      return;
    }
    FAIL() << "no file holds " << entry;
  }

  testing::TempDir dir_;
  const std::filesystem::path log_ = dir_.path() / "data/compliance/audit";
  base::FakeClock clock_{base::ParseInstant("2031-06-01").value()};
  std::string key_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(AuditCommandTest, PrintsCountsAndRootOfAWholeLog) {
  EXPECT_EQ(Verify(log_, key_), kExitOk);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("test.example/log"), HasSubstr("300"), HasSubstr("root"),
                                HasSubstr("OK")));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(AuditCommandTest, FindsTheLogInADataDirectory) {
  EXPECT_EQ(Verify(dir_.path() / "data"), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("key found beside the log"));
}

TEST_F(AuditCommandTest, TakesTheKeyFromAFile) {
  std::ofstream(dir_.path() / "trusted.vkey") << key_ << "\n";
  EXPECT_EQ(Verify(log_, (dir_.path() / "trusted.vkey").string()), kExitOk);
}

TEST_F(AuditCommandTest, NamesTheEntryOfWhichOneByteWasChanged) {
  Tamper("entry number 217");
  EXPECT_EQ(Verify(log_, key_), kExitRuntime);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("217"), HasSubstr("PROBLEM"), HasSubstr("FAILED")));
}

TEST_F(AuditCommandTest, RefusesALogSignedBySomebodyElse) {
  compliance::AuditLogOptions options;
  options.directory = dir_.path() / "other";
  options.origin = "test.example/log";
  options.seed_path = dir_.path() / "other.seed";
  std::filesystem::create_directories(options.directory);
  auto other = compliance::AuditLog::Open(options, clock_);
  ASSERT_OK(other);
  EXPECT_EQ(Verify(log_, (*other)->verifier_key()), kExitRuntime);
}

TEST_F(AuditCommandTest, SaysSoWhereThereIsNoLog) {
  EXPECT_NE(Verify(dir_.path() / "nothing"), kExitOk);
  EXPECT_THAT(err_.str(), HasSubstr("cannot verify"));
  EXPECT_NE(Verify(log_, "no key"), kExitOk);
}

TEST_F(AuditCommandTest, IsASubcommandWithADirectoryAndAKey) {
  CLI::App app;
  RunSlot run;
  AddAudit(*app.add_subcommand("audit"), run);
  app.parse("audit verify " + log_.string() + " --key " + key_);
  ASSERT_TRUE(run);
  EXPECT_EQ(run(), kExitOk);
}

}  // namespace
}  // namespace belgrand::cli
