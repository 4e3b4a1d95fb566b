// The reading half of SampleStore: series and feed.
#include "platform/storage/keys.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::timeseries {
namespace {

// Bounds one call over a stretch of the feed whose records have all expired.
constexpr std::uint64_t kMaxEntries = 100000;

base::Status Unreadable() {
  return base::DataLoss("a stored version cannot be read: run fsck, restore a backup");
}

bool Parse(std::string_view bytes, Record& record) {
  return record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

base::StatusOr<std::vector<Record>> SeriesReader::Next(std::size_t max_rows) {
  std::vector<Record> rows;
  if (at_end_) return rows;
  storage::Cursor cursor = store_.Scan(kSeriesFamily, from_, to_);
  std::string place;
  Record version;
  Record newest;
  while (cursor.Valid()) {
    // One place: its versions in ascending order, of which the newest that was known by then
    // counts.
    if (rows.size() == max_rows) {
      from_ = std::string(cursor.key());
      return rows;
    }
    place = PlaceOf(cursor.key());
    bool any = false;
    for (; cursor.Valid() && PlaceOf(cursor.key()) == place; cursor.Next()) {
      if (!Parse(cursor.value(), version)) return Unreadable();
      if (base::FromMicros(version.recorded_at_us()) > as_of_) continue;
      any = true;
      newest.Swap(&version);
    }
    if (any && !newest.moved_away() && !newest.voided()) rows.push_back(std::move(newest));
  }
  RETURN_IF_ERROR(cursor.status());
  at_end_ = true;
  return rows;
}

std::uint64_t SampleStore::NewestFeed() const {
  const base::MutexLock lock(state_mutex_);
  return newest_feed_;
}

base::StatusOr<FeedPage> SampleStore::ReadFeed(std::uint64_t after, std::size_t max_rows) const {
  FeedPage page;
  page.newest = NewestFeed();
  page.last_read = after;
  std::vector<std::string> keys;
  // Not past `newest`: entries beyond it belong to a commit that is not on disk for certain.
  storage::Cursor cursor = store_->Scan(kFeedFamily, FeedKey(after + 1), FeedKey(page.newest + 1));
  for (; cursor.Valid() && keys.size() < max_rows && page.last_read - after < kMaxEntries;
       cursor.Next()) {
    const auto sequence = ParseFeedKey(cursor.key());
    if (!sequence || *sequence != page.last_read + 1) {
      return base::DataLoss("the feed has a gap after {}: run fsck, restore a backup",
                            page.last_read);
    }
    page.last_read = *sequence;
    if (!cursor.value().empty()) keys.emplace_back(cursor.value());
  }
  RETURN_IF_ERROR(cursor.status());
  ASSIGN_OR_RETURN(const auto values, store_->MultiGet(kSeriesFamily, keys));
  for (const std::optional<std::string>& value : values) {
    if (!value) continue;  // expired since the entry was read
    if (!Parse(*value, page.records.emplace_back())) return Unreadable();
  }
  return page;
}

bool SampleStore::WaitForFeed(std::uint64_t after, base::Duration timeout) {
  const base::MutexLock lock(state_mutex_);
  const std::uint64_t wakes = wakes_;
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (newest_feed_ <= after && wakes_ == wakes) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    state_changed_.WaitFor(state_mutex_, left);
  }
  return newest_feed_ > after;
}

void SampleStore::WakeFeedWaiters() {
  const base::MutexLock lock(state_mutex_);
  ++wakes_;
  state_changed_.NotifyAll();
}

}  // namespace belgrand::timeseries
