#include "tests/support/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "platform/base/check.h"
#include "platform/base/file.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

constexpr auto kStartTimeout = std::chrono::seconds(60);

pid_t Spawn(const std::vector<std::string>& arguments, const std::filesystem::path& out,
            const std::filesystem::path& err) {
  std::vector<std::string> words = {BinaryPath().string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  BELGRAND_CHECK(pid >= 0);
  if (pid == 0) {
    const int out_fd = ::open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int err_fd = ::open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out_fd, STDOUT_FILENO);
    ::dup2(err_fd, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  return pid;
}

int Wait(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// The number after `name` in the last line of `log` past `start` that announces ports; 0 if none
// does.
int FindPort(const std::string& log, std::size_t start, const std::string& name) {
  const std::size_t line = log.find("\"event\":\"serving\"", start);
  if (line == std::string::npos) return 0;
  const std::size_t at = log.find("\"" + name + "\":", line);
  return at == std::string::npos ? 0 : std::atoi(log.c_str() + at + name.size() + 3);
}

}  // namespace

std::filesystem::path BinaryPath() {
  const char* directory = std::getenv("BELGRAND_BINARY_DIR");
  BELGRAND_CHECK(directory != nullptr);
  return std::filesystem::path(directory) / "services" / "belgrand";
}

base::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  std::error_code absent;
  const auto before = std::filesystem::file_size(log, absent);
  const std::size_t start = absent ? 0 : static_cast<std::size_t>(before);
  std::vector<std::string> words = {"serve"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::unique_ptr<ServerProcess> process(new ServerProcess(Spawn(words, log, log)));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto text = base::ReadFile(log);
    if (text.ok() && FindPort(*text, start, "grpc_port") > 0) {
      process->grpc_port_ = FindPort(*text, start, "grpc_port");
      process->http_port_ = FindPort(*text, start, "http_port");
      return process;
    }
    if (!process->Running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const std::string text = base::ReadFile(log).value_or("no log");
  return base::Unavailable("belgrand serve did not start; its log: {}",
                           text.substr(std::min(start, text.size())));
}

ServerProcess::~ServerProcess() { Kill(); }

bool ServerProcess::Running() const {
  // WNOWAIT leaves the ended child for the Wait of Kill or Terminate.
  siginfo_t info{};
  return pid_ > 0 &&
         ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  Wait(pid_);
  pid_ = -1;
}

int ServerProcess::Terminate() {
  ::kill(pid_, SIGTERM);
  const int code = Wait(pid_);
  pid_ = -1;
  return code;
}

CommandResult RunBelgrand(const std::vector<std::string>& arguments) {
  const TempDir dir;
  CommandResult result;
  result.exit_code = Wait(Spawn(arguments, dir.path() / "out", dir.path() / "err"));
  result.out = base::ReadFile(dir.path() / "out").value_or("");
  result.err = base::ReadFile(dir.path() / "err").value_or("");
  return result;
}

std::string HttpGet(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
      char buffer[4096];
      for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
        answer.append(buffer, static_cast<std::size_t>(got));
      }
    }
  }
  ::close(fd);
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "no answer" : answer.substr(body + 4);
}

}  // namespace belgrand::testing
