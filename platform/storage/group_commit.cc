#include "platform/storage/group_commit.h"

#include <rocksdb/write_batch.h>

#include "platform/storage/engine.h"

namespace belgrand::storage {
namespace {

constexpr std::size_t kMaxKeyBytes = std::size_t{4} << 10;
constexpr std::size_t kMaxValueBytes = std::size_t{16} << 20;
// Bounds the memory and the latency of one group; a single larger batch is still written, alone.
constexpr std::size_t kMaxGroupBytes = std::size_t{16} << 20;
constexpr std::size_t kOperationOverheadBytes = 16;

}  // namespace

base::StatusOr<std::size_t> GroupCommit::Validate(const Batch& batch) const {
  std::size_t bytes = 0;
  for (const Batch::Operation& operation : batch.operations_) {
    if (operation.family >= families_.size()) {
      return base::InvalidArgument("family {} does not exist: the store has {}", operation.family,
                                   families_.size());
    }
    const bool range = operation.kind == Batch::Kind::kDeleteRange;
    // The engine keeps one hint for a series' place among the points and among the ranges; used on
    // the wrong list it breaks the memtable's order.
    if (range && operation.family < series_texts_.size() && series_texts_[operation.family] > 0) {
      return base::InvalidArgument(
          "family {} has series_texts: delete its keys one by one, not as a range",
          operation.family);
    }
    if (operation.key_size > kMaxKeyBytes || (range && operation.value_size > kMaxKeyBytes)) {
      return base::InvalidArgument("a key of {} bytes is too long: the limit is {}",
                                   operation.key_size, kMaxKeyBytes);
    }
    if (operation.value_size > kMaxValueBytes) {
      return base::InvalidArgument("a value of {} bytes is too long: the limit is {}",
                                   operation.value_size, kMaxValueBytes);
    }
    bytes += operation.key_size + operation.value_size + kOperationOverheadBytes;
  }
  return bytes;
}

base::Status GroupCommit::Write(const Batch& batch) {
  Writer self;
  ASSIGN_OR_RETURN(self.bytes, Validate(batch));
  if (batch.empty()) return base::OkStatus();
  self.batch = &batch;

  mutex_.lock();
  queue_.push_back(&self);
  while (!self.done && queue_.front() != &self) self.wake.Wait(mutex_);
  if (self.done) {
    mutex_.unlock();
    return self.status;
  }
  const std::vector<Writer*> group = TakeGroup();
  base::Status status = refused_;
  mutex_.unlock();

  if (status.ok()) status = Commit(group);

  mutex_.lock();
  refused_ = status;
  for (Writer* writer : group) {
    queue_.pop_front();
    if (writer == &self) continue;
    writer->status = status;
    writer->done = true;
    // Under the lock: the writer's stack frame may be gone the moment it sees `done`.
    writer->wake.NotifyOne();
  }
  if (!queue_.empty()) queue_.front()->wake.NotifyOne();
  mutex_.unlock();
  return status;
}

std::vector<GroupCommit::Writer*> GroupCommit::TakeGroup() {
  std::vector<Writer*> group;
  std::size_t bytes = 0;
  for (Writer* writer : queue_) {
    bytes += writer->bytes;
    if (!group.empty() && bytes > kMaxGroupBytes) break;
    group.push_back(writer);
  }
  return group;
}

base::Status GroupCommit::Commit(const std::vector<Writer*>& group) {
  std::size_t bytes = 0;
  for (const Writer* writer : group) bytes += writer->bytes;
  // Longer than any key: stands for the end of a family.
  const std::string past_every_key(kMaxKeyBytes + 1, '\xff');
  rocksdb::WriteBatch merged(bytes);
  for (const Writer* writer : group) {
    std::string_view rest = writer->batch->bytes_;
    for (const Batch::Operation& operation : writer->batch->operations_) {
      rocksdb::ColumnFamilyHandle* family = families_[operation.family];
      const std::string_view key = rest.substr(0, operation.key_size);
      const std::string_view value = rest.substr(operation.key_size, operation.value_size);
      rest.remove_prefix(operation.key_size + operation.value_size);
      switch (operation.kind) {
        case Batch::Kind::kPut:
          merged.Put(family, ToSlice(key), ToSlice(value));
          break;
        case Batch::Kind::kDelete:
          merged.Delete(family, ToSlice(key));
          break;
        case Batch::Kind::kDeleteRange: {
          const std::string_view to = value.empty() ? std::string_view(past_every_key) : value;
          if (key < to) merged.DeleteRange(family, ToSlice(key), ToSlice(to));
          break;
        }
      }
    }
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  return FromEngine(db_.Write(options, &merged), "cannot write");
}

}  // namespace belgrand::storage
