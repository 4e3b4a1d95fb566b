// Certificates with the real binary: replaced while it serves, and demanded over HTTP as over gRPC.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "platform/base/file.h"
#include "tests/support/server_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::testing {
namespace {

using ::testing::HasSubstr;

class CertificatesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = authority_.Issue("service", "URI:spiffe://test/service/all");
    const auto config = dir_.path() / "config.textproto";
    ASSERT_OK(base::WriteFileAtomically(
        config,
        fmt::format("data_dir: \"{}\" listen: \"127.0.0.1:0\" http_listen: \"127.0.0.1:0\"\n"
                    "tls {{ certificate_file: \"{}\" private_key_file: \"{}\" ca_file: \"{}\" }}\n",
                    (dir_.path() / "data").string(), server_.certificate, server_.private_key,
                    server_.authorities)));
    auto process = ServerProcess::Start({"--config", config.string()}, log_);
    ASSERT_OK(process);
    process_ = *std::move(process);
  }

  CommandResult ListSites(const base::TlsFiles& who) const {
    return RunBelgrand({"sites", "list", "--server", process_->grpc_address(), "--tls-cert",
                        who.certificate, "--tls-key", who.private_key, "--tls-ca",
                        who.authorities});
  }
  // Until the command ends as wanted; a minute at most.
  CommandResult ListSitesUntil(const base::TlsFiles& who, int exit_code) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    CommandResult result;
    do {
      result = ListSites(who);
    } while (result.exit_code != exit_code && std::chrono::steady_clock::now() < deadline);
    return result;
  }
  // The code that /healthz answers to this client.
  std::string Health(const base::TlsFiles& who) const {
    const std::string out = dir_.path() / "code";
    const std::string command = fmt::format(
        "curl -s --max-time 30 -o /dev/null -w '%{{http_code}}' --cacert '{}' --cert '{}' --key "
        "'{}' https://localhost:{}/healthz > '{}'",
        who.authorities, who.certificate, who.private_key, process_->http_port(), out);
    if (std::system(command.c_str()) != 0) return "no answer";
    return base::ReadFile(out).value_or("no file");
  }

  const TempDir dir_;
  const std::filesystem::path log_ = dir_.path() / "log";
  TestAuthority authority_{dir_.path() / "tls"};
  base::TlsFiles server_;
  std::unique_ptr<ServerProcess> process_;
};

TEST_F(CertificatesTest, AreReplacedWhileTheServiceRuns) {
  TestAuthority next(dir_.path() / "next");
  const auto next_server = next.Issue("service", "URI:spiffe://test/service/all");
  const auto next_operator = next.Issue("operator", "URI:spiffe://test/operator/one");
  auto old_operator = authority_.Issue("operator", "URI:spiffe://test/operator/one");
  const std::string old_authorities = dir_.path() / "old.pem";
  const auto replace = [](const std::string& path, const std::string& by) {
    ASSERT_OK(base::WriteFileAtomically(path, base::ReadFile(by).value()));
  };
  replace(old_authorities, old_operator.authorities);
  old_operator.authorities = old_authorities;
  EXPECT_EQ(ListSites(old_operator).exit_code, 0);
  EXPECT_NE(ListSites(next_operator).exit_code, 0);
  replace(server_.private_key, next_server.private_key);
  replace(server_.certificate, next_server.certificate);
  replace(server_.authorities, next_server.authorities);
  const CommandResult result = ListSitesUntil(next_operator, 0);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(ListSitesUntil(old_operator, 1).exit_code, 0)
      << "its authority is not trusted any more";
  EXPECT_TRUE(process_->Running());
  EXPECT_THAT(base::ReadFile(log_).value(), HasSubstr("tls_files_reloaded"));
}

TEST_F(CertificatesTest, AreDemandedOverHttpToo) {
  EXPECT_EQ(Health(authority_.Issue("operator", "URI:spiffe://test/operator/one")), "200");
  EXPECT_EQ(Health(authority_.Issue("nameless", "")), "403");
  EXPECT_EQ(
      Health(authority_.Issue("two", "URI:spiffe://test/dpo/a,URI:spiffe://test/operator/one")),
      "403");
  TestAuthority other(dir_.path() / "other");
  auto stranger = other.Issue("operator", "URI:spiffe://test/operator/one");
  stranger.authorities = server_.authorities;
  EXPECT_NE(Health(stranger), "200");
}

}  // namespace
}  // namespace belgrand::testing
