// A log in a fresh directory, and the ways in which a test damages a copy of it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "compliance/audit_log.h"
#include "compliance/audit_verify.h"
#include "platform/base/clock.h"
#include "platform/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {

class AuditFixture : public ::testing::Test {
 protected:
  // Never writes a checkpoint by itself unless a test asks for it.
  AuditLogOptions Options(const std::string& name = "log") const {
    AuditLogOptions options;
    options.directory = dir_.path() / name;
    options.origin = "audit.example.org/test";
    options.seed_path = dir_.path() / (name + ".seed");
    options.checkpoint_interval = std::chrono::hours(1);
    options.checkpoint_entries = 1'000'000;
    return options;
  }
  std::unique_ptr<AuditLog> Open(const AuditLogOptions& options) const {
    auto log = AuditLog::Open(options, clock_);
    EXPECT_OK(log);
    return log.ok() ? *std::move(log) : nullptr;
  }
  std::unique_ptr<AuditLog> Open() const { return Open(Options()); }

  // What the disk would hold if the process were killed now.
  AuditLogOptions CopyOfDisk(const std::string& from, const std::string& to) const {
    std::filesystem::remove_all(dir_.path() / to);
    std::filesystem::copy(dir_.path() / from, dir_.path() / to,
                          std::filesystem::copy_options::recursive);
    std::filesystem::copy_file(dir_.path() / (from + ".seed"), dir_.path() / (to + ".seed"),
                               std::filesystem::copy_options::overwrite_existing);
    return Options(to);
  }
  std::filesystem::path File(const std::string& relative, const std::string& name = "log") const {
    return dir_.path() / name / relative;
  }
  static std::string ReadAll(const std::filesystem::path& path) {
    return base::ReadFile(path).value();
  }
  static void WriteAll(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  static void FlipByte(const std::filesystem::path& path, std::size_t at, char mask = 1) {
    std::string bytes = ReadAll(path);
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ mask);
    WriteAll(path, bytes);
  }
  static std::vector<std::string> Numbered(int first, int count) {
    std::vector<std::string> entries;
    for (int i = first; i < first + count; ++i) entries.push_back(fmt::format("leaf {}", i));
    return entries;
  }
  AuditReport Verify(const std::string& name = "log") const {
    auto report = VerifyAuditLog(dir_.path() / name, "");
    EXPECT_OK(report);
    return report.ok() ? *std::move(report) : AuditReport{};
  }

  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2026-03-01T08:00:00Z").value()};
};

}  // namespace belgrand::compliance
