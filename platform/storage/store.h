// Ordered keys inside named families, written in atomic batches: the one seam to the storage
// engine.
//
// RocksDB (embedded) is behind it and is named nowhere else. Keys order by their bytes; a key
// begins with its partition (site or district) wherever it can, so that a distributed engine can
// stand behind the same seam later. Each service owns one store in its own directory.
//
// Durability: Write returns after the batch is on disk (write-ahead log synced). Concurrent writers
// share one sync (group commit). After the disk has refused a write, every write is refused until
// the store is opened again: what a failed sync left on disk is unknown, only recovery can tell.
//
// Copies: CopyFiles and CompactAll wait for each other, so that what CompactAll removed is not kept
// by a copy that is being made.
//
// Erasure: no recycled or archived logs and no separate value files, so that CompactAll leaves
// nothing of what was deleted (unless a cursor or snapshot is open: close it and compact again).
//
// Thread safety: safe. Readers never block writers.
//
// Ownership: cursors and snapshots must be gone before their store is.
//
// Limits: a key is at most 4 KiB, a value at most 16 MiB; a larger one is InvalidArgument.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::storage {

// An index into StoreOptions::families.
using Family = std::size_t;

struct StoreOptions {
  std::filesystem::path directory;  // created with mode 0700 if absent
  // Names of the families, in the order of their indexes. Adding one to an existing store creates
  // it; an existing family that is missing here is FailedPrecondition.
  std::vector<std::string> families;
  std::size_t block_cache_bytes = std::size_t{64} << 20;
  // By family: how many leading texts of a key (AppendText) name a series that grows at its end; 0
  // or absent: none. Speeds up writes that touch many such series, for each remembers where it
  // ended. In such a family DeleteRange is InvalidArgument: the engine would mix up the places of
  // points and ranges.
  std::vector<std::size_t> series_texts = {};
  // Memory of writes that are not in sorted files yet, over all families.
  std::size_t write_buffer_bytes = std::size_t{64} << 20;
};

// Writes that become visible and durable together, in order.
class Batch {
 public:
  void Put(Family family, std::string_view key, std::string_view value);
  void Delete(Family family, std::string_view key);
  // Deletes every key in [from, to); an empty `to` means the end of the family.
  void DeleteRange(Family family, std::string_view from, std::string_view to);
  bool empty() const { return operations_.empty(); }

 private:
  friend class GroupCommit;
  enum class Kind { kPut, kDelete, kDeleteRange };
  // Key and value (or end of the range) lie one after the other in bytes_: a batch of thousands of
  // rows is one allocation, not thousands.
  struct Operation {
    Kind kind;
    Family family;
    std::size_t key_size;
    std::size_t value_size;
  };
  void Add(Kind kind, Family family, std::string_view key, std::string_view value);

  std::string bytes_;
  std::vector<Operation> operations_;
};

// Walks [from, to) of a family in ascending order, over the state at its creation. Not thread-safe.
// Bounded in age by its owner: an open cursor keeps deleted data on disk.
class Cursor {
 public:
  ~Cursor();
  Cursor(Cursor&&) noexcept;
  bool Valid() const;
  std::string_view key() const;
  std::string_view value() const;
  void Next();
  // Why Valid() is false: OK at the end of the range, DataLoss when a block is damaged.
  base::Status status() const;

 private:
  friend class Store;
  friend class Snapshot;
  struct Impl;
  explicit Cursor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The store as it was at one instant.
class Snapshot {
 public:
  ~Snapshot();
  Snapshot(Snapshot&&) noexcept;
  base::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const;
  // An empty `to` means the end of the family.
  Cursor Scan(Family family, std::string_view from, std::string_view to) const;

 private:
  friend class Store;
  struct Impl;
  explicit Snapshot(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Counters of the engine, for metrics.
struct StoreStatistics {
  std::uint64_t disk_bytes = 0;
  std::uint64_t pending_compaction_bytes = 0;
  std::uint64_t memtable_bytes = 0;
  bool writes_stopped = false;
};

class Store {
 public:
  // FailedPrecondition: another opener holds the directory, or its families differ. DataLoss:
  // damaged.
  static base::StatusOr<std::unique_ptr<Store>> Open(const StoreOptions& options);
  ~Store();

  // Unavailable: the disk refused (nothing of the batch is visible after a restart either, unless
  // the engine had already synced it). ResourceExhausted: the disk is full.
  base::Status Write(const Batch& batch);
  // Why every write is refused since the disk refused one; OK when none was.
  base::Status WriteStatus() const;
  base::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const;
  // Values in the order of the keys; one pass over the engine, for duplicate checks of whole
  // batches.
  base::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      Family family, const std::vector<std::string>& keys) const;
  Cursor Scan(Family family, std::string_view from, std::string_view to) const;
  Snapshot TakeSnapshot() const;
  StoreStatistics Statistics() const;
  // Rewrites everything so that deleted data leaves the files: flushes all families, then compacts
  // each to the bottom. Blocks for as long as that takes, and while files are being copied.
  base::Status CompactAll();

  // The number of the last write: grows with every write, restarts included.
  std::uint64_t LastWrite() const;
  struct LiveFile {
    std::string name;
    std::filesystem::path path;
    std::uint64_t size = 0;              // the file may be longer: it goes on being written
    std::optional<std::string> content;  // to be taken instead of the file's
    // Of a file that never changes: the same for no other bytes, ever. Empty: it has none.
    std::string identity;
  };
  // Calls `copy` with the files of the store as it is at one instant after the call; they stay
  // until it returns. Reads and writes go on. Returns what `copy` returns.
  base::Status CopyFiles(
      const std::function<base::Status(const std::vector<LiveFile>&)>& copy) const;

 private:
  friend class Snapshot;
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belgrand::storage
