// A real Mosquitto broker with its data in a test's directory, and its own command as publisher.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "platform/base/check.h"
#include "platform/base/tls_files.h"

namespace belgrand::testing {

class Mosquitto {
 public:
  static constexpr const char* kBroker = "/usr/sbin/mosquitto";
  static constexpr const char* kPublisher = "/usr/bin/mosquitto_pub";
  static bool Installed() {
    return std::filesystem::exists(kBroker) && std::filesystem::exists(kPublisher);
  }

  // With `tls` it demands a certificate of the same authority from its clients.
  explicit Mosquitto(const std::filesystem::path& directory,
                     std::optional<base::TlsFiles> tls = std::nullopt)
      : directory_(directory), tls_(std::move(tls)) {
    std::filesystem::create_directories(directory_);
    Start();
  }
  ~Mosquitto() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  Mosquitto(const Mosquitto&) = delete;
  Mosquitto& operator=(const Mosquitto&) = delete;

  int port() const { return port_; }

  // Publishes each line with QoS 1 on one connection; true when the broker acknowledged all.
  bool Publish(const std::string& topic, const std::vector<std::string>& lines) const {
    std::string command = std::string(kPublisher) + " -h 127.0.0.1 -p " + std::to_string(port_) +
                          " -q 1 -l -t '" + topic + "'";
    if (tls_) {
      command += " --cafile " + tls_->authorities + " --cert " + tls_->certificate + " --key " +
                 tls_->private_key;
    }
    std::FILE* const pipe = ::popen(command.c_str(), "w");
    BELGRAND_CHECK(pipe != nullptr);
    for (const std::string& line : lines) {
      std::fwrite(line.data(), 1, line.size(), pipe);
      std::fputc('\n', pipe);
    }
    return ::pclose(pipe) == 0;
  }

 private:
  void Start() {
    // The broker cannot be asked for a free port: try some that were free a moment ago.
    for (int attempt = 0; attempt < 5; ++attempt) {
      port_ = FreePort();
      WriteConfig();
      Spawn();
      for (int i = 0; i < 1'000 && Alive(); ++i) {
        if (Accepts()) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    BELGRAND_CHECK(false);  // mosquitto does not start: see broker.log in the test's directory
  }

  void WriteConfig() const {
    std::ofstream config(directory_ / "mosquitto.conf");
    config << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\npersistence true\n"
           << "persistence_location " << directory_.string()
           << "/\nautosave_interval 1\n"
           // Everything is kept while the bridge is away.
           << "max_queued_messages 0\nmax_inflight_messages 100\nlog_dest stderr\n";
    if (::getuid() == 0) config << "user root\n";  // else it gives up the right to its directory
    if (tls_) {
      config << "cafile " << tls_->authorities << "\ncertfile " << tls_->certificate << "\nkeyfile "
             << tls_->private_key << "\nrequire_certificate true\n";
    }
  }

  void Spawn() {
    const std::string config = (directory_ / "mosquitto.conf").string();
    const std::string log = (directory_ / "broker.log").string();
    process_ = ::fork();
    BELGRAND_CHECK(process_ >= 0);
    if (process_ != 0) return;
    const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
    ::execl(kBroker, kBroker, "-c", config.c_str(), nullptr);
    ::_exit(127);
  }

  bool Alive() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  }

  bool Accepts() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = Loopback(port_);
    const bool connected =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return connected;
  }

  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  static int FreePort() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof address;
    BELGRAND_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    BELGRAND_CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    ::close(fd);
    return ntohs(address.sin_port);
  }

  const std::filesystem::path directory_;
  const std::optional<base::TlsFiles> tls_;
  int port_ = 0;
  pid_t process_ = -1;
};

}  // namespace belgrand::testing
