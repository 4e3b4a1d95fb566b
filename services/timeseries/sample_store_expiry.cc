// The forgetting half of SampleStore.
//
// The log is walked first: what expires there is counted and taken out, value by value, each one
// batch. Then the series are walked and lose the same. A crash leaves whole values done, the mark
// `compaction_due` says so, and the next call does the rest. Appends go on meanwhile; the decision
// lock is held only while a value is replaced.
#include <algorithm>
#include <map>
#include <memory>

#include "compliance/expiry_plan.h"
#include "services/timeseries/convert.h"
#include "services/timeseries/sample_store.h"
#include "services/timeseries/scope.h"

namespace belgrand::timeseries {
namespace {

using compliance::ExpiryTally;
using Verdict = ExpiryTally::Verdict;

constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kMaxMergedRows = 1024;

// What is left of the rows of a chunk, cleared of what expired; nothing when nothing did. `gone`
// keeps the number of a version that is deleted.
enum class Numbers { kKeep, kDrop };
// What a held row is replaced by; nothing: it is lost. Absent: it stays as it is.
using Held = std::function<std::optional<Record>(const Record&)>;
std::optional<std::vector<Record>> Judge(const RowChunk& chunk, Numbers numbers, ExpiryTally& tally,
                                         const ExpiryTally::IsHeld& is_held,
                                         const Held& held = nullptr) {
  std::vector<Record> rows;
  bool changed = false;
  bool is_kept = false;
  const ExpiryTally::IsHeld ask = [&](const google::protobuf::Message& record) {
    return is_kept = is_held(record);
  };
  rows.reserve(chunk.size());
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    Record record = chunk.Get(i);
    is_kept = false;
    const Verdict verdict = chunk.gone(i) ? Verdict::kKeep : tally.Count(record, ask);
    changed |= verdict != Verdict::kKeep;
    if (verdict == Verdict::kDeleteRecord) {
      if (numbers == Numbers::kDrop || record.moved_away()) continue;
      const std::uint64_t sequence = record.feed_sequence();
      record.Clear();
      record.set_feed_sequence(sequence);
    } else if (verdict == Verdict::kClearFields) {
      // What is cleared is part of the hash: it is kept from now on.
      record.set_content_hash(ContentHashOf(record));
      compliance::ClearExpiredFields(tally.policies(), &record, tally.now());
    } else if (is_kept && held != nullptr) {
      std::optional<Record> other = held(record);
      if (!other || other->SerializeAsString() != record.SerializeAsString()) changed = true;
      if (!other) continue;
      record = *std::move(other);
    }
    rows.push_back(std::move(record));
  }
  if (!changed) return std::nullopt;
  return rows;
}

std::string Encode(const std::vector<Record>& rows) {
  std::vector<const Record*> pointers;
  pointers.reserve(rows.size());
  for (const Record& record : rows) pointers.push_back(&record);
  return EncodeRows(pointers);
}

// Puts chunks of one stretch together as far as they fit into one.
class SeriesMerger {
 public:
  explicit SeriesMerger(storage::Batch& batch) : batch_(batch) {}

  // In the order of the keys.
  void Add(std::string_view key, std::shared_ptr<const RowChunk> chunk) {
    const std::string_view here = key.substr(0, key.size() - std::min(key.size(), kNumberBytes));
    if (here != stretch_ || rows_ + chunk->size() > kMaxMergedRows) Finish();
    stretch_ = here;
    rows_ += chunk->size();
    group_.emplace_back(key, std::move(chunk));
  }
  void Finish() {
    if (group_.size() > 1) Put();
    group_.clear();
    rows_ = 0;
  }
  // Written so far.
  std::size_t bytes() const { return bytes_; }

 private:
  void Put() {
    std::vector<RowPlace> places;
    places.reserve(rows_);
    for (const auto& [key, chunk] : group_) {
      batch_.Delete(kSeriesFamily, key);
      for (std::size_t row = 0; row < chunk->size(); ++row) places.push_back({chunk.get(), row});
    }
    std::sort(places.begin(), places.end(), [](const RowPlace& a, const RowPlace& b) {
      const auto at = [](const RowPlace& p) {
        return std::pair(p.chunk->collected_at_us(p.row), p.chunk->sequence(p.row));
      };
      return at(a) < at(b);
    });
    // Chunks of a stretch come in the order of their least numbers: the first has the least.
    const std::string merged = EncodeRows(places);
    bytes_ += merged.size();
    batch_.Put(kSeriesFamily, group_.front().first, merged);
  }

  storage::Batch& batch_;
  std::string stretch_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::pair<std::string, std::shared_ptr<const RowChunk>>> group_;
};

}  // namespace

compliance::HoldMatcher SampleStore::MatcherOf(const compliance::HoldScopes& holds) const {
  using Districts = std::map<std::string, std::vector<std::string>, std::less<>>;
  const auto districts = std::make_shared<Districts>();
  if (std::any_of(holds.begin(), holds.end(),
                  [](const auto& hold) { return !hold.district_ids().empty(); })) {
    for (const auto& site : sites_.List("").sites) {
      districts->emplace(site.site_id(), DistrictsOf(site));
    }
  }
  return {*Record::descriptor(), holds,
          [districts](std::string_view site_id) -> std::vector<std::string> {
            const auto found = districts->find(site_id);
            return found == districts->end() ? std::vector<std::string>() : found->second;
          }};
}

bool SampleStore::IsHeld(const compliance::HoldMatcher& holds, const Record& record) const {
  if (holds.empty()) return false;
  const auto matches = [&](const Record& version) {
    return holds.Keeps(version, base::FromMicros(version.recorded_at_us()));
  };
  if (!record.moved_away() && matches(record)) return true;
  if (record.version() <= 1) return false;
  const auto versions =
      History(record.laboratory_id(), record.sample_id(), record.target(), record.gene());
  // What cannot be read is not deleted.
  if (!versions.ok()) return versions.status().code() != base::StatusCode::kNotFound;
  return std::any_of(versions->begin(), versions->end(), [&](const Record& version) {
    return version.version() <= record.version() && matches(version);
  });
}

base::StatusOr<std::optional<Record>> SampleStore::InLog(const Record& record) const {
  ASSIGN_OR_RETURN(const auto rows, log_.Containing(record.feed_sequence()));
  for (std::size_t i = 0; rows && i < rows->chunk->size(); ++i) {
    if (rows->chunk->sequence(i) != record.feed_sequence() || rows->chunk->gone(i)) continue;
    Record found = rows->chunk->Get(i);
    if (found.moved_away() == record.moved_away()) return std::optional<Record>(std::move(found));
  }
  return std::optional<Record>();
}

base::StatusOr<std::vector<compliance::v1::ExpiryLine>> SampleStore::PlanExpiry(
    base::Instant now, const compliance::HoldScopes& holds) const {
  const compliance::HoldMatcher matcher = MatcherOf(holds);
  const auto is_held = [&](const google::protobuf::Message& record) {
    return IsHeld(matcher, static_cast<const Record&>(record));
  };
  ExpiryTally tally(*Record::descriptor(), now);
  storage::Cursor cursor = store_->Scan(kLogFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(const auto chunk, RowChunk::Parse(std::string(cursor.value())));
    Judge(*chunk, Numbers::kKeep, tally, is_held);
  }
  RETURN_IF_ERROR(cursor.status());
  return tally.Lines();
}

base::StatusOr<bool> SampleStore::RewriteLog(const JudgeChunk& judge) {
  bool changed = false;
  const std::uint64_t settled = recent_.settled();
  // A cursor a value: an open one would keep alive what is deleted.
  for (std::uint64_t next = 1; next <= settled;) {
    std::string key;
    std::string value;
    {
      const storage::Cursor cursor = store_->Scan(kLogFamily, FeedKey(next), "");
      RETURN_IF_ERROR(cursor.status());
      if (!cursor.Valid()) break;
      key = cursor.key();
      value = cursor.value();
    }
    ASSIGN_OR_RETURN(const LogRows rows, ParseLogValue(key, std::move(value)));
    next = rows.last + 1;
    const auto judged = judge(*rows.chunk);
    if (!judged) continue;
    changed = true;
    storage::Batch batch;
    batch.Put(kLogFamily, key, Encode(*judged));
    batch.Put(kMetaFamily, kCompactionDueKey, "");
    const base::MutexLock deciding(decide_mutex_);
    RETURN_IF_ERROR(store_->Write(batch));
    log_.Forget();
  }
  return changed;
}

base::Status SampleStore::RewriteSeries(const JudgeChunk& judge) {
  std::string from;
  for (;;) {
    std::string key;
    std::string value;
    {
      const storage::Cursor cursor = store_->Scan(kSeriesFamily, from, "");
      RETURN_IF_ERROR(cursor.status());
      if (!cursor.Valid()) return base::OkStatus();
      key = cursor.key();
      value = cursor.value();
    }
    from = key + '\0';
    ASSIGN_OR_RETURN(const auto chunk, RowChunk::Parse(std::move(value)));
    const auto judged = judge(*chunk);
    if (!judged) continue;
    storage::Batch batch;
    if (judged->empty()) {
      batch.Delete(kSeriesFamily, key);
    } else {
      batch.Put(kSeriesFamily, key, Encode(*judged));
    }
    RETURN_IF_ERROR(store_->Write(batch));
  }
}

// The series lose what the log has lost. What a hold keeps now may have left the log before the
// hold was placed, when a crash came in between: of that, the log is asked.
base::Status SampleStore::FollowLog(base::Instant now, const compliance::HoldMatcher& holds) {
  ExpiryTally uncounted(*Record::descriptor(), now);
  base::Status status;
  const auto is_held = [&](const google::protobuf::Message& record) {
    return IsHeld(holds, static_cast<const Record&>(record));
  };
  const auto held = [&](const Record& record) -> std::optional<Record> {
    auto in_log = InLog(record);
    if (in_log.ok()) return *std::move(in_log);
    status = in_log.status();
    return record;
  };
  RETURN_IF_ERROR(RewriteSeries([&](const RowChunk& chunk) {
    return Judge(chunk, Numbers::kDrop, uncounted, is_held, held);
  }));
  return status;
}

base::StatusOr<std::vector<compliance::v1::ExpiryLine>> SampleStore::ApplyExpiry(
    base::Instant now, const compliance::HoldScopes& holds) {
  const base::MutexLock one_at_a_time(rewrite_mutex_);
  RETURN_IF_ERROR(Settle());
  const compliance::HoldMatcher matcher = MatcherOf(holds);
  const auto is_held = [&](const google::protobuf::Message& record) {
    return IsHeld(matcher, static_cast<const Record&>(record));
  };
  ExpiryTally tally(*Record::descriptor(), now);
  RETURN_IF_ERROR(RewriteLog([&](const RowChunk& chunk) {
                    return Judge(chunk, Numbers::kKeep, tally, is_held);
                  }).status());
  ASSIGN_OR_RETURN(const auto due, store_->Get(kMetaFamily, kCompactionDueKey));
  if (due) {
    RETURN_IF_ERROR(FollowLog(now, matcher));
    RETURN_IF_ERROR(store_->CompactAll());
    storage::Batch done;
    done.Delete(kMetaFamily, kCompactionDueKey);
    RETURN_IF_ERROR(store_->Write(done));
  }
  return tally.Lines();
}

base::Status SampleStore::Compact() {
  const base::MutexLock one_at_a_time(rewrite_mutex_);
  RETURN_IF_ERROR(Settle());
  RETURN_IF_ERROR(MergeSeries());
  RETURN_IF_ERROR(identities_.MergeAll());
  return store_->CompactAll();
}

// Neighbours of one stretch that fit into one chunk become one.
base::Status SampleStore::MergeSeries() {
  constexpr std::size_t kWriteBytes = std::size_t{4} << 20;
  std::string from;
  for (bool at_end = false; !at_end;) {
    // What one batch rewrites is read through one cursor, and is not read again.
    storage::Batch batch;
    {
      SeriesMerger merger(batch);
      storage::Cursor cursor = store_->Scan(kSeriesFamily, from, "");
      for (; cursor.Valid() && merger.bytes() < kWriteBytes; cursor.Next()) {
        ASSIGN_OR_RETURN(auto chunk, RowChunk::Parse(std::string(cursor.value())));
        merger.Add(cursor.key(), std::move(chunk));
      }
      RETURN_IF_ERROR(cursor.status());
      at_end = !cursor.Valid();
      if (!at_end) from = cursor.key();
      merger.Finish();
    }
    RETURN_IF_ERROR(store_->Write(batch));
  }
  return base::OkStatus();
}

}  // namespace belgrand::timeseries
