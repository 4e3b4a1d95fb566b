// The audit log of a service that has run for more than a year, as the real program treats it: the
// half-years that are over are closed at the start, their entries go with a retention plan that a
// person has read, and what is left still proves itself.
#include <gmock/gmock.h>

#include <filesystem>
#include <regex>

#include "compliance/audit_anew.h"
#include "compliance/audit_log.h"
#include "compliance/closed_logs.h"
#include "platform/base/clock.h"
#include "services/compliance/audit_entries.h"
#include "tests/support/server_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class AuditLineTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return (dir_.path() / name).string(); }
  std::unique_ptr<ServerProcess> Serve() {
    auto process = ServerProcess::Start(
        {"--set", "data_dir=" + Path("data"), "--set", "listen=127.0.0.1:0", "--set",
         "http_listen=127.0.0.1:0", "--set", "compliance.keyring_dir=" + Path("keys")},
        dir_.path() / "serve.log");
    EXPECT_OK(process);
    return process.ok() ? *std::move(process) : nullptr;
  }
  // A log as a service of that day would have left it, with so many entries.
  void WriteOldLog(const char* day, int count) {
    base::FakeClock clock(base::ParseInstant(day).value());
    compliance::AuditLogOptions options;
    options.directory = dir_.path() / "data/compliance/audit";
    options.origin = "belgrand.local/audit";
    options.seed_path = dir_.path() / "data/compliance/audit_log.seed";
    fs::create_directories(dir_.path() / "keys");
    fs::permissions(dir_.path() / "keys", fs::perms::owner_all);
    const auto entries = compliance::AuditEntries::Open(dir_.path() / "keys/audit_actor.key");
    ASSERT_OK(entries);
    auto log = compliance::AuditLog::Open(options, clock);
    ASSERT_OK(log);
    for (int i = 0; i < count; ++i) {
      compliance::v1::AuditEvent event;
      event.set_actor("laboratory:l");
      event.set_method("m");
      event.set_decision(compliance::v1::ALLOWED);
      const std::string entry = entries->Encode(event, clock.Now()).value();
      ASSERT_OK((*log)->Append({&entry, 1}));
    }
    ASSERT_OK((*log)->Close());
  }

  TempDir dir_;
};

TEST_F(AuditLineTest, EntriesGoWithTheirHalfYearAndTheProofStays) {
  WriteOldLog("2024-11-05", 300);
  auto server = Serve();
  ASSERT_NE(server, nullptr);
  const std::string address = server->grpc_address();
  const std::string period = compliance::HalfYearOf(base::Clock::System().Now());
  EXPECT_THAT(HttpGet(server->http_port(), "/audit/checkpoint"),
              HasSubstr("belgrand.local/audit/" + period + "\n"));
  EXPECT_THAT(HttpGet(server->http_port(), "/audit/closed/1/checkpoint"),
              HasSubstr("belgrand.local/audit\n300\n"));
  CommandResult result = RunBelgrand({"audit", "show", "--count", "1", "--server", address});
  EXPECT_THAT(result.out, HasSubstr("audit_log:belgrand.local/audit 300 ")) << result.err;
  result =
      RunBelgrand({"audit", "show", "--closed-log", "1", "--first", "298", "--server", address});
  EXPECT_THAT(result.out, AllOf(HasSubstr("298  2024-11-05T00:00:00Z"), HasSubstr("299  ")));
  result = RunBelgrand({"audit", "show", "--closed-log", "7", "--server", address});
  EXPECT_THAT(result.err, HasSubstr("closed_log is 7: there are 1 to 1"));

  // Nothing goes that nobody has looked at.
  result = RunBelgrand({"retention", "plan", "--server", address});
  EXPECT_THAT(result.out, AllOf(HasSubstr("AuditEntry"), HasSubstr("300"))) << result.err;
  std::smatch hash;
  ASSERT_TRUE(std::regex_search(result.out, hash, std::regex("[0-9a-f]{64}"))) << result.out;
  std::smatch now;
  ASSERT_TRUE(std::regex_search(result.out, now, std::regex("--now ([^ \n]+)"))) << result.out;
  EXPECT_TRUE(fs::exists(dir_.path() / "data/compliance/audit_closed/1/tile/entries"));
  result = RunBelgrand(
      {"retention", "apply", "--plan", hash.str(), "--now", now[1].str(), "--server", address});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_FALSE(fs::exists(dir_.path() / "data/compliance/audit_closed/1/tile/entries"));
  EXPECT_THAT(HttpGet(server->http_port(), "/audit/closed/1/pruned"),
              AllOf(HasSubstr("minimum index 300\n"), HasSubstr("retention P6M\n")));
  EXPECT_EQ(HttpGet(server->http_port(), "/audit/closed/1/tile/0/000").size(), 256U * 32U);
  result = RunBelgrand({"audit", "show", "--closed-log", "1", "--server", address});
  EXPECT_THAT(result.err, HasSubstr("lost its entries on"));
  EXPECT_EQ(server->Terminate(), 0);

  // Without its keyring directory it does not start, and makes no other.
  fs::rename(dir_.path() / "keys", dir_.path() / "unmounted");
  const auto refused = ServerProcess::Start(
      {"--set", "data_dir=" + Path("data"), "--set", "listen=127.0.0.1:0", "--set",
       "http_listen=127.0.0.1:0", "--set", "compliance.keyring_dir=" + Path("keys")},
      dir_.path() / "refused.log");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(base::Message(refused.status()), HasSubstr("mount or restore the keyring"));
  EXPECT_FALSE(fs::exists(dir_.path() / "keys/index.key"));
  fs::remove_all(dir_.path() / "keys");
  fs::rename(dir_.path() / "unmounted", dir_.path() / "keys");

  // Offline, with the key of the very first log.
  result = RunBelgrand(
      {"audit", "verify", Path("data"), "--key", Path("data/compliance/audit_closed/1/log.vkey")});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("closed log 1"), HasSubstr("deleted by the log itself"),
                                HasSubstr("follows  closed log 1"), Not(HasSubstr("PROBLEM"))));

  // The next start goes on in the same log; that another was put into the line is noticed.
  server = Serve();
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->Terminate(), 0);
  EXPECT_FALSE(fs::exists(dir_.path() / "data/compliance/audit_closed/2"));
  fs::rename(dir_.path() / "data/compliance/audit", dir_.path() / "kept");
  fs::remove(dir_.path() / "data/compliance/audit_log.seed");
  WriteOldLog("2024-12-05", 7);
  fs::rename(dir_.path() / "data/compliance/audit", dir_.path() / "data/compliance/audit_closed/2");
  fs::rename(dir_.path() / "kept", dir_.path() / "data/compliance/audit");
  result = RunBelgrand({"audit", "verify", Path("data")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("PROBLEM: the first entry does not name closed log 2"));
}

}  // namespace
}  // namespace belgrand::testing
