#include "services/cli/audit_line.h"

#include <vector>

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/audit_verify.h"
#include "compliance/closed_logs.h"
#include "compliance/entry_bundles.h"

namespace belgrand::cli {
namespace {

// What the first entry of the log must say, where it is still there.
bool CheckLink(const compliance::ClosedLog& before, const std::filesystem::path& log,
               const compliance::AuditReport& report, std::ostream& out) {
  if (report.pruned || report.entries == 0) return true;
  const auto first = compliance::ReadEntries(log, 0, 1);
  storage::v1::AuditEntry entry;
  const std::string expected = compliance::FollowsEvent(before.checkpoint).object_ref();
  if (first.ok() && entry.ParseFromString(first->front()) && entry.object_kind() == "audit_log" &&
      entry.object_ref() == expected) {
    out << fmt::format("follows  closed log {}: its first entry names that log's size and root\n",
                       before.number);
    return true;
  }
  out << fmt::format(
      "PROBLEM: the first entry does not name closed log {} as it is ({}): a log between them was "
      "taken away, or that one is not the one that was closed\n",
      before.number, expected);
  return false;
}

}  // namespace

base::StatusOr<bool> VerifyLine(const std::filesystem::path& log, const std::string& verifier_key,
                                std::ostream& out) {
  ASSIGN_OR_RETURN(const auto closed, compliance::ListClosedLogs(log.parent_path() /
                                                                 compliance::kClosedLogsDirectory));
  bool good = true;
  const compliance::ClosedLog* before = nullptr;
  for (const compliance::ClosedLog& one : closed) {
    ASSIGN_OR_RETURN(const auto report, compliance::VerifyAuditLog(one.directory, verifier_key));
    out << fmt::format("closed log {}\n", one.number) << compliance::FormatAuditReport(report);
    good = good && report.ok();
    if (before != nullptr) good = CheckLink(*before, one.directory, report, out) && good;
    out << "\n";
    before = &one;
  }
  ASSIGN_OR_RETURN(const auto report, compliance::VerifyAuditLog(log, verifier_key));
  if (before != nullptr) out << "open log\n";
  out << compliance::FormatAuditReport(report);
  if (before != nullptr) good = CheckLink(*before, log, report, out) && good;
  return good && report.ok();
}

}  // namespace belgrand::cli
