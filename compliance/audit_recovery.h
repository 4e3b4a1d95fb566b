// What the files of an audit log hold when it is opened, judged before anything is changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compliance/checkpoint.h"
#include "compliance/entry_bundles.h"
#include "compliance/merkle.h"
#include "compliance/note.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

// The signing key of the log in `directory`. Where neither seed nor entries exist the log is
// created: verifier key, checkpoint of the empty log, and last the seed, so that a crash half-way
// starts over. FailedPrecondition when there is a log but no seed.
base::StatusOr<NoteSigner> LoadOrCreateKey(const std::filesystem::path& directory,
                                           const std::filesystem::path& seed_path,
                                           std::string_view origin);

// The stored checkpoint, its signature verified. DataLoss when missing, altered or not signed by
// `verifier`; FailedPrecondition when it is of another log.
base::StatusOr<Checkpoint> LoadCheckpoint(const std::filesystem::path& directory,
                                          const NoteVerifier& verifier);

struct RecoveredEntries {
  // After the last whole entry.
  EntryBundles::Position end;
  // Leaf hashes of the entries after the checkpoint.
  std::vector<Hash> leaves;
  // Of an unfinished entry after `end`.
  std::uint64_t torn_bytes = 0;
};

// Checks the hash tiles and the entry bundles against the checkpoint and finds the end of the log.
// DataLoss names what contradicts the checkpoint. Reads the bundles from the checkpoint on; of the
// earlier ones it checks only that they exist (VerifyAuditLog reads them all).
base::StatusOr<RecoveredEntries> RecoverEntries(const std::filesystem::path& directory,
                                                const Checkpoint& checkpoint);

}  // namespace belgrand::compliance
