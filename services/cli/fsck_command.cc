#include "services/cli/fsck_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "compliance/audit_verify.h"
#include "services/sensors/fsck.h"
#include "services/timeseries/fsck.h"

namespace belgrand::cli {
namespace {

// Each part that is there is checked; a data directory of one role holds only its own.
int Fsck(const std::filesystem::path& data_dir) {
  bool clean = true;
  bool found = false;
  if (std::filesystem::exists(data_dir / "timeseries")) {
    found = true;
    const auto report = timeseries::Fsck(
        data_dir / "timeseries", [](std::string_view what, std::uint64_t done, std::uint64_t of) {
          std::cerr << fmt::format("timeseries: {} {} of {}\n", what, done, of);
        });
    if (!report.ok()) {
      std::cerr << "timeseries: " << base::Message(report.status()) << "\n";
      return kExitRuntime;
    }
    std::cout << fmt::format("timeseries: {} rows, {} versions, {} feed entries, {} sites\n",
                             report->rows, report->versions, report->feed_entries, report->sites);
    for (const std::string& problem : report->problems) std::cout << "  " << problem << "\n";
    clean = clean && report->clean();
  }
  if (std::filesystem::exists(data_dir / "sensors")) {
    found = true;
    const auto report = sensors::Fsck(data_dir / "sensors");
    if (!report.ok()) {
      std::cerr << "sensors: " << base::Message(report.status()) << "\n";
      return kExitRuntime;
    }
    std::cout << fmt::format("sensors: {} sensors, {} readings ({} open), {} chunks\n",
                             report->sensors, report->readings, report->open_readings,
                             report->chunks);
    for (const std::string& problem : report->problems) std::cout << "  " << problem << "\n";
    clean = clean && report->clean();
  }
  if (const auto audit = data_dir / "compliance" / "audit"; std::filesystem::exists(audit)) {
    found = true;
    const auto report = compliance::VerifyAuditLog(audit, "");
    if (!report.ok()) {
      std::cerr << "audit log: " << base::Message(report.status()) << "\n";
      return kExitRuntime;
    }
    std::cout << compliance::FormatAuditReport(*report);
    clean = clean && report->ok();
  }
  if (!found) {
    std::cerr << data_dir.string() << " holds no data of Belgrand: give the configured data_dir\n";
    return kExitUsage;
  }
  std::cout << (clean ? "clean\n" : "NOT CLEAN\n");
  return clean ? kExitOk : kExitRuntime;
}

}  // namespace

void AddFsck(CLI::App& app, RunSlot& run) {
  auto data_dir = std::make_shared<std::string>("data");
  app.add_option("data_dir", *data_dir, "The configured data_dir")->capture_default_str();
  app.callback([data_dir, &run] { run = [data_dir] { return Fsck(*data_dir); }; });
}

}  // namespace belgrand::cli
