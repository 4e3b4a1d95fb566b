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
  const auto clean = CheckDataDirectory(data_dir, std::cout);
  if (!clean.ok()) {
    std::cerr << base::Message(clean.status()) << "\n";
    return clean.status().code() == base::StatusCode::kNotFound ? kExitUsage : kExitRuntime;
  }
  std::cout << (*clean ? "clean\n" : "NOT CLEAN\n");
  return *clean ? kExitOk : kExitRuntime;
}

}  // namespace

void AddFsck(CLI::App& app, RunSlot& run) {
  auto data_dir = std::make_shared<std::string>("data");
  app.add_option("data_dir", *data_dir, "The configured data_dir")->capture_default_str();
  app.callback([data_dir, &run] { run = [data_dir] { return Fsck(*data_dir); }; });
}

}  // namespace belgrand::cli
