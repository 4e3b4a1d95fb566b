// Notices at the start that the keyring directory is not the one that the data was written with: a
// disk that was not mounted, a directory forgotten at a restore, a damaged key.
//
// Without it an absent keyring would be taken for a fresh one: persons whose names are stored would
// be unknown, erasures forgotten, and what an older backup brings back would stay. A small file
// beside the data, and in its backups, holds a check value of every key that must be the same for
// ever, and the id of the erasure ledger. The values are HMACs under random keys of 256 bits: they
// give nothing away. docs/formats/keyring.md. Thread safety: safe; one process writes.
#pragma once

#include <filesystem>

#include "platform/base/error.h"

namespace belgrand::compliance {

inline constexpr char kKeyCheckFile[] = "keyring.check";

// Compares the keyring directory with what `file` says of it; OK where there is no file yet. To be
// called before anything in the directory is opened, which could create what is missing.
// FailedPrecondition: something is missing. DataLoss: it is another, or damaged.
base::Status CheckKeys(const std::filesystem::path& file, const std::filesystem::path& keyring_dir);

// Writes `file` from the directory, where it says something else; once everything in it was opened.
base::Status RecordKeys(const std::filesystem::path& file,
                        const std::filesystem::path& keyring_dir);

}  // namespace belgrand::compliance
