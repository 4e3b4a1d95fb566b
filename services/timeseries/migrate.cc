#include "services/timeseries/migrate.h"

#include <map>
#include <vector>

#include "platform/base/log.h"
#include "services/timeseries/convert.h"
#include "services/timeseries/row_chunk.h"

namespace belgrand::timeseries {
namespace {

constexpr std::size_t kVersionsPerValue = 2048;
constexpr std::uint64_t kLogEvery = 1'000'000;

base::Status Damaged(std::uint64_t sequence) {
  return base::DataLoss(
      "number {} of the feed (format 1) points to no version: run fsck of the version that wrote "
      "it, restore a backup",
      sequence);
}

// The marks of rows that moved, by the number of the version that moved them: few.
base::StatusOr<std::map<std::uint64_t, Record>> ReadMarks(const storage::Store& store) {
  std::map<std::uint64_t, Record> marks;
  storage::Cursor cursor = store.Scan(kOldSeriesFamily, "", "");
  Record record;
  for (; cursor.Valid(); cursor.Next()) {
    if (!record.ParseFromArray(cursor.value().data(), static_cast<int>(cursor.value().size()))) {
      return base::DataLoss("a version (format 1) cannot be read: restore a backup");
    }
    if (record.moved_away()) marks[record.feed_sequence()].Swap(&record);
  }
  RETURN_IF_ERROR(cursor.status());
  return marks;
}

base::StatusOr<std::uint64_t> EndOfLog(const storage::Store& store) {
  std::uint64_t end = 0;
  storage::Cursor cursor = store.Scan(kLogFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) end = ParseFeedKey(cursor.key()).value_or(0);
  RETURN_IF_ERROR(cursor.status());
  return end;
}

class Migration {
 public:
  Migration(storage::Store& store, std::map<std::uint64_t, Record> marks)
      : store_(store), marks_(std::move(marks)) {}

  base::Status Copy(std::uint64_t after) {
    storage::Cursor cursor = store_.Scan(kOldFeedFamily, FeedKey(after + 1), "");
    std::vector<std::pair<std::uint64_t, std::string>> entries;
    for (; cursor.Valid(); cursor.Next()) {
      const auto sequence = ParseFeedKey(cursor.key());
      if (!sequence || *sequence != ++after) {
        return base::DataLoss("the feed (format 1) has a gap at {}: restore a backup", after);
      }
      entries.emplace_back(*sequence, cursor.value());
      if (entries.size() == kVersionsPerValue) RETURN_IF_ERROR(CopyEntries(entries));
    }
    RETURN_IF_ERROR(cursor.status());
    return CopyEntries(entries);
  }

 private:
  base::Status CopyEntries(std::vector<std::pair<std::uint64_t, std::string>>& entries) {
    if (entries.empty()) return base::OkStatus();
    std::vector<std::string> keys;
    for (const auto& [sequence, key] : entries) {
      if (!key.empty()) keys.push_back(key);
    }
    ASSIGN_OR_RETURN(const auto values, store_.MultiGet(kOldSeriesFamily, keys));
    std::vector<Record> rows;
    rows.reserve(2 * entries.size());
    auto value = values.begin();
    for (const auto& [sequence, key] : entries) {
      Record& record = rows.emplace_back();
      if (key.empty()) {  // expired: only its number is left
        record.set_feed_sequence(sequence);
        continue;
      }
      if (!*value || !record.ParseFromString(**value) || record.feed_sequence() != sequence) {
        return Damaged(sequence);
      }
      ++value;
      const std::string hash = record.content_hash();
      record.clear_content_hash();
      if (ContentHashOf(record) != hash) record.set_content_hash(hash);
    }
    for (auto mark = marks_.lower_bound(entries.front().first);
         mark != marks_.end() && mark->first <= entries.back().first; ++mark) {
      rows.push_back(mark->second);
    }
    std::vector<const Record*> pointers;
    for (const Record& record : rows) pointers.push_back(&record);
    storage::Batch batch;
    batch.Put(kLogFamily, FeedKey(entries.back().first), EncodeRows(pointers));
    RETURN_IF_ERROR(store_.Write(batch));
    if (entries.back().first / kLogEvery != (entries.front().first - 1) / kLogEvery) {
      base::Log(base::LogLevel::kInfo, "format_change",
                {{"versions", static_cast<std::int64_t>(entries.back().first)}});
    }
    entries.clear();
    return base::OkStatus();
  }

  storage::Store& store_;
  const std::map<std::uint64_t, Record> marks_;
};

}  // namespace

base::Status MigrateFromFormat1(storage::Store& store) {
  base::Log(base::LogLevel::kInfo, "format_change",
            {{"from", 1}, {"to", static_cast<int>(kFormatVersion)}});
  ASSIGN_OR_RETURN(auto marks, ReadMarks(store));
  ASSIGN_OR_RETURN(const std::uint64_t done, EndOfLog(store));
  RETURN_IF_ERROR(Migration(store, std::move(marks)).Copy(done));
  storage::Batch batch;
  batch.DeleteRange(kOldSeriesFamily, "", "");
  batch.DeleteRange(kOldRowsFamily, "", "");
  batch.DeleteRange(kOldFeedFamily, "", "");
  batch.Put(kMetaFamily, kFormatKey, MetaNumber(kFormatVersion));
  return store.Write(batch);
}

}  // namespace belgrand::timeseries
