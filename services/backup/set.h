// The list of what a backup consists of: one file a set, written last, so that a backup is there
// whole or not at all. Bytes: docs/formats/backup.md.
//
// Thread safety: pure functions on files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/storage/v1/backup.pb.h"
#include "platform/base/error.h"

namespace belgrand::backup {

std::string EncodeSet(const storage::v1::BackupSet& set);
// DataLoss: cut off, altered, or a name in it leads out of its folder. FailedPrecondition: written
// by a newer version.
base::StatusOr<storage::v1::BackupSet> DecodeSet(std::string_view bytes);

std::filesystem::path SetPath(const std::filesystem::path& folder, std::uint64_t id);
// Of all sets in the folder, ascending; none where there is no such folder.
base::StatusOr<std::vector<std::uint64_t>> SetIds(const std::filesystem::path& folder);
// NotFound: no such set, with those that there are.
base::StatusOr<storage::v1::BackupSet> ReadSet(const std::filesystem::path& folder,
                                               std::uint64_t id);

struct SetSize {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};
SetSize SizeOf(const storage::v1::BackupSet& set);

}  // namespace belgrand::backup
