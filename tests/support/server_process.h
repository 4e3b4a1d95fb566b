// The real binary as a child process: started with any arguments, its ports read from its log,
// killed as hard as a test likes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::testing {

// Path of the built binary (BELGRAND_BINARY_DIR, as ctest sets it).
std::filesystem::path BinaryPath();

class ServerProcess {
 public:
  // Runs `belgrand serve <arguments>` with standard error in `log` (appended) and waits until it
  // says that it serves. The error holds the end of the log.
  static base::StatusOr<std::unique_ptr<ServerProcess>> Start(
      const std::vector<std::string>& arguments, const std::filesystem::path& log);
  ~ServerProcess();  // SIGKILL if still running

  int grpc_port() const { return grpc_port_; }
  int http_port() const { return http_port_; }
  std::string grpc_address() const { return "localhost:" + std::to_string(grpc_port_); }
  bool Running() const;
  void Kill();      // SIGKILL, and waits for the end
  int Terminate();  // SIGTERM, waits, returns the exit code (or -signal)

 private:
  ServerProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  int grpc_port_ = 0;
  int http_port_ = 0;
};

struct CommandResult {
  int exit_code = 0;
  std::string out;
  std::string err;
};
// Runs `belgrand <arguments>` to its end.
CommandResult RunBelgrand(const std::vector<std::string>& arguments);

// GET http://127.0.0.1:<port><path>; the body, or the reason why not.
std::string HttpGet(int port, const std::string& path);

}  // namespace belgrand::testing
