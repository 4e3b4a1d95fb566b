// Proves that a backup can be restored: lays it out, checks every store, and compares with what the
// backup says of itself.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "belgrand/storage/v1/backup.pb.h"
#include "platform/base/error.h"

namespace belgrand::cli {

// Checks each part of a data directory that is there, and prints what it found: true when all are
// clean. Errors: a part cannot be read at all.
base::StatusOr<bool> CheckDataDirectory(const std::filesystem::path& data_dir, std::ostream& out);

// Compares restored data with the marks of the backup it came from, every block read and its
// checksum verified; prints what was compared. True when all agree.
base::StatusOr<bool> CompareWithSet(const std::filesystem::path& data_dir,
                                    const storage::v1::BackupSet& set, std::ostream& out);

}  // namespace belgrand::cli
