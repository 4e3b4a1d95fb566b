#include "platform/storage/inspect.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <sys/file.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "platform/storage/engine.h"
#include "platform/storage/search_engine.h"

namespace belgrand::storage {
namespace {

base::StatusOr<std::uint64_t> CountKeys(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(options, family));
  std::uint64_t count = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next()) ++count;
  RETURN_IF_ERROR(FromEngine(it->status(), "cannot read family " + family->GetName()));
  return count;
}

bool HasTables(const std::filesystem::path& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".sst") return true;
  }
  return false;
}

// Fails while somebody has the store open; asks for no right to write, for the disk may have none.
base::Status CheckUnused(const std::filesystem::path& directory) {
  const int fd = ::open((directory / "OWNER").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return base::OkStatus();  // never opened, as after a restore
  const bool unused = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  ::close(fd);
  if (unused) return base::OkStatus();
  return base::FailedPrecondition("{} is in use: stop the process that serves it, then try again",
                                  directory.string());
}

}  // namespace

base::StatusOr<ReadOnlyStore> OpenReadOnly(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory / "CURRENT", ignored)) {
    if (HasTables(directory)) {
      return base::DataLoss("{} holds data but no CURRENT file: restore a backup",
                            directory.string());
    }
    return base::NotFound("{} holds no store", directory.string());
  }
  RETURN_IF_ERROR(CheckUnused(directory));
  return OpenReadOnlyShared(directory);
}

base::StatusOr<ReadOnlyStore> OpenReadOnlyShared(const std::filesystem::path& directory) {
  StoreOptions options;
  options.directory = directory;
  rocksdb::DBOptions database = MakeDatabaseOptions(options);
  database.create_if_missing = false;
  database.create_missing_column_families = false;
  const std::string context = "cannot read " + directory.string();
  std::vector<std::string> names;
  RETURN_IF_ERROR(
      FromEngine(rocksdb::DB::ListColumnFamilies(database, directory.string(), &names), context));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, MakeFamilyOptions(options));
  ReadOnlyStore store;
  rocksdb::DB* opened = nullptr;
  RETURN_IF_ERROR(FromEngine(rocksdb::DB::OpenForReadOnly(database, directory.string(), descriptors,
                                                          &store.families, &opened),
                             context));
  store.db.reset(opened);
  return store;
}

base::StatusOr<StoreFacts> Inspect(const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(const ReadOnlyStore store, OpenReadOnly(directory));
  StoreFacts facts;
  facts.last_write = store.db->GetLatestSequenceNumber();
  RETURN_IF_ERROR(FromEngine(store.db->VerifyChecksum(), "cannot read " + directory.string()));
  for (rocksdb::ColumnFamilyHandle* family : store.families) {
    if (family->GetName() == rocksdb::kDefaultColumnFamilyName) continue;
    ASSIGN_OR_RETURN(facts.keys[family->GetName()], CountKeys(*store.db, family));
  }
  return facts;
}

}  // namespace belgrand::storage
