// The audit logs that were closed before the open one: found, read, and relieved of their entries
// when these are past their time.
//
// A closed log lies in a directory of its own below one root, numbered from 1 in the order in which
// they were closed (compliance/audit_anew.h). Nothing in it changes any more, but for one thing:
// pruning deletes its entry bundles and leaves hash tiles, checkpoint and key, so that whoever kept
// an entry and its proof can still check them. A signed mark says that the log did it, when, and
// under which published period; without it a missing bundle is damage. docs/formats/audit_log.md.
//
// Thread safety: functions are safe beside one another; one PruneEntries of a log at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "compliance/checkpoint.h"
#include "compliance/note.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

// Beside the directory of the open log.
inline constexpr char kClosedLogsDirectory[] = "audit_closed";
inline constexpr char kPruneMarkFile[] = "pruned";

// What the first entry of a log says of the one before it, but for who made the change.
v1::AuditEvent FollowsEvent(const Checkpoint& before);

struct PruneMark {
  std::string origin;
  // The first entry that is still there, as C2SP tlog-tiles calls it: the size of the log.
  std::uint64_t minimum_index = 0;
  base::Instant pruned_at;
  std::string retention;  // ISO 8601

  bool operator==(const PruneMark&) const = default;
};

std::string FormatPruneMark(const PruneMark& mark);
// InvalidArgument names the line that is wrong.
base::StatusOr<PruneMark> ParsePruneMark(std::string_view text);

// Of the log in `directory`, whose key is `verifier`. None: it was not pruned. DataLoss: the mark
// is not one that this log signed.
base::StatusOr<std::optional<PruneMark>> ReadPruneMark(const std::filesystem::path& directory,
                                                       const NoteVerifier& verifier);

struct ClosedLog {
  std::filesystem::path directory;
  std::uint32_t number = 0;
  // Why its checkpoint or its mark cannot be believed; what follows is then empty. A log may have
  // been closed because it was damaged.
  base::Status state;
  Checkpoint checkpoint;
  std::optional<PruneMark> pruned;
};

// Those below `root`, oldest first; none where there is no such directory.
base::StatusOr<std::vector<ClosedLog>> ListClosedLogs(const std::filesystem::path& root);

// Deletes the entries of a closed log: the mark first, durably, then the bundles. Run again it goes
// on where a crash stopped it, and keeps the mark that is there. The seed is that of the log.
// FailedPrecondition: the log's state is not OK, or the seed is missing or another log's.
base::Status PruneEntries(const ClosedLog& log, const std::filesystem::path& seed_path,
                          const std::string& retention, base::Instant now);

// The signing key of a log, read from its seed. FailedPrecondition: the seed is missing.
base::StatusOr<NoteSigner> LoadSigner(const std::filesystem::path& seed_path,
                                      std::string_view origin);

// The key beside the log, `log.vkey`.
base::StatusOr<NoteVerifier> StoredVerifier(const std::filesystem::path& directory);

}  // namespace belgrand::compliance
