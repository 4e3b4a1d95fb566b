#include "services/cli/pdf.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kTool[] = "weasyprint";
constexpr auto kPatience = std::chrono::minutes(2);

fs::path FindTool() {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin" : path;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const fs::path candidate = fs::path(rest.substr(0, colon)) / kTool;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return {};
}

// The environment of this process, and the date that the PDF bears.
std::vector<std::string> Environment(base::Instant made) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("SOURCE_DATE_EPOCH="))
      environment.emplace_back(*entry);
  }
  environment.push_back(
      fmt::format("SOURCE_DATE_EPOCH={}",
                  std::chrono::floor<std::chrono::seconds>(made).time_since_epoch().count()));
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

base::StatusOr<int> Await(pid_t child) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return base::MakeStatus(
          base::StatusCode::kDeadlineExceeded,
          fmt::format("{} took more than {} s", kTool, std::chrono::seconds(kPatience).count()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return status;
}

}  // namespace

base::Status CheckPdfTool() {
  if (!FindTool().empty()) return base::OkStatus();
  return base::NotFound(
      "no PDF can be made: {} is not installed; install it (apt-get install weasyprint), or "
      "make the pages alone with --no-pdf",
      kTool);
}

base::Status WritePdf(const fs::path& html, const fs::path& pdf, base::Instant made) {
  RETURN_IF_ERROR(CheckPdfTool());
  std::vector<std::string> arguments = {FindTool().string(), "--quiet",   "--encoding", "utf-8",
                                        html.string(),       pdf.string()};
  std::vector<std::string> environment = Environment(made);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, arguments[0].c_str(), &actions, nullptr,
                                   Pointers(arguments).data(), Pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return base::Unavailable("{} could not be started", kTool);
  ASSIGN_OR_RETURN(const int status, Await(child));
  std::error_code error;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || fs::file_size(pdf, error) == 0 || error) {
    return base::Unavailable("{} could not print {}: see above", kTool, html.string());
  }
  return base::OkStatus();
}

}  // namespace belgrand::cli
