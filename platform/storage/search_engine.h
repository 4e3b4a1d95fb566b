// The half of the search that knows the engine: private to this folder.
#pragma once

#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "platform/storage/search.h"

namespace belgrand::storage {

// Borrows all; `families` include the engine's own "default".
base::StatusOr<SearchFacts> SearchDatabase(
    rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families,
    const std::filesystem::path& directory, const std::vector<std::string>& sought);

// A store opened to be read only, without changing a byte and without knowing its families.
struct ReadOnlyStore {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;

  ReadOnlyStore() = default;
  ReadOnlyStore(ReadOnlyStore&&) noexcept = default;
  ~ReadOnlyStore() {
    if (db == nullptr) return;
    for (rocksdb::ColumnFamilyHandle* family : families) db->DestroyColumnFamilyHandle(family);
  }
};
// Errors as Inspect.
base::StatusOr<ReadOnlyStore> OpenReadOnly(const std::filesystem::path& directory);
// Also while somebody has it open; whoever calls it sees to it that no file goes away.
base::StatusOr<ReadOnlyStore> OpenReadOnlyShared(const std::filesystem::path& directory);

}  // namespace belgrand::storage
