#include "services/detection/signal_outbox.h"

#include "belgrand/storage/v1/detection_record.pb.h"
#include "platform/storage/keys.h"

namespace belgrand::detection {
namespace {

constexpr storage::Family kProgress = 0;
constexpr storage::Family kOutbox = 1;
constexpr std::string_view kProgressKey = "progress";

base::Status Damaged(std::string_view key) {
  std::string_view rest = key;
  const auto sequence = storage::TakeUint64(rest);
  return base::DataLoss("detection outbox: the entry of feed number {} is damaged",
                        sequence ? std::to_string(*sequence) : "(unreadable key)");
}

}  // namespace

base::StatusOr<std::unique_ptr<SignalOutbox>> SignalOutbox::Open(
    const std::filesystem::path& directory) {
  storage::StoreOptions options;
  options.directory = directory;
  options.families = {"progress", "outbox"};
  options.block_cache_bytes = std::size_t{4} << 20;
  options.write_buffer_bytes = std::size_t{8} << 20;
  ASSIGN_OR_RETURN(auto store, storage::Store::Open(options));
  return std::unique_ptr<SignalOutbox>(new SignalOutbox(std::move(store)));
}

base::StatusOr<std::uint64_t> SignalOutbox::LoadProgress() const {
  ASSIGN_OR_RETURN(const auto value, store_->Get(kProgress, kProgressKey));
  if (!value) return std::uint64_t{0};
  storage::v1::DetectionProgress progress;
  if (!progress.ParseFromString(*value)) {
    return base::DataLoss("detection: the progress record is damaged");
  }
  return progress.processed_sequence();
}

base::Status SignalOutbox::Commit(std::uint64_t processed_sequence,
                                  const std::vector<v1::Signal>& signals) {
  storage::Batch batch;
  storage::v1::DetectionProgress progress;
  progress.set_processed_sequence(processed_sequence);
  batch.Put(kProgress, kProgressKey, progress.SerializeAsString());
  std::uint32_t index = 0;
  for (const v1::Signal& signal : signals) {
    std::string key;
    storage::AppendUint64(key, signal.feed_sequence());
    storage::AppendUint32(key, index++);
    storage::v1::SignalRecord record;
    record.set_signal(signal.SerializeAsString());
    batch.Put(kOutbox, key, record.SerializeAsString());
  }
  return store_->Write(batch);
}

base::StatusOr<std::vector<SignalOutbox::Entry>> SignalOutbox::Oldest(std::size_t most) const {
  std::vector<Entry> entries;
  storage::Cursor cursor = store_->Scan(kOutbox, "", "");
  for (; cursor.Valid() && entries.size() < most; cursor.Next()) {
    Entry entry;
    entry.key = std::string(cursor.key());
    storage::v1::SignalRecord record;
    if (!record.ParseFromArray(cursor.value().data(), static_cast<int>(cursor.value().size())) ||
        !entry.signal.ParseFromString(record.signal())) {
      return Damaged(entry.key);
    }
    entries.push_back(std::move(entry));
  }
  RETURN_IF_ERROR(cursor.status());
  return entries;
}

base::Status SignalOutbox::Remove(const std::vector<Entry>& entries) {
  storage::Batch batch;
  for (const Entry& entry : entries) batch.Delete(kOutbox, entry.key);
  return store_->Write(batch);
}

base::StatusOr<std::uint64_t> SignalOutbox::Depth() const {
  std::uint64_t depth = 0;
  storage::Cursor cursor = store_->Scan(kOutbox, "", "");
  for (; cursor.Valid(); cursor.Next()) ++depth;
  RETURN_IF_ERROR(cursor.status());
  return depth;
}

}  // namespace belgrand::detection
