#include "platform/storage/store.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/unique_id.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>

#include "platform/base/check.h"
#include "platform/base/file.h"
#include "platform/base/mutex.h"
#include "platform/storage/engine.h"
#include "platform/storage/group_commit.h"

namespace belgrand::storage {
namespace fs = std::filesystem;

void Batch::Add(Kind kind, Family family, std::string_view key, std::string_view value) {
  bytes_.append(key);
  bytes_.append(value);
  operations_.push_back({kind, family, key.size(), value.size()});
}
void Batch::Put(Family family, std::string_view key, std::string_view value) {
  Add(Kind::kPut, family, key, value);
}
void Batch::Delete(Family family, std::string_view key) { Add(Kind::kDelete, family, key, {}); }
void Batch::DeleteRange(Family family, std::string_view from, std::string_view to) {
  Add(Kind::kDeleteRange, family, from, to);
}

struct Cursor::Impl {
  std::string to;
  rocksdb::Slice upper_bound;
  std::unique_ptr<rocksdb::Iterator> iterator;
};

Cursor::Cursor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;
bool Cursor::Valid() const { return impl_->iterator->Valid(); }
std::string_view Cursor::key() const { return ToView(impl_->iterator->key()); }
std::string_view Cursor::value() const { return ToView(impl_->iterator->value()); }
void Cursor::Next() { impl_->iterator->Next(); }
base::Status Cursor::status() const { return FromEngine(impl_->iterator->status(), "cannot read"); }

namespace {

// The directory's lock; the kernel drops it with the process.
class DirectoryLock {
 public:
  static base::StatusOr<DirectoryLock> Acquire(const fs::path& directory) {
    const fs::path path = directory / "OWNER";
    DirectoryLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.fd_ < 0) {
      return base::Unavailable("cannot open {}: {}", path.string(), std::strerror(errno));
    }
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
      return base::FailedPrecondition(
          "{} is in use: stop the process that serves it, then try again", directory.string());
    }
    return lock;
  }
  DirectoryLock() = default;
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~DirectoryLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

base::Status CreateDirectory(const fs::path& directory) {
  std::error_code error;
  if (fs::is_directory(directory, error)) return base::OkStatus();
  const fs::path parent = directory.has_parent_path() ? directory.parent_path() : ".";
  fs::create_directories(parent, error);
  if (error) {
    return base::Unavailable("cannot create directory {}: {}", parent.string(), error.message());
  }
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::Unavailable("cannot create directory {}: {}", directory.string(),
                             std::strerror(errno));
  }
  return base::SyncDirectory(parent);
}

// Without its CURRENT file the engine would start an empty database over the remains of a full one.
base::StatusOr<bool> DatabaseExists(const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory / "CURRENT", error)) return true;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".sst") {
      return base::DataLoss("{} holds data but no CURRENT file: restore a backup",
                            directory.string());
    }
  }
  if (error) return base::Unavailable("cannot list {}: {}", directory.string(), error.message());
  return false;
}

base::Status CheckFamilies(const StoreOptions& options, bool exists) {
  std::set<std::string> wanted;
  for (const std::string& name : options.families) {
    if (name.empty() || name == rocksdb::kDefaultColumnFamilyName || !wanted.insert(name).second) {
      return base::InvalidArgument("'{}' cannot be a family: names are unique and not 'default'",
                                   name);
    }
  }
  if (!exists) return base::OkStatus();
  std::vector<std::string> present;
  RETURN_IF_ERROR(FromEngine(rocksdb::DB::ListColumnFamilies(MakeDatabaseOptions(options),
                                                             options.directory.string(), &present),
                             "cannot list families of " + options.directory.string()));
  for (const std::string& name : present) {
    if (name == rocksdb::kDefaultColumnFamilyName || wanted.contains(name)) continue;
    return base::FailedPrecondition(
        "{} has a family '{}' that this version does not know: it was written by a newer one or "
        "belongs to another role",
        options.directory.string(), name);
  }
  return base::OkStatus();
}

// The engine's own name of each table, by file name. Number and size alone would not do: a database
// that goes on from an older copy gives the same numbers again. A table without such a name is left
// out.
base::Status AddTableIdentities(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                                std::map<std::string, std::string>& identities) {
  rocksdb::TablePropertiesCollection tables;
  RETURN_IF_ERROR(
      FromEngine(db.GetPropertiesOfAllTables(family, &tables), "cannot name the tables"));
  for (const auto& [path, properties] : tables) {
    std::string id;
    if (!rocksdb::GetExtendedUniqueIdFromTableProperties(*properties, &id).ok()) continue;
    identities[fs::path(path).filename()] = rocksdb::UniqueIdToHumanString(id);
  }
  return base::OkStatus();
}

std::uint64_t DirectoryBytes(const fs::path& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;  // files come and go
    const std::uintmax_t size = it->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

}  // namespace

struct Store::Impl {
  fs::path directory;
  DirectoryLock lock;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;  // by Family
  rocksdb::ColumnFamilyHandle* internal = nullptr;     // "default": CompactAll's own marks
  std::unique_ptr<GroupCommit> commits;
  // Held by CompactAll and CopyFiles.
  mutable base::Mutex files_mutex;

  ~Impl() {
    commits.reset();
    if (db == nullptr) return;
    for (rocksdb::ColumnFamilyHandle* family : families) db->DestroyColumnFamilyHandle(family);
    if (internal != nullptr) db->DestroyColumnFamilyHandle(internal);
    db->Close().PermitUncheckedError();
  }

  rocksdb::ColumnFamilyHandle* At(Family family) const {
    BELGRAND_CHECK(family < families.size());
    return families[family];
  }

  base::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key,
                                                 const rocksdb::Snapshot* snapshot) const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    std::string value;
    const rocksdb::Status status = db->Get(options, At(family), ToSlice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    RETURN_IF_ERROR(FromEngine(status, "cannot read"));
    return std::optional<std::string>(std::move(value));
  }

  std::unique_ptr<Cursor::Impl> Scan(Family family, std::string_view from, std::string_view to,
                                     const rocksdb::Snapshot* snapshot) const;
};

std::unique_ptr<Cursor::Impl> Store::Impl::Scan(Family family, std::string_view from,
                                                std::string_view to,
                                                const rocksdb::Snapshot* snapshot) const {
  auto cursor = std::make_unique<Cursor::Impl>();
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  if (!to.empty()) {
    cursor->to = to;
    cursor->upper_bound = ToSlice(cursor->to);
    options.iterate_upper_bound = &cursor->upper_bound;
  }
  cursor->iterator.reset(db->NewIterator(options, At(family)));
  cursor->iterator->Seek(ToSlice(from));
  return cursor;
}

struct Snapshot::Impl {
  const Store::Impl* store;
  const rocksdb::Snapshot* snapshot;
  ~Impl() { store->db->ReleaseSnapshot(snapshot); }
};

Snapshot::Snapshot(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Snapshot::Snapshot(Snapshot&&) noexcept = default;
Snapshot::~Snapshot() = default;
base::StatusOr<std::optional<std::string>> Snapshot::Get(Family family,
                                                         std::string_view key) const {
  return impl_->store->Get(family, key, impl_->snapshot);
}
Cursor Snapshot::Scan(Family family, std::string_view from, std::string_view to) const {
  return Cursor(impl_->store->Scan(family, from, to, impl_->snapshot));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

base::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->directory = options.directory;
  RETURN_IF_ERROR(CreateDirectory(options.directory));
  ASSIGN_OR_RETURN(impl->lock, DirectoryLock::Acquire(options.directory));
  ASSIGN_OR_RETURN(const bool exists, DatabaseExists(options.directory));
  RETURN_IF_ERROR(CheckFamilies(options, exists));

  rocksdb::ColumnFamilyOptions family_options = MakeFamilyOptions(options);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options);
  for (Family family = 0; family < options.families.size(); ++family) {
    const bool hinted = family < options.series_texts.size() && options.series_texts[family] > 0;
    family_options.memtable_insert_with_hint_prefix_extractor =
        hinted ? SeriesHint(options.series_texts[family]) : nullptr;
    descriptors.emplace_back(options.families[family], family_options);
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  RETURN_IF_ERROR(
      FromEngine(rocksdb::DB::Open(MakeDatabaseOptions(options), options.directory.string(),
                                   descriptors, &handles, &db),
                 "cannot open " + options.directory.string()));
  impl->db.reset(db);
  impl->internal = handles.front();
  impl->families.assign(handles.begin() + 1, handles.end());
  impl->commits = std::make_unique<GroupCommit>(*impl->db, impl->families, options.series_texts);
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

base::Status Store::Write(const Batch& batch) { return impl_->commits->Write(batch); }

base::Status Store::WriteStatus() const { return impl_->commits->status(); }

base::StatusOr<std::optional<std::string>> Store::Get(Family family, std::string_view key) const {
  return impl_->Get(family, key, nullptr);
}

base::StatusOr<std::vector<std::optional<std::string>>> Store::MultiGet(
    Family family, const std::vector<std::string>& keys) const {
  std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  impl_->db->MultiGet(rocksdb::ReadOptions(), impl_->At(family), slices.size(), slices.data(),
                      values.data(), statuses.data());
  std::vector<std::optional<std::string>> result(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    RETURN_IF_ERROR(FromEngine(statuses[i], "cannot read"));
    result[i] = values[i].ToString();
  }
  return result;
}

Cursor Store::Scan(Family family, std::string_view from, std::string_view to) const {
  return Cursor(impl_->Scan(family, from, to, nullptr));
}

Snapshot Store::TakeSnapshot() const {
  return Snapshot(
      std::unique_ptr<Snapshot::Impl>(new Snapshot::Impl{impl_.get(), impl_->db->GetSnapshot()}));
}

StoreStatistics Store::Statistics() const {
  StoreStatistics statistics;
  statistics.disk_bytes = DirectoryBytes(impl_->directory);
  rocksdb::DB& db = *impl_->db;
  db.GetAggregatedIntProperty(rocksdb::DB::Properties::kEstimatePendingCompactionBytes,
                              &statistics.pending_compaction_bytes);
  db.GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables,
                              &statistics.memtable_bytes);
  std::uint64_t stopped = 0;
  db.GetIntProperty(rocksdb::DB::Properties::kIsWriteStopped, &stopped);
  statistics.writes_stopped = stopped != 0;
  return statistics;
}

base::Status Store::CompactAll() {
  const base::MutexLock lock(impl_->files_mutex);
  rocksdb::DB& db = *impl_->db;
  // All families at once: an unflushed one would keep the log that holds the others' deleted
  // values.
  RETURN_IF_ERROR(FromEngine(db.Flush(rocksdb::FlushOptions(), impl_->families), "cannot flush"));
  rocksdb::CompactRangeOptions options;
  // The default skips the bottom level, where a value survives that a snapshot once protected.
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (rocksdb::ColumnFamilyHandle* family : impl_->families) {
    RETURN_IF_ERROR(
        FromEngine(db.CompactRange(options, family, nullptr, nullptr), "cannot compact"));
  }
  // One more change after the last compaction: it starts a new manifest, without the boundary keys
  // of the files that are gone.
  rocksdb::WriteOptions synced;
  synced.sync = true;
  RETURN_IF_ERROR(FromEngine(db.Put(synced, impl_->internal, "compacted", ""), "cannot write"));
  return FromEngine(db.Flush(rocksdb::FlushOptions(), impl_->internal), "cannot flush");
}

std::uint64_t Store::LastWrite() const { return impl_->db->GetLatestSequenceNumber(); }

base::Status Store::CopyFiles(
    const std::function<base::Status(const std::vector<LiveFile>&)>& copy) const {
  const base::MutexLock lock(impl_->files_mutex);
  rocksdb::DB& db = *impl_->db;
  RETURN_IF_ERROR(FromEngine(db.DisableFileDeletions(), "cannot keep files"));
  std::vector<rocksdb::LiveFileStorageInfo> found;
  base::Status status = FromEngine(
      db.GetLiveFilesStorageInfo(rocksdb::LiveFilesStorageInfoOptions(), &found), "cannot copy");
  // After that: a table that a compaction has replaced since has no identity, and is copied.
  std::map<std::string, std::string> identities;
  for (rocksdb::ColumnFamilyHandle* family : impl_->families) {
    if (status.ok()) status = AddTableIdentities(db, family, identities);
  }
  if (status.ok()) {
    std::vector<LiveFile> files;
    for (const rocksdb::LiveFileStorageInfo& info : found) {
      LiveFile& file = files.emplace_back();
      file.name = info.relative_filename;
      file.path = fs::path(info.directory) / info.relative_filename;
      file.size = info.size;
      if (!info.replacement_contents.empty()) file.content = info.replacement_contents;
      const auto identity = identities.find(info.relative_filename);
      if (identity != identities.end()) file.identity = identity->second;
    }
    status = copy(files);
  }
  // Not forced: another copy may still need them.
  const base::Status released = FromEngine(db.EnableFileDeletions(false), "cannot release files");
  return status.ok() ? released : status;
}

}  // namespace belgrand::storage
