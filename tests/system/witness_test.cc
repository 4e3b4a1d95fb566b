// The audit log and a witness as two real programs: kill -9 on either side, an older copy put back,
// a proof carried away and checked, and the way on.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "platform/base/file.h"
#include "tests/support/server_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class WitnessSystemTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(dir_.path() / name, std::ios::trunc) << text;
  }
  std::string Path(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string Line(const std::string& name) const {
    std::string text = base::ReadFile(dir_.path() / name).value_or("");
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  std::unique_ptr<ServerProcess> Serve(const std::string& role, const std::string& config) {
    auto process = ServerProcess::Start({"--role", role, "--config", Path(config)},
                                        dir_.path() / (config + ".log"));
    EXPECT_OK(process);
    return process.ok() ? *std::move(process) : nullptr;
  }
  // How a start that should fail ends.
  std::string FailedStart() {
    const auto process =
        ServerProcess::Start({"--config", Path("log.conf")}, dir_.path() / "refused.log");
    return process.ok() ? "it started" : base::Message(process.status());
  }
  void ConfigureLog(const std::string& witnesses) {
    Write("log.conf",
          fmt::format("data_dir: '{}'\nlisten: '127.0.0.1:0'\nhttp_listen: '127.0.0.1:0'\n"
                      "compliance {{ keyring_dir: '{}' {} }}\n",
                      Path("data"), Path("keys"), witnesses));
  }
  void ConfigureWitness(int port, const std::string& log_key) {
    Write("witness.conf",
          fmt::format("data_dir: '{}'\nlisten: '127.0.0.1:0'\nhttp_listen: '127.0.0.1:{}'\n"
                      "witness {{ name: 'witness.example/w1' log_verifier_keys: '{}' }}\n",
                      Path("w1"), port, log_key));
  }
  void Copy(const std::string& from, const std::string& to) {
    fs::remove_all(dir_.path() / to);
    fs::copy(dir_.path() / from, dir_.path() / to, fs::copy_options::recursive);
  }

  TempDir dir_;
};

TEST_F(WitnessSystemTest, AnOlderLogIsRefusedAndTheWayOnIsANewOne) {
  // 1. The log, which makes its key; the witness, which is told of it; the log with its witness.
  ConfigureLog("");
  Serve("all", "log.conf")->Terminate();
  const std::string log_key = Line("data/compliance/audit/log.vkey");
  ConfigureWitness(0, log_key);
  auto witness = Serve("witness", "witness.conf");
  ASSERT_NE(witness, nullptr);
  ConfigureWitness(witness->http_port(), log_key);  // to come back where it was
  const std::string witness_key = Line("w1/witness/witness.vkey");
  ConfigureLog(fmt::format("witnesses {{ url: 'http://127.0.0.1:{}/witness' verifier_key: '{}' }}",
                           witness->http_port(), witness_key));
  auto log = Serve("all", "log.conf");
  ASSERT_NE(log, nullptr);
  const std::string first = HttpGet(log->http_port(), "/audit/checkpoint");
  EXPECT_THAT(first,
              AllOf(HasSubstr("belgrand.local/audit\n"), HasSubstr("— witness.example/w1 ")));
  EXPECT_EQ(HttpGet(log->http_port(), "/audit/tile/0/000.p/1").size(), 32U);
  EXPECT_THAT(HttpGet(log->http_port(), "/audit/tile/entries/000.p/1"), HasSubstr("not public"));
  Write("first.checkpoint", first);

  // 2. Both are killed as hard as can be; neither forgets.
  witness->Kill();
  log->Kill();
  Copy("data", "older");
  witness = Serve("witness", "witness.conf");
  log = Serve("all", "log.conf");
  ASSERT_NE(witness, nullptr);
  ASSERT_NE(log, nullptr);
  const std::string address = log->grpc_address();
  const std::string in_old = Path("proof");
  CommandResult result =
      RunBelgrand({"audit", "prove", "--index", "0", "--out", in_old, "--server", address});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  result = RunBelgrand({"audit", "grown-since", "--since", Path("first.checkpoint"), "--out",
                        Path("grown"), "--server", address});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(log->Terminate(), 0);

  // 3. The evidence holds with nobody to ask.
  witness->Kill();
  result = RunBelgrand({"audit", "verify-proof", in_old + ".tlog-proof", "--key", log_key,
                        "--witness", Path("w1/witness/witness.vkey"), "--quorum", "1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("by witness.example/w1"));
  result = RunBelgrand({"audit", "verify-proof", Path("grown"), "--since", Path("first.checkpoint"),
                        "--key", log_key});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("only grew"));

  // 4. The older copy is refused: by the file beside the keyring, and by the witness.
  Copy("data", "newer");
  Copy("older", "data");
  EXPECT_THAT(FailedStart(), HasSubstr("an older copy was put in its place"));
  fs::rename(dir_.path() / "keys/audit_cosigned", dir_.path() / "audit_cosigned");
  witness = Serve("witness", "witness.conf");
  ASSERT_NE(witness, nullptr);
  EXPECT_THAT(FailedStart(), HasSubstr("the witness witness.example/w1 vouches for"));
  fs::rename(dir_.path() / "audit_cosigned", dir_.path() / "keys/audit_cosigned");

  // 5. The way on: another log, which the same witness takes under the key it knows.
  result =
      RunBelgrand({"audit", "begin-anew", "--config", Path("log.conf"), "--incident", "2026-7"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("belgrand.local/audit/anew-2"));
  log = Serve("all", "log.conf");
  ASSERT_NE(log, nullptr);
  EXPECT_THAT(
      HttpGet(log->http_port(), "/audit/checkpoint"),
      AllOf(HasSubstr("belgrand.local/audit/anew-2\n"), HasSubstr("— witness.example/w1 ")));
  result = RunBelgrand({"audit", "show", "--count", "1", "--server", log->grpc_address()});
  EXPECT_THAT(result.out, AllOf(HasSubstr("audit begin-anew"), HasSubstr("2026-7"),
                                HasSubstr("audit_log:belgrand.local/audit ")));
  EXPECT_EQ(log->Terminate(), 0);
  EXPECT_EQ(RunBelgrand({"audit", "verify", Path("data/compliance/audit_closed/1")}).exit_code, 0);
  EXPECT_EQ(RunBelgrand({"audit", "verify", Path("data")}).exit_code, 0);
}

TEST_F(WitnessSystemTest, TheWitnessRoleNeedsItsSection) {
  Write("log.conf", fmt::format("data_dir: '{}'\nlisten: '127.0.0.1:0'\n", Path("data")));
  const auto process = ServerProcess::Start({"--role", "witness", "--config", Path("log.conf")},
                                            dir_.path() / "none.log");
  EXPECT_THAT(process, StatusIs(process.status().code(), HasSubstr("no witness section")));
}

}  // namespace
}  // namespace belgrand::testing
