// Checks a copy of an audit log without the service that wrote it: every entry, every hash tile,
// the root and the signature.
//
// What it shows: the entries under the checkpoint are exactly those that the holder of the signing
// key signed, in that order. What it cannot show alone: that this checkpoint is the newest one, or
// that others were shown the same; keep earlier checkpoints and compare (or ask a witness). Give it
// the verifier key from a trusted place: the log.vkey beside the log proves only that log and key
// belong together.
//
// Memory: one bundle (at most 16.8 MB) and one tile at a time. May run while the log is being
// written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compliance/closed_logs.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

struct AuditReport {
  std::string origin;
  // Whole entries in the bundles.
  std::uint64_t entries = 0;
  // Entries under the signed checkpoint; the others are counted, and not yet protected.
  std::uint64_t signed_entries = 0;
  // Base64 root the entries have at the checkpoint's size; empty when entries are missing.
  std::string root;
  // The log is closed and its entries were deleted when their time had come: the hashes alone were
  // checked.
  std::optional<PruneMark> pruned;
  // Bytes of an unfinished last entry, never acknowledged.
  std::uint64_t torn_bytes = 0;
  // What is wrong, the first altered entry named by its index; at most kMaxProblems are listed.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;

  bool ok() const { return problem_count == 0; }
  std::uint64_t unsigned_entries() const {
    return entries > signed_entries ? entries - signed_entries : 0;
  }
};
inline constexpr std::size_t kMaxProblems = 20;

// Verifies the log in `directory` under `verifier_key` ("name+hash+base64"), which may be that of
// another log of its line (FirstOrigin); where that is empty, under the log.vkey stored beside it.
// What is wrong with the log is in the report; an error means that nothing could be said: NotFound
// (no log there), InvalidArgument (the verifier key), or I/O.
base::StatusOr<AuditReport> VerifyAuditLog(const std::filesystem::path& directory,
                                           std::string_view verifier_key);

// For a person: a few lines, ending in a newline.
std::string FormatAuditReport(const AuditReport& report);

}  // namespace belgrand::compliance
