#include "services/detection/signal_outbox.h"

#include "belgrand/storage/v1/setup_record.pb.h"
#include "platform/base/time.h"
#include "platform/storage/keys.h"
#include "services/shared/timestamp.h"

namespace belgrand::detection {
namespace {

constexpr storage::Family kProgress = 0;
constexpr storage::Family kOutbox = 1;
constexpr std::string_view kProgressKey = "progress";
constexpr std::string_view kHoldPrefix = "hold/";
constexpr std::string_view kGapPrefix = "gap/";
constexpr std::string_view kSetupPrefix = "setup/";

// Entries of older versions had no generation before the feed number.
constexpr std::size_t kOldKeyBytes = 12;

std::string KeyUnder(std::string_view prefix, const v1::Signal& signal) {
  std::string key(prefix);
  storage::AppendText(key, signal.district_id());
  storage::AppendText(key, signal.signal_key());
  return key;
}

std::string Stored(const v1::Signal& signal) {
  storage::v1::SignalRecord record;
  record.set_signal(signal.SerializeAsString());
  return record.SerializeAsString();
}

bool Parse(std::string_view value, v1::Signal& signal) {
  storage::v1::SignalRecord record;
  return record.ParseFromArray(value.data(), static_cast<int>(value.size())) &&
         signal.ParseFromString(record.signal());
}

v1::Signal WithoutEvidence(v1::Signal signal) {
  signal.clear_evidence();
  return signal;
}

base::Status Damaged(std::string_view key) {
  std::string_view rest = key;
  if (rest.size() > kOldKeyBytes) rest.remove_prefix(sizeof(std::uint64_t));
  const auto sequence = storage::TakeUint64(rest);
  return base::DataLoss("detection outbox: the entry of feed number {} is damaged",
                        sequence ? std::to_string(*sequence) : "(unreadable key)");
}

std::string OutboxKey(const v1::Signal& signal, std::uint32_t index) {
  std::string key;
  storage::AppendUint64(key, signal.generation());
  storage::AppendUint64(key, signal.feed_sequence());
  storage::AppendUint32(key, index);
  return key;
}

template <typename Take>
base::Status Each(const storage::Store& store, std::string_view prefix, Take take) {
  storage::Cursor cursor = store.Scan(kProgress, prefix, storage::PrefixEnd(prefix));
  for (; cursor.Valid(); cursor.Next()) {
    v1::Signal signal;
    if (!Parse(cursor.value(), signal)) {
      return base::DataLoss("detection: the record of a held signal is damaged");
    }
    take(std::move(signal));
  }
  return cursor.status();
}

}  // namespace

void Follow(Holds& holds, const v1::Signal& signal) {
  const std::pair<std::string, std::string> key{signal.district_id(), signal.signal_key()};
  if (signal.phase() == v1::Signal::CLEARED) {
    holds.erase(key);
  } else {
    holds[key] = WithoutEvidence(signal);
  }
}

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

base::StatusOr<storage::v1::DetectionProgress> SignalOutbox::LoadProgress() const {
  ASSIGN_OR_RETURN(const auto value, store_->Get(kProgress, kProgressKey));
  storage::v1::DetectionProgress progress;
  if (value && !progress.ParseFromString(*value)) {
    return base::DataLoss("detection: the progress record is damaged");
  }
  return progress;
}

base::StatusOr<Holds> SignalOutbox::LoadHolds() const {
  Holds holds;
  RETURN_IF_ERROR(Each(*store_, kHoldPrefix, [&](v1::Signal signal) { Follow(holds, signal); }));
  return holds;
}

base::StatusOr<Holds> SignalOutbox::LoadGaps() const {
  Holds gaps;
  RETURN_IF_ERROR(Each(*store_, kGapPrefix, [&](v1::Signal signal) {
    const std::pair<std::string, std::string> key{signal.district_id(), signal.signal_key()};
    gaps[key] = std::move(signal);
  }));
  return gaps;
}

base::StatusOr<std::vector<v1::Setup>> SignalOutbox::LoadSetups() const {
  std::vector<v1::Setup> setups;
  storage::Cursor cursor = store_->Scan(kProgress, kSetupPrefix, storage::PrefixEnd(kSetupPrefix));
  for (; cursor.Valid(); cursor.Next()) {
    storage::v1::SetupRecord record;
    if (!record.ParseFromArray(cursor.value().data(), static_cast<int>(cursor.value().size())) ||
        !setups.emplace_back().ParseFromString(record.setup())) {
      return base::DataLoss("detection: the record of what has judged is damaged");
    }
  }
  RETURN_IF_ERROR(cursor.status());
  return setups;
}

base::Status SignalOutbox::AddSetup(const v1::Setup& setup) {
  std::string key(kSetupPrefix);
  const std::int64_t since_us = base::ToMicros(shared::ToInstant(setup.since()));
  storage::AppendUint64(key, static_cast<std::uint64_t>(since_us));
  storage::v1::SetupRecord record;
  record.set_setup(setup.SerializeAsString());
  storage::Batch batch;
  batch.Put(kProgress, key, record.SerializeAsString());
  return store_->Write(batch);
}

base::Status SignalOutbox::CommitGaps(const std::vector<v1::Signal>& signals) {
  storage::Batch batch;
  std::uint32_t index = 0;
  for (const v1::Signal& signal : signals) {
    batch.Put(kOutbox, OutboxKey(signal, index++), Stored(signal));
    if (signal.phase() == v1::Signal::CLEARED) {
      batch.Delete(kProgress, KeyUnder(kGapPrefix, signal));
    } else {
      batch.Put(kProgress, KeyUnder(kGapPrefix, signal), Stored(signal));
    }
  }
  return store_->Write(batch);
}

base::Status SignalOutbox::Commit(const storage::v1::DetectionProgress& progress,
                                  const std::vector<v1::Signal>& signals) {
  storage::Batch batch;
  batch.Put(kProgress, kProgressKey, progress.SerializeAsString());
  std::uint32_t index = 0;
  for (const v1::Signal& signal : signals) {
    batch.Put(kOutbox, OutboxKey(signal, index++), Stored(signal));
    if (signal.phase() == v1::Signal::CLEARED) {
      batch.Delete(kProgress, KeyUnder(kHoldPrefix, signal));
    } else {
      batch.Put(kProgress, KeyUnder(kHoldPrefix, signal), Stored(WithoutEvidence(signal)));
    }
  }
  return store_->Write(batch);
}

base::StatusOr<std::vector<SignalOutbox::Entry>> SignalOutbox::Oldest(std::size_t most) const {
  std::vector<Entry> entries;
  storage::Cursor cursor = store_->Scan(kOutbox, "", "");
  for (; cursor.Valid() && entries.size() < most; cursor.Next()) {
    Entry entry;
    entry.key = std::string(cursor.key());
    if (!Parse(cursor.value(), entry.signal)) return Damaged(entry.key);
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
