#include "services/timeseries/identity_index.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "platform/storage/keys.h"
#include "services/timeseries/columns.h"

namespace belgrand::timeseries {
namespace {

// A block is read whole for one look.
constexpr std::uint64_t kEntriesPerBlock = 512;
constexpr std::uint32_t kMaxBlockBits = 24;
// A run's numbers above its first; more rows than that need another form.
constexpr unsigned kMaxNumberBits = 48;
constexpr std::size_t kMergeFanIn = 4;
constexpr std::size_t kWriteBytes = std::size_t{2} << 20;
// Codes lie in no order, each in another line of the filter, which is fetched before.
constexpr std::size_t kAhead = 8;

std::uint32_t BlockBits(std::uint64_t entries) {
  const auto bits = static_cast<std::uint32_t>(std::bit_width(entries / kEntriesPerBlock));
  return std::min(bits, kMaxBlockBits);
}

std::uint64_t BlockOf(const IdentityRun& run, IdentityCode code) {
  return code >> (kIdentityCodeBits - run.block_bits);
}

// Runs of one class are merged: each class is four times as large as the one before.
int SizeClass(const IdentityRun& run) { return static_cast<int>(std::bit_width(run.size())) / 2; }

// Bits of a block, the least significant of a byte first.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  ~BitWriter() {
    if (used_ > 0) out_.push_back(static_cast<char>(word_));
  }
  BitWriter(const BitWriter&) = delete;
  BitWriter& operator=(const BitWriter&) = delete;
  // REQUIRES: bits <= 48, value < 2^bits.
  void Put(std::uint64_t value, unsigned bits) {
    word_ |= value << used_;
    for (used_ += bits; used_ >= 8; used_ -= 8, word_ >>= 8U) {
      out_.push_back(static_cast<char>(word_));
    }
  }
  void PutUnary(std::uint64_t ones) {
    for (; ones > 0; --ones) Put(1, 1);
    Put(0, 1);
  }

 private:
  std::string& out_;
  std::uint64_t word_ = 0;
  unsigned used_ = 0;
};

class BitReader {
 public:
  explicit BitReader(std::string_view in) : in_(in) {}
  bool Take(unsigned bits, std::uint64_t& value) {
    for (; used_ < bits; used_ += 8) {
      if (in_.empty()) return false;
      word_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(in_.front())) << used_;
      in_.remove_prefix(1);
    }
    value = word_ & ((std::uint64_t{1} << bits) - 1);
    word_ >>= bits;
    used_ -= bits;
    return true;
  }
  bool TakeUnary(std::uint64_t& ones) {
    for (ones = 0;; ++ones) {
      std::uint64_t bit = 0;
      if (!Take(1, bit)) return false;
      if (bit == 0) return true;
    }
  }
  bool at_end() const { return in_.empty() && word_ == 0; }

 private:
  std::string_view in_;
  std::uint64_t word_ = 0;
  unsigned used_ = 0;
};

// Codes are as good as random: what follows the one before is best told by Rice's code, and nothing
// compresses it further.
std::string EncodeRunBlock(std::span<const IdentityEntry> entries, std::uint64_t first) {
  std::string out;
  AppendVarint(out, entries.size());
  if (entries.empty()) return out;
  std::uint64_t most = 0;
  for (const IdentityEntry& entry : entries) most = std::max(most, entry.sequence - first);
  const std::uint64_t mean = (entries.back().code - entries.front().code) / entries.size();
  const unsigned low_bits = mean == 0 ? 0 : static_cast<unsigned>(std::bit_width(mean)) - 1;
  const auto number_bits = static_cast<unsigned>(std::bit_width(most));
  AppendVarint(out, entries.front().code);
  out.push_back(static_cast<char>(low_bits));
  out.push_back(static_cast<char>(number_bits));
  BitWriter bits(out);
  IdentityCode before = entries.front().code;
  for (const IdentityEntry& entry : entries) {
    const std::uint64_t gap = entry.code - before;
    before = entry.code;
    bits.PutUnary(gap >> low_bits);
    bits.Put(gap & ((std::uint64_t{1} << low_bits) - 1), low_bits);
    bits.Put(entry.sequence - first, number_bits);
  }
  return out;
}

bool DecodePacked(std::string_view bytes, std::uint64_t count, std::uint64_t first,
                  std::vector<IdentityEntry>& entries) {
  IdentityCode code = 0;
  if (!TakeVarint(bytes, code) || bytes.size() < 2) return false;
  const auto low_bits = static_cast<unsigned char>(bytes[0]);
  const auto number_bits = static_cast<unsigned char>(bytes[1]);
  bytes.remove_prefix(2);
  // An entry takes a bit at least.
  if (low_bits > kIdentityCodeBits || number_bits > kMaxNumberBits || count > 8 * bytes.size()) {
    return false;
  }
  BitReader bits(bytes);
  entries.reserve(entries.size() + count);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint64_t number = 0;
    if (!bits.TakeUnary(high) || !bits.Take(low_bits, low) || !bits.Take(number_bits, number)) {
      return false;
    }
    code += (high << low_bits) + low;
    if (code >> kIdentityCodeBits != 0) return false;
    entries.push_back({code, first + number});
  }
  return bits.at_end();
}

// Puts the blocks [from, to) of a run, whose entries these are, in order.
void PutBlocks(const IdentityRun& run, std::uint64_t from, std::uint64_t to,
               std::span<const IdentityEntry> entries, storage::Batch& batch) {
  for (std::uint64_t block = from; block < to; ++block) {
    const auto end = std::find_if(entries.begin(), entries.end(), [&](const IdentityEntry& entry) {
      return BlockOf(run, entry.code) != block;
    });
    const auto mine = entries.first(static_cast<std::size_t>(end - entries.begin()));
    batch.Put(kIdentitiesFamily, RunBlockKey(run, block), EncodeRunBlock(mine, run.first));
    entries = entries.subspan(mine.size());
  }
}

base::Status Damaged(std::string_view what) {
  return base::DataLoss("{} of the identities cannot be read: run fsck, restore a backup", what);
}

}  // namespace

std::string EncodeRuns(const std::vector<IdentityRun>& runs) {
  std::string bytes;
  for (const IdentityRun& run : runs) {
    storage::AppendUint64(bytes, run.first);
    storage::AppendUint64(bytes, run.last);
    storage::AppendUint32(bytes, run.block_bits);
  }
  return bytes;
}

base::StatusOr<std::vector<IdentityRun>> DecodeRuns(std::string_view bytes) {
  std::vector<IdentityRun> runs;
  std::uint64_t next = 1;
  while (!bytes.empty()) {
    const auto first = storage::TakeUint64(bytes);
    const auto last = storage::TakeUint64(bytes);
    const auto bits = storage::TakeUint32(bytes);
    if (!first || !last || !bits || *first != next || *last < *first || *bits > kMaxBlockBits) {
      return Damaged("the list of runs");
    }
    runs.push_back({*first, *last, *bits});
    next = *last + 1;
  }
  return runs;
}

std::string RunBlockKey(const IdentityRun& run, std::uint64_t block) {
  std::string key;
  storage::AppendUint64(key, run.first);
  storage::AppendUint64(key, run.last);
  storage::AppendUint32(key, static_cast<std::uint32_t>(block));
  return key;
}

base::Status DecodeRunBlock(std::string_view bytes, std::uint64_t first,
                            std::vector<IdentityEntry>& entries) {
  std::uint64_t count = 0;
  if (!TakeVarint(bytes, count)) return Damaged("a block");
  if (count == 0) return bytes.empty() ? base::OkStatus() : Damaged("a block");
  return DecodePacked(bytes, count, first, entries) ? base::OkStatus() : Damaged("a block");
}

base::Status IdentityIndex::Load() {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kMetaFamily, kIdentityRunsKey));
  ASSIGN_OR_RETURN(auto runs, DecodeRuns(value.value_or("")));
  RETURN_IF_ERROR(DeleteLeftovers(runs));
  const base::MutexLock lock(mutex_);
  runs_ = std::move(runs);
  warm_ = runs_.empty();
  return base::OkStatus();
}

void IdentityIndex::MarkHeld(std::span<const IdentityCode> codes, std::vector<bool>& held) const {
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (i + kAhead < codes.size()) filter_.Prefetch(codes[i + kAhead]);
    if (MayHold(codes[i])) held[i] = true;
  }
}

base::StatusOr<std::vector<std::uint64_t>> IdentityIndex::Find(IdentityCode code) const {
  std::vector<IdentityRun> looked_at;
  for (;;) {
    const std::vector<IdentityRun> now = runs();
    if (now == looked_at) return Damaged("a block is missing, a run");
    looked_at = now;
    std::vector<std::uint64_t> found;
    std::vector<IdentityEntry> entries;
    bool whole = true;
    for (const IdentityRun& run : now) {
      ASSIGN_OR_RETURN(const auto block,
                       store_.Get(kIdentitiesFamily, RunBlockKey(run, BlockOf(run, code))));
      whole = block.has_value();
      if (!whole) break;  // merged since the list was read: look at the new list
      entries.clear();
      RETURN_IF_ERROR(DecodeRunBlock(*block, run.first, entries));
      for (auto at = std::lower_bound(entries.begin(), entries.end(), IdentityEntry{code, 0});
           at != entries.end() && at->code == code; ++at) {
        found.push_back(at->sequence);
      }
    }
    if (whole) return found;
  }
}

IdentityRun IdentityIndex::Put(std::uint64_t first, std::uint64_t last,
                               std::vector<IdentityEntry> entries, storage::Batch& batch) {
  IdentityRun run{first, last, 0};
  run.block_bits = BlockBits(entries.size());
  std::sort(entries.begin(), entries.end());
  PutBlocks(run, 0, std::uint64_t{1} << run.block_bits, entries, batch);
  std::vector<IdentityRun> all = runs();
  all.push_back(run);
  batch.Put(kMetaFamily, kIdentityRunsKey, EncodeRuns(all));
  return run;
}

void IdentityIndex::Remember(const std::vector<IdentityEntry>& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i + kAhead < entries.size()) filter_.Prefetch(entries[i + kAhead].code);
    const IdentityCode code = entries[i].code;
    if (filter_.MayHold(code)) {
      repeated_.Add(code);
    } else {
      filter_.Add(code);
    }
  }
}

void IdentityIndex::Added(const IdentityRun& run, const std::vector<IdentityEntry>& entries) {
  Remember(entries);
  const base::MutexLock lock(mutex_);
  runs_.push_back(run);
}

base::Status IdentityIndex::Merge(const std::function<bool()>& stop) {
  const base::MutexLock merging(merge_mutex_);
  for (;;) {
    const std::vector<IdentityRun> all = runs();
    std::size_t from = all.size();
    while (from > 0 && !all.empty() && SizeClass(all[from - 1]) <= SizeClass(all.back())) --from;
    if (all.size() - from < kMergeFanIn || stop()) return base::OkStatus();
    RETURN_IF_ERROR(MergeRuns(all, from, all.size(), stop));
  }
}

base::Status IdentityIndex::MergeAll() {
  const base::MutexLock merging(merge_mutex_);
  const std::vector<IdentityRun> all = runs();
  if (all.size() < 2) return base::OkStatus();
  return MergeRuns(all, 0, all.size(), [] { return false; });
}

base::Status IdentityIndex::MergeRuns(const std::vector<IdentityRun>& all, std::size_t from,
                                      std::size_t to, const std::function<bool()>& stop) {
  IdentityRun merged{all[from].first, all[to - 1].last, 0};
  merged.block_bits = BlockBits(merged.size());
  std::uint32_t bits = merged.block_bits;  // of the parts that are merged one after the other
  for (std::size_t i = from; i < to; ++i) bits = std::min(bits, all[i].block_bits);
  storage::Batch batch;
  std::size_t bytes = 0;
  for (std::uint64_t part = 0; part < std::uint64_t{1} << bits; ++part) {
    if (stop()) return base::OkStatus();  // what was written has a name that nothing refers to
    std::vector<IdentityEntry> entries;
    for (std::size_t i = from; i < to; ++i) {
      const std::size_t sorted = entries.size();
      const std::uint64_t blocks = std::uint64_t{1} << (all[i].block_bits - bits);
      storage::Cursor cursor = store_.Scan(kIdentitiesFamily, RunBlockKey(all[i], part * blocks),
                                           RunBlockKey(all[i], (part + 1) * blocks));
      std::uint64_t seen = 0;
      for (; cursor.Valid(); cursor.Next(), ++seen) {
        RETURN_IF_ERROR(DecodeRunBlock(cursor.value(), all[i].first, entries));
      }
      RETURN_IF_ERROR(cursor.status());
      if (seen != blocks) return Damaged("a block is missing, a run");
      std::inplace_merge(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(sorted),
                         entries.end());
    }
    const std::uint64_t blocks = std::uint64_t{1} << (merged.block_bits - bits);
    PutBlocks(merged, part * blocks, (part + 1) * blocks, entries, batch);
    bytes += entries.size() * 8 + blocks * 32;
    if (bytes < kWriteBytes) continue;
    RETURN_IF_ERROR(store_.Write(batch));
    batch = storage::Batch();
    bytes = 0;
  }
  {
    const base::MutexLock listing(list_mutex_);
    // Runs were added behind these at most.
    const std::vector<IdentityRun> now = runs();
    const auto at = [&](std::size_t i) { return now.begin() + static_cast<std::ptrdiff_t>(i); };
    std::vector<IdentityRun> after(now.begin(), at(from));
    after.push_back(merged);
    after.insert(after.end(), at(to), now.end());
    batch.Put(kMetaFamily, kIdentityRunsKey, EncodeRuns(after));
    RETURN_IF_ERROR(store_.Write(batch));
    const base::MutexLock lock(mutex_);
    runs_ = after;
  }
  for (std::size_t i = from; i < to; ++i) RETURN_IF_ERROR(DeleteRun(all[i]));
  return base::OkStatus();
}

base::Status IdentityIndex::DeleteRun(const IdentityRun& run) {
  storage::Batch batch;
  batch.DeleteRange(kIdentitiesFamily, RunBlockKey(run, 0),
                    RunBlockKey(run, std::uint64_t{1} << run.block_bits));
  return store_.Write(batch);
}

base::Status IdentityIndex::DeleteLeftovers(const std::vector<IdentityRun>& runs) {
  std::string from;
  for (;;) {
    std::optional<IdentityRun> found;
    {
      const storage::Cursor cursor = store_.Scan(kIdentitiesFamily, from, "");
      if (!cursor.Valid()) return cursor.status();
      std::string_view key = cursor.key();
      const auto first = storage::TakeUint64(key);
      const auto last = storage::TakeUint64(key);
      if (!first || !last) return Damaged("a key");
      found = IdentityRun{*first, *last, 0};
    }
    from = RunBlockKey(*found, std::uint64_t{1} << kMaxBlockBits);
    const bool listed = std::any_of(runs.begin(), runs.end(), [&](const IdentityRun& run) {
      return run.first == found->first && run.last == found->last;
    });
    if (listed) continue;
    storage::Batch batch;
    batch.DeleteRange(kIdentitiesFamily, RunBlockKey(*found, 0), from);
    RETURN_IF_ERROR(store_.Write(batch));
  }
}

base::Status IdentityIndex::Warm(const std::function<bool()>& stop) {
  if (warm_) return base::OkStatus();
  std::vector<IdentityEntry> entries;
  for (const IdentityRun& run : runs()) {
    storage::Cursor cursor = store_.Scan(kIdentitiesFamily, RunBlockKey(run, 0),
                                         RunBlockKey(run, std::uint64_t{1} << run.block_bits));
    for (; cursor.Valid(); cursor.Next()) {
      if (stop()) return base::OkStatus();
      entries.clear();
      RETURN_IF_ERROR(DecodeRunBlock(cursor.value(), run.first, entries));
      const base::MutexLock listing(list_mutex_);
      Remember(entries);
    }
    RETURN_IF_ERROR(cursor.status());
  }
  warm_ = true;
  return base::OkStatus();
}

}  // namespace belgrand::timeseries
