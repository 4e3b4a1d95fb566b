#include "services/cli/drill.h"

#include <map>
#include <ostream>
#include <string>

#include "compliance/audit_verify.h"
#include "platform/storage/inspect.h"
#include "services/backup/store_part.h"
#include "services/compliance/audit_part.h"
#include "services/sensors/fsck.h"
#include "services/timeseries/fsck.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

template <typename Report>
bool PrintProblems(const Report& report, std::ostream& out) {
  for (const std::string& problem : report.problems) out << "  " << problem << "\n";
  return report.clean();
}

base::StatusOr<bool> CheckTimeseries(const fs::path& directory, std::ostream& out) {
  auto report = timeseries::Fsck(directory);
  if (!report.ok()) return base::Annotate(report.status(), "timeseries");
  out << fmt::format("timeseries: {} rows, {} versions, {} feed entries, {} sites\n", report->rows,
                     report->versions, report->feed_entries, report->sites);
  return PrintProblems(*report, out);
}

base::StatusOr<bool> CheckSensors(const fs::path& directory, std::ostream& out) {
  auto report = sensors::Fsck(directory);
  if (!report.ok()) return base::Annotate(report.status(), "sensors");
  out << fmt::format("sensors: {} sensors, {} readings ({} open), {} chunks\n", report->sensors,
                     report->readings, report->open_readings, report->chunks);
  return PrintProblems(*report, out);
}

base::StatusOr<bool> CheckAudit(const fs::path& directory, std::ostream& out) {
  auto report = compliance::VerifyAuditLog(directory, "");
  if (!report.ok()) return base::Annotate(report.status(), "audit log");
  out << compliance::FormatAuditReport(*report);
  return report->ok();
}

// What the restored part has, by mark; stores are read to their last byte.
base::StatusOr<std::map<std::string, std::uint64_t>> MarksOf(const fs::path& folder,
                                                             const std::string& role,
                                                             std::ostream& out) {
  std::map<std::string, std::uint64_t> marks;
  if (Exists(folder / "CURRENT")) {
    auto facts = storage::Inspect(folder);
    if (!facts.ok()) return base::Annotate(facts.status(), role);
    marks[backup::kWritesMark] = facts->last_write;
    std::string keys;
    for (const auto& [family, count] : facts->keys) keys += fmt::format(" {} {}", family, count);
    out << fmt::format("{}: every block and checksum read; keys by family:{}\n", role, keys);
  }
  if (role == "timeseries") {
    ASSIGN_OR_RETURN(const auto report, timeseries::Fsck(folder));
    marks[timeseries::kFeedMark] = report.feed_entries;
  }
  if (Exists(folder / "audit")) {
    ASSIGN_OR_RETURN(const auto report, compliance::VerifyAuditLog(folder / "audit", ""));
    marks[compliance::kEntriesMark] = report.entries;
  }
  return marks;
}

}  // namespace

base::StatusOr<bool> CheckDataDirectory(const fs::path& data_dir, std::ostream& out) {
  bool clean = true;
  bool found = false;
  const auto check = [&](const fs::path& directory, auto checker) -> base::Status {
    if (!Exists(directory)) return base::OkStatus();
    found = true;
    ASSIGN_OR_RETURN(const bool good, checker(directory, out));
    clean = clean && good;
    return base::OkStatus();
  };
  RETURN_IF_ERROR(check(data_dir / "timeseries", CheckTimeseries));
  RETURN_IF_ERROR(check(data_dir / "sensors", CheckSensors));
  RETURN_IF_ERROR(check(data_dir / "compliance" / "audit", CheckAudit));
  if (!found) {
    return base::NotFound("{} holds no data of Belgrand: give the configured data_dir",
                          data_dir.string());
  }
  return clean;
}

base::StatusOr<bool> CompareWithSet(const fs::path& data_dir, const storage::v1::BackupSet& set,
                                    std::ostream& out) {
  bool good = true;
  for (const auto& part : set.parts()) {
    ASSIGN_OR_RETURN(const auto marks, MarksOf(data_dir / part.role(), part.role(), out));
    for (const auto& mark : part.marks()) {
      const auto found = marks.find(mark.name());
      const bool inside = found != marks.end() && found->second >= mark.at_least() &&
                          found->second <= mark.at_most();
      out << fmt::format(
          "{}: {} {}, and the backup says {}{}: {}\n", part.role(), mark.name(),
          found == marks.end() ? "missing" : std::to_string(found->second), mark.at_least(),
          mark.at_most() == mark.at_least() ? "" : fmt::format(" to {}", mark.at_most()),
          inside ? "agrees" : "DIFFERS");
      good = good && inside;
    }
  }
  return good;
}

}  // namespace belgrand::cli
