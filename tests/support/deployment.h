// A running Belgrand made of real processes: everything in one on plain loopback, or every role in
// its own under mutual TLS, the way a cluster runs it.
#pragma once

#include <grpcpp/channel.h>

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/rpc/tls.h"
#include "services/shared/peers.h"
#include "tests/support/server_process.h"
#include "tests/support/test_certificates.h"

namespace belgrand::testing {

enum class Shape { kOneProcess, kProcessPerRole };

class Deployment {
 public:
  // `config` is textproto merged into the configuration of every process.
  Deployment(Shape shape, std::filesystem::path directory, std::string config = "");

  base::Status Start();
  // The process that serves a role.
  ServerProcess& process(shared::RoleName role);
  void KillAll();
  // SIGTERM to all; the exit codes.
  std::vector<int> TerminateAll();

  // Speaks to a role as "laboratory" (lab-a), "official", "dpo" or "operator".
  std::shared_ptr<grpc::Channel> Channel(shared::RoleName role, const std::string& who);
  // Flags of a client command that speaks to a role as somebody.
  std::vector<std::string> ClientFlags(shared::RoleName role, const std::string& who);
  std::filesystem::path data(shared::RoleName role) const;
  std::string Logs() const;

 private:
  base::Status StartProcess(const std::string& name, const std::string& roles);
  std::string ProcessOf(shared::RoleName role) const;
  std::string ConfigFor(const std::string& name) const;
  base::TlsFiles Certificate(const std::string& who);

  const Shape shape_;
  const std::filesystem::path directory_;
  const std::string config_;
  std::unique_ptr<TestAuthority> authority_;
  std::map<std::string, base::TlsFiles> certificates_;
  std::map<std::string, int> ports_;
  std::map<std::string, std::unique_ptr<ServerProcess>> processes_;
};

}  // namespace belgrand::testing
