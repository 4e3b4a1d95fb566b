// Merges the batches of concurrent writers into one synced write.
//
// The first writer in the queue leads: it takes every batch that waits behind it, writes them as
// one and wakes the others. While it waits for the disk the next group gathers, so N writers cost
// about two syncs, not N. Merged here and not by the engine's own group commit, so that one thread
// fills the memtable in one pass, which the hint of StoreOptions::series_texts needs.
//
// Thread safety: safe.
// Invariants: batches become visible in the order in which their writers joined the queue; a batch
// is never split. When the disk refuses, every batch of the group and every later one gets the
// same error.
#pragma once

#include <rocksdb/db.h>

#include <deque>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/storage/store.h"

namespace belgrand::storage {

class GroupCommit {
 public:
  // Borrows the database and its families for its life. `series_texts` as in StoreOptions.
  GroupCommit(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families,
              std::vector<std::size_t> series_texts)
      : db_(db), families_(families), series_texts_(std::move(series_texts)) {}

  // Blocks until the batch is on disk or was refused.
  base::Status Write(const Batch& batch);
  // The refusal that later writes get; OK without one.
  base::Status status() const {
    const base::MutexLock lock(mutex_);
    return refused_;
  }

 private:
  struct Writer {
    const Batch* batch = nullptr;
    std::size_t bytes = 0;
    base::Status status;
    bool done = false;
    base::CondVar wake;
  };

  base::StatusOr<std::size_t> Validate(const Batch& batch) const;
  std::vector<Writer*> TakeGroup() REQUIRES_LOCK(mutex_);
  base::Status Commit(const std::vector<Writer*>& group);

  rocksdb::DB& db_;
  const std::vector<rocksdb::ColumnFamilyHandle*>& families_;
  const std::vector<std::size_t> series_texts_;
  mutable base::Mutex mutex_;
  // The front leads; it stays at the front until its group is on disk.
  std::deque<Writer*> queue_ GUARDED_BY(mutex_);
  // The first refusal of the disk; every later write gets it too.
  base::Status refused_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::storage
