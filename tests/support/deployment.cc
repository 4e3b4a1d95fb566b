#include "tests/support/deployment.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "platform/base/check.h"
#include "platform/base/file.h"
#include "platform/rpc/call_headers.h"
#include "platform/rpc/channel.h"

namespace belgrand::testing {
namespace {

using shared::RoleName;

// Processes that must know each other's address before they start cannot all ask for port 0. Below
// the range from which the kernel gives such ports, and those of outgoing connections, nobody takes
// a free one in between but by the same draw.
int FreePort() {
  static std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<std::uint16_t> draw(15'000, 32'000);
  for (int attempt = 0; attempt < 1'000; ++attempt) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::uint16_t port = draw(random);
    address.sin_port = htons(port);
    const bool free = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    if (free) return port;
  }
  std::abort();  // a thousand ports in a row are taken
}

constexpr char kEverything[] = "all";

}  // namespace

Deployment::Deployment(Shape shape, std::filesystem::path directory, std::string config)
    : shape_(shape), directory_(std::move(directory)), config_(std::move(config)) {
  std::filesystem::create_directories(directory_);
  if (shape_ == Shape::kOneProcess) {
    ports_[kEverything] = FreePort();
    return;
  }
  authority_ = std::make_unique<TestAuthority>(directory_ / "tls");
  for (const RoleName role : shared::kAllRoles) ports_[std::string(Name(role))] = FreePort();
}

std::string Deployment::ProcessOf(RoleName role) const {
  return shape_ == Shape::kOneProcess ? kEverything : std::string(Name(role));
}

base::TlsFiles Deployment::Certificate(const std::string& who) {
  auto [found, fresh] = certificates_.try_emplace(who);
  if (fresh) {
    const bool service = ports_.contains(who);
    found->second = authority_->Issue(
        who, "URI:spiffe://test/" + (service ? "service/" + who : who + "/lab-a"));
  }
  return found->second;
}

std::string Deployment::ConfigFor(const std::string& name) const {
  std::string text = config_;
  text += fmt::format("data_dir: \"{}\"\nlisten: \"127.0.0.1:{}\"\nhttp_listen: \"127.0.0.1:0\"\n",
                      (directory_ / name).string(), ports_.at(name));
  if (shape_ == Shape::kOneProcess) return text;
  const base::TlsFiles& tls = certificates_.at(name);
  text += fmt::format(
      "tls {{ certificate_file: \"{}\" private_key_file: \"{}\" ca_file: \"{}\" }}\npeers {{\n",
      tls.certificate, tls.private_key, tls.authorities);
  for (const auto& [peer, port] : ports_)
    text += fmt::format("  {}: \"localhost:{}\"\n", peer, port);
  return text + "}\n";
}

base::Status Deployment::StartProcess(const std::string& name, const std::string& roles) {
  if (authority_) Certificate(name);
  const auto config = directory_ / (name + ".textproto");
  RETURN_IF_ERROR(base::WriteFileAtomically(config, ConfigFor(name)));
  ASSIGN_OR_RETURN(processes_[name],
                   ServerProcess::Start({"--config", config.string(), "--role", roles},
                                        directory_ / (name + ".log")));
  return base::OkStatus();
}

base::Status Deployment::Start() {
  if (shape_ == Shape::kOneProcess) return StartProcess(kEverything, kEverything);
  for (const RoleName role : shared::kAllRoles) {
    const std::string name(Name(role));
    RETURN_IF_ERROR(StartProcess(name, name));
  }
  return base::OkStatus();
}

ServerProcess& Deployment::process(RoleName role) { return *processes_.at(ProcessOf(role)); }

void Deployment::KillAll() {
  for (auto& [name, process] : processes_) process->Kill();
}

std::vector<int> Deployment::TerminateAll() {
  std::vector<int> codes;
  for (auto& [name, process] : processes_) codes.push_back(process->Terminate());
  return codes;
}

std::shared_ptr<grpc::Channel> Deployment::Channel(RoleName role, const std::string& who) {
  const std::string target = "localhost:" + std::to_string(ports_.at(ProcessOf(role)));
  // Where nothing says who calls, what for says it.
  rpc::Headers headers;
  if (!authority_ && who == "dpo") headers.emplace_back("belgrand-purpose", "data-protection");
  std::optional<base::TlsFiles> tls;
  if (authority_) tls = Certificate(who);
  auto channel = rpc::OpenChannelWithHeaders(target, tls, std::move(headers));
  BELGRAND_CHECK(channel.ok());
  return *channel;
}

std::vector<std::string> Deployment::ClientFlags(RoleName role, const std::string& who) {
  std::vector<std::string> flags = {"--server",
                                    "localhost:" + std::to_string(ports_.at(ProcessOf(role)))};
  if (!authority_) return flags;
  const base::TlsFiles tls = Certificate(who);
  flags.insert(flags.end(), {"--tls-cert", tls.certificate, "--tls-key", tls.private_key,
                             "--tls-ca", tls.authorities});
  return flags;
}

std::filesystem::path Deployment::data(RoleName role) const {
  return directory_ / ProcessOf(role) / std::string(Name(role));
}

std::string Deployment::Logs() const {
  std::string text;
  for (const auto& [name, port] : ports_) {
    text += base::ReadFile(directory_ / (name + ".log")).value_or("");
  }
  return text;
}

}  // namespace belgrand::testing
