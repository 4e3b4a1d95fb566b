#include "services/cli/drill_service.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>

#include "platform/base/file.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kSelf[] = "/proc/self/exe";
constexpr auto kStartTimeout = std::chrono::seconds(60);
constexpr auto kLook = std::chrono::milliseconds(10);

// -1: it cannot be started.
pid_t Spawn(std::vector<std::string> words, const fs::path& out) {
  words.insert(words.begin(), "belgrand");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, kSelf, &files, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  return error == 0 ? child : -1;
}

int Wait(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// The port that the line of the log says which announces the service; 0: none does yet.
int AnnouncedPort(std::string_view log) {
  const std::size_t line = log.find("\"event\":\"serving\"");
  if (line == std::string_view::npos) return 0;
  constexpr std::string_view kName = "\"grpc_port\":";
  const std::size_t at = log.find(kName, line);
  int port = 0;
  if (at == std::string_view::npos) return 0;
  std::from_chars(log.data() + at + kName.size(), log.data() + log.size(), port);
  return port;
}

}  // namespace

DrillService::~DrillService() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    Wait(child_);
  }
}

base::Status DrillService::Start(const std::string& name) {
  data_ = name;
  child_ =
      Spawn({"serve", "--set", "data_dir=" + data().string(), "--set", "listen=127.0.0.1:0",
             "--set", "http_listen=127.0.0.1:0", "--set", "backup.directory=" + backups().string()},
            log());
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (child_ > 0 && std::chrono::steady_clock::now() < deadline) {
    const int port = AnnouncedPort(base::ReadFile(log()).value_or(""));
    if (port > 0) {
      address_ = fmt::format("127.0.0.1:{}", port);
      return base::OkStatus();
    }
    int status = 0;
    if (::waitpid(child_, &status, WNOHANG) == child_) {
      child_ = -1;
      break;
    }
    std::this_thread::sleep_for(kLook);
  }
  std::string text = base::ReadFile(log()).value_or("no log");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return base::Unavailable("the drill's own service did not start: {}",
                           text.substr(text.rfind('\n') + 1));
}

base::Status DrillService::Stop() {
  ::kill(child_, SIGTERM);
  const int code = Wait(child_);
  child_ = -1;
  if (code == 0) return base::OkStatus();
  return base::FailedPrecondition("the drill's own service ended with {}", code);
}

DrillAnswer DrillService::Run(std::vector<std::string> words, Asks asks) const {
  if (asks == Asks::kServer) words.insert(words.end(), {"--server", address_});
  const fs::path out = home_ / "printed";
  std::error_code ignored;
  fs::remove(out, ignored);
  const pid_t child = Spawn(std::move(words), out);
  if (child < 0) return {.exit_code = -1, .text = "this program cannot be started again"};
  DrillAnswer answer;
  answer.exit_code = Wait(child);
  answer.text = base::ReadFile(out).value_or("");
  return answer;
}

base::Status DrillService::Must(std::vector<std::string> words, Asks asks) const {
  const std::string what = fmt::format("belgrand {} {}", words.at(0), words.at(1));
  const DrillAnswer answer = Run(std::move(words), asks);
  if (answer.exit_code == 0) return base::OkStatus();
  return base::FailedPrecondition("{} ended with {}: {}", what, answer.exit_code, answer.text);
}

}  // namespace belgrand::cli
