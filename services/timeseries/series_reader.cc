// The reading half of SampleStore: series and feed.
#include <algorithm>
#include <limits>

#include "platform/storage/keys.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::timeseries {
namespace {

// Bounds one call over a stretch of the feed whose records have all expired.
constexpr std::uint64_t kMaxEntries = 100000;

// Whether two rows at one place of one series are versions of one row, and the order of those
// that are not.
int CompareRows(const RowRef& a, const RowRef& b) {
  for (const int field : kRowWithinSeries) {
    const int order = a.chunk->text(a.row, field).compare(b.chunk->text(b.row, field));
    if (order != 0) return order;
  }
  return 0;
}

std::int64_t MicrosOr(const std::optional<base::Instant>& instant, std::int64_t otherwise) {
  return instant ? base::ToMicros(*instant) : otherwise;
}

}  // namespace

SeriesReader::SeriesReader(const storage::Store& store, const SeriesQuery& query,
                           base::Instant as_of, RecentRows::SeriesRows recent)
    : store_(store),
      prefix_(SeriesPrefix(query.site_id, query.target)),
      from_us_(MicrosOr(query.from, std::numeric_limits<std::int64_t>::min())),
      to_us_(MicrosOr(query.to, std::numeric_limits<std::int64_t>::max())),
      as_of_us_(base::ToMicros(as_of)),
      settled_(recent.settled),
      recent_(std::move(recent.rows)),
      next_stretch_(StretchOf(from_us_)) {}

base::StatusOr<std::vector<Record>> SeriesReader::Next(std::size_t max_rows) {
  std::vector<Record> page;
  while (page.size() < max_rows) {
    if (given_ == rows_.size()) {
      ASSIGN_OR_RETURN(const bool any, Load());
      if (!any) break;
      page.reserve(std::min(max_rows, page.size() + rows_.size()));
      continue;
    }
    const RowRef& ref = rows_[given_++].ref;
    ref.chunk->Get(ref.row, page.emplace_back());
  }
  return page;
}

void SeriesReader::Consider(const std::shared_ptr<const RowChunk>& chunk, std::size_t row) {
  const std::int64_t collected = chunk->collected_at_us(row);
  if (collected < from_us_ || collected >= to_us_ || chunk->recorded_at_us(row) > as_of_us_) return;
  rows_.push_back({{chunk, row}, collected});
}

base::StatusOr<std::optional<std::int64_t>> SeriesReader::TakeChunks(
    std::optional<std::int64_t> recent) {
  std::optional<std::int64_t> stretch = recent;
  storage::Cursor cursor = store_.Scan(kSeriesFamily, StretchPrefix(prefix_, next_stretch_),
                                       storage::PrefixEnd(prefix_));
  for (; cursor.Valid(); cursor.Next()) {
    const auto here = ParseStretch(prefix_, cursor.key());
    if (!here) return base::DataLoss("a key of a series is damaged: run fsck, restore a backup");
    if (stretch && *here > *stretch) break;
    stretch = here;
    ASSIGN_OR_RETURN(const auto chunk, RowChunk::Parse(std::string(cursor.value())));
    for (std::size_t row = 0; row < chunk->size(); ++row) {
      // Later ones are among the recent rows of this reader.
      if (chunk->sequence(row) <= settled_) Consider(chunk, row);
    }
  }
  RETURN_IF_ERROR(cursor.status());
  return stretch;
}

base::StatusOr<bool> SeriesReader::Load() {
  rows_.clear();
  given_ = 0;
  while (rows_.empty()) {
    const std::int64_t last = StretchOf(to_us_ - 1);
    std::optional<std::int64_t> recent;
    for (const RowRef& ref : recent_) {
      const std::int64_t stretch = StretchOf(ref.chunk->collected_at_us(ref.row));
      if (stretch >= next_stretch_ && (!recent || stretch < *recent)) recent = stretch;
    }
    if (next_stretch_ > last) return false;
    ASSIGN_OR_RETURN(const auto stretch, TakeChunks(recent));
    if (!stretch || *stretch > last) return false;
    for (const RowRef& ref : recent_) {
      if (StretchOf(ref.chunk->collected_at_us(ref.row)) == *stretch) Consider(ref.chunk, ref.row);
    }
    next_stretch_ = *stretch + 1;
    KeepNewest();
  }
  return true;
}

// Of each place its newest version; nothing where that has moved away or was taken back.
void SeriesReader::KeepNewest() {
  const auto before = [](const Row& a, const Row& b) {
    if (a.collected_at_us != b.collected_at_us) return a.collected_at_us < b.collected_at_us;
    const int order = CompareRows(a.ref, b.ref);
    if (order != 0) return order < 0;
    return a.ref.chunk->version(a.ref.row) < b.ref.chunk->version(b.ref.row);
  };
  if (!std::is_sorted(rows_.begin(), rows_.end(), before)) {
    std::sort(rows_.begin(), rows_.end(), before);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const bool last = i + 1 == rows_.size() ||
                      rows_[i].collected_at_us != rows_[i + 1].collected_at_us ||
                      CompareRows(rows_[i].ref, rows_[i + 1].ref) != 0;
    if (!last || rows_[i].ref.chunk->moved_away(rows_[i].ref.row) ||
        rows_[i].ref.chunk->voided(rows_[i].ref.row)) {
      continue;
    }
    if (kept != i) rows_[kept] = std::move(rows_[i]);
    ++kept;
  }
  rows_.resize(kept);
}

std::uint64_t SampleStore::NewestFeed() const {
  const base::MutexLock lock(state_mutex_);
  return newest_feed_;
}

base::StatusOr<FeedPage> SampleStore::ReadFeed(std::uint64_t after, std::size_t max_rows) const {
  FeedPage page;
  page.newest = NewestFeed();
  page.last_read = after;
  // Not past `newest`: entries beyond it belong to a commit that is not on disk for certain.
  while (page.last_read < page.newest && page.records.size() < max_rows &&
         page.last_read - after < kMaxEntries) {
    ASSIGN_OR_RETURN(const auto rows, log_.Containing(page.last_read + 1));
    if (!rows) {
      return base::DataLoss("the feed has a gap after {}: run fsck, restore a backup",
                            page.last_read);
    }
    const std::uint64_t last = std::min(rows->last, page.newest);
    while (page.last_read < last && page.records.size() < max_rows) {
      const std::size_t row = ++page.last_read - rows->first;
      if (!rows->chunk->gone(row)) rows->chunk->Get(row, page.records.emplace_back());
    }
  }
  return page;
}

base::Status SampleStore::ScanSeries(
    const std::function<void(const RowChunk&, std::size_t)>& visit) {
  RETURN_IF_ERROR(Settle());
  storage::Cursor cursor = store_->Scan(kSeriesFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(const auto chunk, RowChunk::Parse(std::string(cursor.value())));
    for (std::size_t row = 0; row < chunk->size(); ++row) {
      if (!chunk->moved_away(row)) visit(*chunk, row);
    }
  }
  return cursor.status();
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
