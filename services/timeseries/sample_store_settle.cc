// The settling half of SampleStore: from the log to what makes rows quick to find.
//
// A generation of recent rows becomes chunks of series, a run of identities and, where commits were
// small, larger values of the log, all in one batch with the number up to which that holds. A crash
// before it leaves the rows in the log alone, and they are settled anew.
#include <algorithm>
#include <unordered_map>

#include "platform/base/log.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::timeseries {
namespace {

// Values of the log with fewer versions than this on average are put together.
constexpr std::uint64_t kSmallCommit = 512;
constexpr std::size_t kMergedCommit = 2048;
constexpr auto kRetry = std::chrono::seconds(1);

struct Placed {
  std::uint32_t series = 0;
  std::int64_t collected_at_us = 0;
  std::uint64_t sequence = 0;
  RowPlace place;

  bool SameChunk(const Placed& other) const {
    return series == other.series && StretchOf(collected_at_us) == StretchOf(other.collected_at_us);
  }
};

// The rows of a generation by series, stretch and time of collection.
class SeriesSorter {
 public:
  void Add(const RowChunk& chunk) {
    for (std::size_t row = 0; row < chunk.size(); ++row) {
      if (chunk.gone(row)) continue;
      const std::string_view site = chunk.text(row, Record::kSiteIdFieldNumber);
      const std::string_view target = chunk.text(row, Record::kTargetFieldNumber);
      if (site != last_site_ || target != last_target_) {
        last_series_ = Number(SeriesPrefix(site, target));
        last_site_ = site;
        last_target_ = target;
      }
      rows_.push_back(
          {last_series_, chunk.collected_at_us(row), chunk.sequence(row), {&chunk, row}});
    }
  }
  void PutChunks(storage::Batch& batch) {
    std::sort(rows_.begin(), rows_.end(), [](const Placed& a, const Placed& b) {
      if (a.series != b.series) return a.series < b.series;
      if (a.collected_at_us != b.collected_at_us) return a.collected_at_us < b.collected_at_us;
      return a.sequence < b.sequence;
    });
    for (auto from = rows_.begin(); from != rows_.end();) {
      const auto to = std::find_if(from, from + std::min(rows_.end() - from, kMaxSeriesChunk),
                                   [&](const Placed& row) { return !row.SameChunk(*from); });
      PutChunk({from, to}, batch);
      from = to;
    }
  }

 private:
  static constexpr std::ptrdiff_t kMaxSeriesChunk = 1024;

  std::uint32_t Number(const std::string& prefix) {
    const auto [it, fresh] =
        numbers_.try_emplace(prefix, static_cast<std::uint32_t>(numbers_.size()));
    if (fresh) prefixes_.push_back(&it->first);
    return it->second;
  }
  // No two chunks of a stretch have a number in common, so their least ones differ.
  void PutChunk(std::span<const Placed> rows, storage::Batch& batch) const {
    std::vector<RowPlace> places;
    places.reserve(rows.size());
    std::uint64_t first = rows[0].sequence;
    for (const Placed& row : rows) {
      places.push_back(row.place);
      first = std::min(first, row.sequence);
    }
    batch.Put(kSeriesFamily,
              SeriesChunkKey(*prefixes_[rows[0].series], StretchOf(rows[0].collected_at_us), first),
              EncodeRows(places));
  }

  std::vector<Placed> rows_;
  std::unordered_map<std::string, std::uint32_t> numbers_;  // by SeriesPrefix
  std::vector<const std::string*> prefixes_;
  std::string_view last_site_;
  std::string_view last_target_;
  std::uint32_t last_series_ = 0;
};

// One value for several small commits: their versions in order, then their marks.
void PutMergedLog(const Generation& generation,
                  const std::vector<std::shared_ptr<const RowChunk>>& parsed,
                  storage::Batch& batch) {
  const auto& chunks = generation.chunks();
  if (generation.rows() >= kSmallCommit * chunks.size()) return;
  std::vector<RowPlace> versions;
  std::vector<RowPlace> marks;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    for (std::size_t row = 0; row < parsed[i]->size(); ++row) {
      (parsed[i]->moved_away(row) ? marks : versions).push_back({parsed[i].get(), row});
    }
    batch.Delete(kLogFamily, FeedKey(chunks[i]->last));
    if (versions.size() < kMergedCommit && i + 1 < chunks.size()) continue;
    versions.insert(versions.end(), marks.begin(), marks.end());
    batch.Put(kLogFamily, FeedKey(chunks[i]->last), EncodeRows(versions));
    versions.clear();
    marks.clear();
  }
}

}  // namespace

base::Status SampleStore::SettleOnce() {
  const std::shared_ptr<const Generation> generation = recent_.Turn();
  if (generation == nullptr) return base::OkStatus();
  std::vector<std::shared_ptr<const RowChunk>> parsed;
  std::vector<IdentityEntry> entries;
  SeriesSorter series;
  for (const auto& chunk : generation->chunks()) {
    ASSIGN_OR_RETURN(parsed.emplace_back(), chunk->Rows());
    series.Add(*parsed.back());
    for (std::size_t row = 0; row < chunk->codes.size(); ++row) {
      if (!parsed.back()->gone(row)) entries.push_back({chunk->codes[row], chunk->first + row});
    }
  }
  storage::Batch batch;
  series.PutChunks(batch);
  PutMergedLog(*generation, parsed, batch);
  batch.Put(kMetaFamily, kSettledKey, MetaNumber(generation->last()));
  {
    const base::MutexLock listing(identities_.list_mutex());
    const IdentityRun run =
        identities_.Put(generation->first(), generation->last(), entries, batch);
    RETURN_IF_ERROR(store_->Write(batch));
    identities_.Added(run, entries);
  }
  // Only now: until here the rows are found among the recent ones.
  recent_.Drop();
  return base::OkStatus();
}

base::Status SampleStore::Settle() {
  const base::MutexLock lock(settle_mutex_);
  const std::uint64_t newest = NewestFeed();
  while (recent_.settled() < newest) RETURN_IF_ERROR(SettleOnce());
  return base::OkStatus();
}

void SampleStore::WaitForRoom() {
  const base::MutexLock lock(settler_mutex_);
  while (!stopping_ && recent_.current_rows() >= 4 * limits_.settle_rows &&
         store_->WriteStatus().ok()) {
    settled_wake_.WaitFor(settler_mutex_, std::chrono::milliseconds(100));
  }
}

void SampleStore::RunSettler() {
  while (!stopping_) {
    {
      const base::MutexLock lock(settler_mutex_);
      if (!stopping_ && recent_.current_rows() < limits_.settle_rows) {
        settler_wake_.WaitFor(settler_mutex_, kRetry);
      }
    }
    if (stopping_ || recent_.current_rows() < limits_.settle_rows) continue;
    base::Status status;
    {
      const base::MutexLock lock(settle_mutex_);
      status = SettleOnce();
    }
    const base::MutexLock lock(settler_mutex_);
    settled_wake_.NotifyAll();
    merger_wake_.NotifyAll();
    if (status.ok()) continue;
    base::Log(base::LogLevel::kError, "settling_failed", {{"reason", base::Message(status)}});
    if (!stopping_) settler_wake_.WaitFor(settler_mutex_, kRetry);
  }
}

void SampleStore::RunMerger() {
  const auto stop = [this] { return stopping_.load(); };
  base::Status status = identities_.Warm(stop);
  while (!stopping_) {
    if (status.ok()) status = identities_.Merge(stop);
    if (!status.ok()) {
      base::Log(base::LogLevel::kError, "identities_not_merged",
                {{"reason", base::Message(status)}});
      status = base::OkStatus();
    }
    const base::MutexLock lock(settler_mutex_);
    if (!stopping_) merger_wake_.WaitFor(settler_mutex_, kRetry);
  }
}

}  // namespace belgrand::timeseries
