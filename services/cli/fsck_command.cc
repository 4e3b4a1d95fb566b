#include "services/cli/fsck_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "services/cli/check_keys.h"
#include "services/cli/drill.h"

namespace belgrand::cli {
namespace {

struct Flags {
  std::string data_dir = "data";
  std::string keyring_dir;
};

int Fsck(const Flags& flags) {
  const std::filesystem::path data_dir = flags.data_dir;
  const auto report = CheckDataDirectory(data_dir, std::cout);
  if (!report.ok()) {
    std::cerr << base::Message(report.status()) << "\n";
    return report.status().code() == base::StatusCode::kNotFound ? kExitUsage : kExitRuntime;
  }
  const std::filesystem::path keyring_dir =
      flags.keyring_dir.empty() ? data_dir / "keyring" : std::filesystem::path(flags.keyring_dir);
  const bool keys = CheckKeyFiles(data_dir, keyring_dir, std::cout);
  const bool clean = report->clean && keys;
  std::cout << (clean ? "clean\n" : "NOT CLEAN\n");
  return clean ? kExitOk : kExitRuntime;
}

}  // namespace

void AddFsck(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.add_option("data_dir", flags->data_dir, "The configured data_dir")->capture_default_str();
  app.add_option("--keyring", flags->keyring_dir,
                 "The configured compliance.keyring_dir; without it, DATA_DIR/keyring");
  app.callback([flags, &run] { run = [flags] { return Fsck(*flags); }; });
}

}  // namespace belgrand::cli
