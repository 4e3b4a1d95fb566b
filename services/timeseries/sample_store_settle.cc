// The settling half of SampleStore: from the log to what makes rows quick to find.
//
// A generation of recent rows becomes chunks of series, a run of identities and, where commits were
// small, larger values of the log, all in one batch with the number up to which that holds. A crash
// before it leaves the rows in the log alone, and they are settled anew.
#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "platform/base/log.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::timeseries {
namespace {

// Values of the log with fewer versions than this on average are put together.
constexpr std::uint64_t kSmallCommit = 512;
constexpr std::size_t kMergedCommit = 2048;
constexpr auto kRetry = std::chrono::seconds(1);

struct Placed {
  std::int64_t collected_at_us = 0;
  std::uint64_t sequence = 0;
  RowPlace place;

  bool operator<(const Placed& other) const {
    return std::tie(collected_at_us, sequence) < std::tie(other.collected_at_us, other.sequence);
  }
};

// The rows of a generation by series, stretch and time of collection.
class SeriesSorter {
 public:
  // Borrows the chunk.
  void Add(const RowChunk& chunk) {
    for (std::size_t row = 0; row < chunk.size(); ++row) {
      if (chunk.gone(row)) continue;
      const Name name{chunk.text(row, Record::kSiteIdFieldNumber),
                      chunk.text(row, Record::kTargetFieldNumber)};
      if (last_ == nullptr || name != last_name_) {
        last_ = &rows_[name];
        last_name_ = name;
      }
      last_->push_back({chunk.collected_at_us(row), chunk.sequence(row), {&chunk, row}});
    }
  }
  void PutChunks(storage::Batch& batch) {
    // In order of their keys, in which the engine takes them at a fraction of the cost.
    std::vector<std::pair<std::string, std::vector<Placed>*>> series;
    series.reserve(rows_.size());
    for (auto& [name, rows] : rows_) {
      series.emplace_back(SeriesPrefix(name.first, name.second), &rows);
    }
    std::sort(series.begin(), series.end());
    for (const auto& [prefix, placed] : series) {
      std::vector<Placed>& rows = *placed;
      // Most come in the order in which they were collected.
      if (!std::is_sorted(rows.begin(), rows.end())) std::sort(rows.begin(), rows.end());
      for (auto from = rows.begin(); from != rows.end();) {
        const std::int64_t stretch = StretchOf(from->collected_at_us);
        const auto to = std::find_if(
            from, from + std::min(rows.end() - from, kMaxSeriesChunk),
            [&](const Placed& row) { return StretchOf(row.collected_at_us) != stretch; });
        PutChunk(prefix, stretch, {from, to}, batch);
        from = to;
      }
    }
  }

 private:
  static constexpr std::ptrdiff_t kMaxSeriesChunk = 1024;

  using Name = std::pair<std::string_view, std::string_view>;  // site and target
  struct NameHash {
    std::size_t operator()(const Name& name) const {
      const std::hash<std::string_view> hash;
      return hash(name.first) * 31 + hash(name.second);
    }
  };

  // No two chunks of a stretch have a number in common, so their least ones differ.
  static void PutChunk(const std::string& prefix, std::int64_t stretch,
                       std::span<const Placed> rows, storage::Batch& batch) {
    std::vector<RowPlace> places;
    places.reserve(rows.size());
    std::uint64_t first = rows[0].sequence;
    for (const Placed& row : rows) {
      places.push_back(row.place);
      first = std::min(first, row.sequence);
    }
    batch.Put(kSeriesFamily, SeriesChunkKey(prefix, stretch, first), EncodeRows(places));
  }

  std::unordered_map<Name, std::vector<Placed>, NameHash> rows_;
  std::vector<Placed>* last_ = nullptr;
  Name last_name_;
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
