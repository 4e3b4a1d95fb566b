// Checks the data of all roles, and compares them with what a backup says of itself: `belgrand
// fsck` and the proof that a backup can be restored.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>

#include "belgrand/storage/v1/backup.pb.h"
#include "platform/base/error.h"

namespace belgrand::cli {

struct DataReport {
  bool clean = true;
  // What each role has, as the marks of a backup: by role, by name.
  std::map<std::string, std::map<std::string, std::uint64_t>> marks;
};

// Checks each part of a data directory that is there, and prints what it found: every block of
// every database and its checksum, then the invariants of the role's own format. Damage that keeps
// a part from being read is printed, and the next part is checked.
// FailedPrecondition: a service has it open. NotFound: there is no data.
base::StatusOr<DataReport> CheckDataDirectory(const std::filesystem::path& data_dir,
                                              std::ostream& out);

// Compares restored data with the marks of the backup it came from, and prints what was compared.
// True when all agree.
bool CompareWithSet(const DataReport& report, const storage::v1::BackupSet& set, std::ostream& out);

}  // namespace belgrand::cli
