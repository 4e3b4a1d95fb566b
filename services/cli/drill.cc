#include "services/cli/drill.h"

#include <iostream>
#include <optional>
#include <utility>

#include "compliance/audit_verify.h"
#include "platform/storage/inspect.h"
#include "services/backup/store_part.h"
#include "services/compliance/audit_part.h"
#include "services/detection/signal_outbox.h"
#include "services/sensors/fsck.h"
#include "services/timeseries/fsck.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;
using Marks = std::map<std::string, std::uint64_t>;

constexpr char kReadMark[] = "feed read";  // by detection; in no backup
constexpr const char* kStoringRoles[] = {"timeseries", "sensors", "detection", "alerting"};

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

template <typename Report>
bool PrintProblems(const Report& report, std::ostream& out) {
  for (const std::string& problem : report.problems) out << "  " << problem << "\n";
  return report.clean();
}

// Each returns whether the part is sound, and adds what it has to `marks`.

base::StatusOr<bool> CheckStore(const std::string& role, const fs::path& directory, Marks& marks,
                                std::ostream& out) {
  ASSIGN_OR_RETURN(const auto facts, storage::Inspect(directory));
  marks[backup::kWritesMark] = facts.last_write;
  std::string keys;
  for (const auto& [family, count] : facts.keys) {
    if (count > 0) keys += fmt::format(" {} {}", family, count);
  }
  out << fmt::format("{}: every block and checksum read; keys by family:{}\n", role, keys);
  return true;
}

base::StatusOr<bool> CheckTimeseries(const fs::path& directory, Marks& marks, std::ostream& out) {
  const auto progress = [](std::string_view what, std::uint64_t done, std::uint64_t of) {
    std::cerr << fmt::format("timeseries: {} {} of {}\n", what, done, of);
  };
  ASSIGN_OR_RETURN(const auto report, timeseries::Fsck(directory, progress));
  marks[timeseries::kFeedMark] = report.feed_entries;
  out << fmt::format("timeseries: {} rows, {} versions, {} feed entries, {} sites\n", report.rows,
                     report.versions, report.feed_entries, report.sites);
  return PrintProblems(report, out);
}

base::StatusOr<bool> CheckSensors(const fs::path& directory, std::ostream& out) {
  ASSIGN_OR_RETURN(const auto report, sensors::Fsck(directory));
  out << fmt::format("sensors: {} sensors, {} readings ({} open), {} chunks\n", report.sensors,
                     report.readings, report.open_readings, report.chunks);
  return PrintProblems(report, out);
}

base::StatusOr<bool> CheckDetection(const fs::path& directory, Marks& marks) {
  ASSIGN_OR_RETURN(const auto outbox, detection::SignalOutbox::Open(directory));
  ASSIGN_OR_RETURN(const auto progress, outbox->LoadProgress());
  marks[kReadMark] = progress.processed_sequence();
  return true;
}

// Detection reads what is durable: a feed that ends before what it has read has lost its end.
bool CheckFeedEnd(const DataReport& report, std::ostream& out) {
  const auto detection = report.marks.find("detection");
  const auto timeseries = report.marks.find("timeseries");
  if (detection == report.marks.end() || !detection->second.contains(kReadMark) ||
      timeseries == report.marks.end() || !timeseries->second.contains(timeseries::kFeedMark)) {
    return true;
  }
  const std::uint64_t read = detection->second.at(kReadMark);
  const std::uint64_t end = timeseries->second.at(timeseries::kFeedMark);
  if (read <= end) return true;
  out << fmt::format(
      "  detection has read up to feed number {}, and the feed ends at {}: rows that were "
      "acknowledged are missing, or the database is another or an older copy\n",
      read, end);
  return false;
}

base::StatusOr<bool> CheckAudit(const fs::path& directory, Marks& marks, std::ostream& out) {
  ASSIGN_OR_RETURN(const auto report, compliance::VerifyAuditLog(directory, ""));
  marks[compliance::kEntriesMark] = report.entries;
  out << compliance::FormatAuditReport(report);
  return report.ok();
}

base::StatusOr<bool> CheckStoringRole(const std::string& role, const fs::path& directory,
                                      Marks& marks, std::ostream& out) {
  ASSIGN_OR_RETURN(bool sound, CheckStore(role, directory, marks, out));
  if (role == "timeseries") {
    ASSIGN_OR_RETURN(const bool kept, CheckTimeseries(directory, marks, out));
    sound = sound && kept;
  }
  if (role == "sensors") {
    ASSIGN_OR_RETURN(const bool kept, CheckSensors(directory, out));
    sound = sound && kept;
  }
  if (role == "detection") {
    ASSIGN_OR_RETURN(const bool kept, CheckDetection(directory, marks));
    sound = sound && kept;
  }
  return sound;
}

// Damage is a finding; whatever else keeps from checking ends the check.
base::Status Settle(const std::string& role, const base::StatusOr<bool>& sound, DataReport& report,
                    std::ostream& out) {
  if (sound.status().code() == base::StatusCode::kNotFound) {
    out << fmt::format("{}: nothing stored yet\n", role);
    return base::OkStatus();
  }
  report.clean = report.clean && sound.ok() && *sound;
  if (sound.ok()) return base::OkStatus();
  if (sound.status().code() != base::StatusCode::kDataLoss) {
    return base::Annotate(sound.status(), role);
  }
  out << fmt::format("{}: {}\n", role, base::Message(sound.status()));
  return base::OkStatus();
}

}  // namespace

base::StatusOr<DataReport> CheckDataDirectory(const fs::path& data_dir, std::ostream& out) {
  DataReport report;
  bool found = false;
  for (const std::string role : kStoringRoles) {
    if (!Exists(data_dir / role)) continue;
    found = true;
    const auto sound = CheckStoringRole(role, data_dir / role, report.marks[role], out);
    RETURN_IF_ERROR(Settle(role, sound, report, out));
  }
  report.clean = CheckFeedEnd(report, out) && report.clean;
  const std::string compliance = "compliance";
  if (const fs::path audit = data_dir / compliance / "audit"; Exists(audit)) {
    found = true;
    const auto sound = CheckAudit(audit, report.marks[compliance], out);
    RETURN_IF_ERROR(Settle(compliance, sound, report, out));
  }
  if (!found) {
    return base::NotFound("{} holds no data of Belgrand: give the configured data_dir",
                          data_dir.string());
  }
  return report;
}

bool CompareWithSet(const DataReport& report, const storage::v1::BackupSet& set,
                    std::ostream& out) {
  bool good = true;
  for (const auto& part : set.parts()) {
    const auto role = report.marks.find(part.role());
    for (const auto& mark : part.marks()) {
      std::optional<std::uint64_t> has;
      if (role != report.marks.end() && role->second.contains(mark.name())) {
        has = role->second.at(mark.name());
      }
      const bool inside = has && *has >= mark.at_least() && *has <= mark.at_most();
      out << fmt::format(
          "{}: {} {}, and the backup says {}{}: {}\n", part.role(), mark.name(),
          has ? std::to_string(*has) : "missing", mark.at_least(),
          mark.at_most() == mark.at_least() ? "" : fmt::format(" to {}", mark.at_most()),
          inside ? "agrees" : "DIFFERS");
      good = good && inside;
    }
  }
  return good;
}

}  // namespace belgrand::cli
