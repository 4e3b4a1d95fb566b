#include "services/cli/fsck_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "services/cli/drill.h"

namespace belgrand::cli {
namespace {

int Fsck(const std::filesystem::path& data_dir) {
  const auto report = CheckDataDirectory(data_dir, std::cout);
  if (!report.ok()) {
    std::cerr << base::Message(report.status()) << "\n";
    return report.status().code() == base::StatusCode::kNotFound ? kExitUsage : kExitRuntime;
  }
  std::cout << (report->clean ? "clean\n" : "NOT CLEAN\n");
  return report->clean ? kExitOk : kExitRuntime;
}

}  // namespace

void AddFsck(CLI::App& app, RunSlot& run) {
  auto data_dir = std::make_shared<std::string>("data");
  app.add_option("data_dir", *data_dir, "The configured data_dir")->capture_default_str();
  app.callback([data_dir, &run] { run = [data_dir] { return Fsck(*data_dir); }; });
}

}  // namespace belgrand::cli
