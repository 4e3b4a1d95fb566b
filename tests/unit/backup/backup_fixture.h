// A store, a backup folder, and ways to make backups of the one in the other.
#pragma once

#include <gmock/gmock.h>

#include <memory>

#include "services/backup/folder.h"
#include "services/backup/store_part.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::backup {

inline constexpr char kRole[] = "timeseries";

inline base::StatusOr<std::unique_ptr<storage::Store>> OpenStore(
    const std::filesystem::path& directory) {
  return storage::Store::Open({.directory = directory,
                               .families = {"a", "b"},
                               .block_cache_bytes = std::size_t{1} << 20,
                               .write_buffer_bytes = std::size_t{1} << 20});
}

struct Made {
  storage::v1::BackupSet set;
  std::uint64_t fresh_bytes = 0;
  std::vector<std::uint64_t> forgotten;
};

inline base::StatusOr<Made> Make(storage::Store& store, const std::filesystem::path& folder,
                                 std::uint64_t keep = 100, const OnProgress& on_progress = {}) {
  ASSIGN_OR_RETURN(const auto maker, Maker::Open(folder, on_progress));
  maker->BeginPart(kRole);
  RETURN_IF_ERROR(AddStore(store, *maker));
  Made made;
  ASSIGN_OR_RETURN(made.set, maker->Finish(base::FromMicros(1), "test"));
  made.fresh_bytes = maker->fresh_bytes();
  ASSIGN_OR_RETURN(made.forgotten, maker->Prune(keep));
  return made;
}

}  // namespace belgrand::backup
