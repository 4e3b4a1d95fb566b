#include "services/cli/compliance_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "services/cli/compliance_drill.h"
#include "services/cli/compliance_drill_living.h"

namespace belgrand::cli {
namespace {

// What the parts under trial log (a witness that is contradicted says so) would stand in the middle
// of the table: it is put aside, and shown where a promise did not hold.
class LogAside {
 public:
  LogAside() : file_(std::tmpfile()), before_(::dup(STDERR_FILENO)) {
    if (file_ != nullptr && before_ >= 0) ::dup2(::fileno(file_), STDERR_FILENO);
  }
  ~LogAside() {
    if (before_ >= 0) ::dup2(before_, STDERR_FILENO);
    if (before_ >= 0) ::close(before_);
    if (file_ != nullptr) std::fclose(file_);
  }
  LogAside(const LogAside&) = delete;
  LogAside& operator=(const LogAside&) = delete;

  std::string Text() const {
    std::string text;
    if (file_ == nullptr) return text;
    std::rewind(file_);
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) {
      text.push_back(static_cast<char>(c));
    }
    return text;
  }

 private:
  std::FILE* const file_;
  const int before_;
};

int Drill() {
  std::vector<DrillStep> steps = ComplianceDrillSteps();
  for (DrillStep& step : LivingDrillSteps()) steps.push_back(std::move(step));
  bool held = false;
  std::string logged;
  {
    const LogAside aside;
    held = RunComplianceDrill(steps, std::cout);
    logged = aside.Text();
  }
  if (!held) std::cerr << logged;
  return held ? kExitOk : kExitRuntime;
}

}  // namespace

void AddCompliance(CLI::App& app, RunSlot& run) {
  app.require_subcommand(1);
  app.add_subcommand("drill",
                     "Try the promises on made-up data in a temporary directory, and print a table")
      ->callback([&run] { run = Drill; });
}

}  // namespace belgrand::cli
