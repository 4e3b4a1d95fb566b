// Finds the settled rows of an identity: packed runs on disk and a filter in memory before them.
//
// A run holds (code, number) of a range of the feed, ordered by code in blocks that a code's first
// bits name, so that a look is one block a run. Runs are merged by fours, so that there are few.
// The filter is not stored: Open starts with none, and Warm reads it from the runs; until then
// every look goes to the runs. A second, smaller filter says of most codes that one settled number
// at most has them: whoever has found that one need not look for others.
//
// Thread safety: safe; one thread at a time puts.
// Invariant: the runs cover the numbers 1 to the last settled one, each number in exactly one run.
// A crash during a merge leaves blocks that no run of the list has: Load deletes them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/storage/store.h"
#include "services/timeseries/identity.h"
#include "services/timeseries/identity_filter.h"

namespace belgrand::timeseries {

struct IdentityEntry {
  IdentityCode code = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const IdentityEntry&) const = default;
};

struct IdentityRun {
  std::uint64_t first = 0;  // numbers of the feed, both inclusive
  std::uint64_t last = 0;
  std::uint32_t block_bits = 0;  // it has 2^block_bits blocks

  std::uint64_t size() const { return last - first + 1; }
  bool operator==(const IdentityRun&) const = default;
};

std::string EncodeRuns(const std::vector<IdentityRun>& runs);
base::StatusOr<std::vector<IdentityRun>> DecodeRuns(std::string_view bytes);
std::string RunBlockKey(const IdentityRun& run, std::uint64_t block);
// Appends the entries of a block in order of code. DataLoss: damaged.
base::Status DecodeRunBlock(std::string_view bytes, std::uint64_t first,
                            std::vector<IdentityEntry>& entries);

class IdentityIndex {
 public:
  // Borrows the store.
  IdentityIndex(storage::Store& store, std::size_t filter_bytes)
      : store_(store), filter_(filter_bytes), repeated_(filter_bytes / 8) {}

  base::Status Load();

  // False: no settled row has the code, for certain.
  bool MayHold(IdentityCode code) const { return !warm_ || filter_.MayHold(code); }
  // Sets the bits of those codes of which that is not certain.
  void MarkHeld(std::span<const IdentityCode> codes, std::vector<bool>& held) const;
  // False: at most one settled row has the code, for certain.
  bool MayRepeat(IdentityCode code) const { return !warm_ || repeated_.MayHold(code); }
  // Numbers of settled rows with the code, in ascending order.
  base::StatusOr<std::vector<std::uint64_t>> Find(IdentityCode code) const;

  // Puts a run of the numbers first to last into the batch; Added once it is on disk. Entries in
  // any order; a number that expired before has none.
  IdentityRun Put(std::uint64_t first, std::uint64_t last, std::vector<IdentityEntry> entries,
                  storage::Batch& batch);
  void Added(const IdentityRun& run, const std::vector<IdentityEntry>& entries);
  // Held from Put to Added, so that no merge changes the list in between.
  base::Mutex& list_mutex() { return list_mutex_; }
  // Merges runs while four neighbours are of about one size. `stop` ends it between steps.
  base::Status Merge(const std::function<bool()>& stop);
  // Merges all runs into one.
  base::Status MergeAll();
  // Fills the filter from the runs, then uses it.
  base::Status Warm(const std::function<bool()>& stop);

  std::vector<IdentityRun> runs() const {
    const base::MutexLock lock(mutex_);
    return runs_;
  }
  std::size_t filter_bytes() const { return filter_.bytes() + repeated_.bytes(); }

 private:
  // REQUIRES: list_mutex_.
  void Remember(const std::vector<IdentityEntry>& entries);
  // REQUIRES: merge_mutex_.
  base::Status MergeRuns(const std::vector<IdentityRun>& runs, std::size_t from, std::size_t to,
                         const std::function<bool()>& stop);
  base::Status DeleteRun(const IdentityRun& run);
  base::Status DeleteLeftovers(const std::vector<IdentityRun>& runs);

  storage::Store& store_;
  IdentityFilter filter_;
  IdentityFilter repeated_;
  std::atomic<bool> warm_ = false;
  base::Mutex merge_mutex_;  // one merge at a time; taken before list_mutex_
  base::Mutex list_mutex_;   // taken before mutex_
  mutable base::Mutex mutex_;
  std::vector<IdentityRun> runs_ GUARDED_BY(mutex_);  // in order of their numbers
};

}  // namespace belgrand::timeseries
