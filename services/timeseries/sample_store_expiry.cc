// The forgetting half of SampleStore.
//
// The walk reads pages without a lock and holds the decision lock only while a page is changed, so
// appends go on. Each page is one batch: a crash leaves whole pages done, and the next call does
// the rest.
#include <map>

#include "compliance/expiry_plan.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::timeseries {
namespace {

using Verdict = compliance::ExpiryTally::Verdict;

constexpr std::size_t kPageRecords = 256;

struct StoredRecord {
  std::string key;
  Record record;
  Verdict verdict = Verdict::kKeep;
};

base::Status Unreadable(std::string_view what) {
  return base::DataLoss("{} cannot be read: run fsck, restore a backup", what);
}

// Records from `from` on, at most a page; moves `from` past them, empty at the end.
base::StatusOr<std::vector<StoredRecord>> ReadPage(const storage::Store& store, std::string& from) {
  std::vector<StoredRecord> page;
  storage::Cursor cursor = store.Scan(kSeriesFamily, from, "");
  for (; cursor.Valid() && page.size() < kPageRecords; cursor.Next()) {
    StoredRecord& stored = page.emplace_back();
    stored.key = cursor.key();
    if (!stored.record.ParseFromArray(cursor.value().data(),
                                      static_cast<int>(cursor.value().size()))) {
      return Unreadable("a stored version");
    }
  }
  RETURN_IF_ERROR(cursor.status());
  from = cursor.Valid() ? std::string(cursor.key()) : std::string();
  return page;
}

// The changes of one page. REQUIRES: the decision lock, until the batch is written.
class PageRemoval {
 public:
  PageRemoval(const storage::Store& store, const compliance::ExpiryTally& tally)
      : store_(store), tally_(tally) {}

  base::Status Add(StoredRecord& stored) {
    if (stored.verdict == Verdict::kClearFields) {
      compliance::ClearExpiredFields(tally_.policies(), &stored.record, tally_.now());
      batch_.Put(kSeriesFamily, stored.key, stored.record.SerializeAsString());
      return base::OkStatus();
    }
    batch_.Delete(kSeriesFamily, stored.key);
    if (stored.record.moved_away()) return base::OkStatus();
    // The number stays, pointing to nothing: followers that count on consecutive numbers go on.
    batch_.Put(kFeedFamily, FeedKey(stored.record.feed_sequence()), "");
    return ForgetVersion(stored);
  }

  storage::Batch TakeBatch() {
    for (const auto& [key, head] : heads_) {
      if (head.version_keys().empty()) {
        batch_.Delete(kRowsFamily, key);
      } else {
        batch_.Put(kRowsFamily, key, head.SerializeAsString());
      }
    }
    batch_.Put(kMetaFamily, kCompactionDueKey, "");
    return std::move(batch_);
  }

 private:
  base::Status ForgetVersion(const StoredRecord& stored) {
    const std::string row_key = RowKey(stored.record);
    auto known = heads_.find(row_key);
    if (known == heads_.end()) {
      ASSIGN_OR_RETURN(const auto value, store_.Get(kRowsFamily, row_key));
      storage::v1::RowHead head;
      if (!value || !head.ParseFromString(*value)) return Unreadable("a row head");
      known = heads_.emplace(row_key, std::move(head)).first;
    }
    auto& keys = *known->second.mutable_version_keys();
    for (auto it = keys.begin(); it != keys.end(); ++it) {
      if (*it != stored.key) continue;
      keys.erase(it);
      break;
    }
    return base::OkStatus();
  }

  const storage::Store& store_;
  const compliance::ExpiryTally& tally_;
  std::map<std::string, storage::v1::RowHead> heads_;  // by RowKey
  storage::Batch batch_;
};

}  // namespace

base::StatusOr<std::vector<compliance::v1::ExpiryLine>> SampleStore::PlanExpiry(
    base::Instant now) const {
  compliance::ExpiryTally tally(*Record::descriptor(), now);
  std::string from;
  do {
    ASSIGN_OR_RETURN(const auto page, ReadPage(*store_, from));
    for (const StoredRecord& stored : page) tally.Count(stored.record);
  } while (!from.empty());
  return tally.Lines();
}

base::StatusOr<std::vector<compliance::v1::ExpiryLine>> SampleStore::ApplyExpiry(
    base::Instant now) {
  const base::MutexLock one_at_a_time(expiry_mutex_);
  compliance::ExpiryTally tally(*Record::descriptor(), now);
  std::string from;
  do {
    ASSIGN_OR_RETURN(auto page, ReadPage(*store_, from));
    for (StoredRecord& stored : page) stored.verdict = tally.Count(stored.record);
    std::erase_if(page, [](const auto& stored) { return stored.verdict == Verdict::kKeep; });
    if (page.empty()) continue;
    // A stored version never changes but by expiry, so the page may be older than the lock; row
    // heads do change and are read under it.
    const base::MutexLock deciding(decide_mutex_);
    PageRemoval removal(*store_, tally);
    for (StoredRecord& stored : page) RETURN_IF_ERROR(removal.Add(stored));
    RETURN_IF_ERROR(store_->Write(removal.TakeBatch()));
  } while (!from.empty());

  ASSIGN_OR_RETURN(const auto due, store_->Get(kMetaFamily, kCompactionDueKey));
  if (due) {
    RETURN_IF_ERROR(store_->CompactAll());
    storage::Batch done;
    done.Delete(kMetaFamily, kCompactionDueKey);
    RETURN_IF_ERROR(store_->Write(done));
  }
  return tally.Lines();
}

}  // namespace belgrand::timeseries
