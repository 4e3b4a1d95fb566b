#include "services/timeseries/row_log.h"

namespace belgrand::timeseries {

base::StatusOr<LogRows> ParseLogValue(std::string_view key, std::string value,
                                      RowChunk::Columns columns) {
  LogRows rows;
  ASSIGN_OR_RETURN(rows.chunk, RowChunk::Parse(std::move(value), columns));
  rows.first = rows.chunk->sequence(0);
  const auto last = ParseFeedKey(key);
  if (!last || *last < rows.first || *last - rows.first >= rows.chunk->size() ||
      rows.chunk->sequence(*last - rows.first) != *last) {
    return base::DataLoss("the log is damaged at {}: run fsck, restore a backup", rows.first);
  }
  rows.last = *last;
  return rows;
}

base::StatusOr<std::optional<LogRows>> RowLog::Containing(std::uint64_t sequence) const {
  std::uint64_t forgotten = 0;
  {
    const base::MutexLock lock(mutex_);
    forgotten = forgotten_;
    for (auto it = kept_.begin(); it != kept_.end(); ++it) {
      if (sequence < it->first || sequence > it->last) continue;
      kept_.splice(kept_.begin(), kept_, it);
      return std::optional<LogRows>(*it);
    }
  }
  const storage::Cursor cursor = store_.Scan(kLogFamily, FeedKey(sequence), "");
  if (!cursor.Valid()) {
    RETURN_IF_ERROR(cursor.status());
    return std::optional<LogRows>();
  }
  ASSIGN_OR_RETURN(LogRows rows, ParseLogValue(cursor.key(), std::string(cursor.value())));
  if (sequence < rows.first) {
    return base::DataLoss("the feed has a gap at {}: run fsck, restore a backup", sequence);
  }
  const base::MutexLock lock(mutex_);
  // Else it may have been read before the replacement.
  if (forgotten == forgotten_) {
    kept_.push_front(rows);
    if (kept_.size() > kKeptChunks) kept_.pop_back();
  }
  return std::optional<LogRows>(std::move(rows));
}

void RowLog::Forget() {
  const base::MutexLock lock(mutex_);
  kept_.clear();
  ++forgotten_;
}

}  // namespace belgrand::timeseries
