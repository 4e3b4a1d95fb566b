// The newest rows, in memory until they are settled: what of the log has no run of identities and
// no series on disk yet.
//
// Two generations: the current one grows by commits; Turn makes it the settling one, which Drop
// ends when it is on disk. Chunks are kept as they were written and parsed when somebody reads
// them; the index by series is made by the first reader, so that writing does not wait for it.
//
// Thread safety: safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "services/timeseries/identity_index.h"
#include "services/timeseries/row_chunk.h"

namespace belgrand::timeseries {

// One value of the log: versions of consecutive numbers, then the marks of those that moved.
struct LogChunk {
  std::uint64_t first = 0;  // numbers, both inclusive
  std::uint64_t last = 0;
  std::string bytes;
  std::vector<IdentityCode> codes;  // of the versions, in order

  std::uint64_t size() const { return last - first + 1; }
  // Parsed once; safe from several threads.
  base::StatusOr<std::shared_ptr<const RowChunk>> Rows() const;

 private:
  mutable base::Mutex mutex_;
  mutable std::shared_ptr<const RowChunk> rows_ GUARDED_BY(mutex_);
};

struct RowRef {
  std::shared_ptr<const RowChunk> chunk;
  std::size_t row = 0;
};

// A stretch of the log that is settled as a whole.
class Generation {
 public:
  void Add(std::shared_ptr<const LogChunk> chunk);

  const std::vector<std::shared_ptr<const LogChunk>>& chunks() const { return chunks_; }
  std::uint64_t rows() const { return chunks_.empty() ? 0 : last() - first() + 1; }
  std::uint64_t first() const { return chunks_.front()->first; }
  std::uint64_t last() const { return chunks_.back()->last; }
  std::size_t bytes() const { return bytes_; }

  void Find(IdentityCode code, std::vector<std::uint64_t>& sequences) const;
  // Sets the bits of those codes that a row has.
  void MarkHeld(std::span<const IdentityCode> codes, std::vector<bool>& held) const;
  // Versions and marks at places of the series.
  base::Status Series(const std::string& series_prefix, std::vector<RowRef>& rows);

 private:
  void Insert(IdentityCode code, std::uint64_t offset);
  base::Status IndexSeries();

  std::vector<std::shared_ptr<const LogChunk>> chunks_;
  std::size_t bytes_ = 0;
  // Open addressing: code in the upper bits, offset of the number + 1 below; 0 is free.
  std::vector<std::uint64_t> slots_;
  std::size_t used_ = 0;
  std::unordered_map<std::string, std::vector<RowRef>> series_;  // by SeriesPrefix
  std::size_t series_indexed_ = 0;                               // chunks
};

class RecentRows {
 public:
  void Add(std::shared_ptr<const LogChunk> chunk);
  // Rows that wait for the next Turn.
  std::uint64_t current_rows() const;
  std::size_t bytes() const;
  // The current generation begins to settle, unless one has not been dropped, which is given again:
  // its settling failed. Null when there is nothing to settle. One caller at a time.
  std::shared_ptr<const Generation> Turn();
  // The settling one is on disk. Settled, the number up to which that holds, changes with it.
  void Drop();

  std::vector<std::uint64_t> Find(IdentityCode code) const;
  // Sets the bits of those codes that a row has.
  void MarkHeld(std::span<const IdentityCode> codes, std::vector<bool>& held) const;
  struct SeriesRows {
    std::vector<RowRef> rows;
    std::uint64_t settled = 0;  // rows up to this number are in the series on disk instead
  };
  base::StatusOr<SeriesRows> Series(const std::string& series_prefix);
  std::uint64_t settled() const;
  void set_settled(std::uint64_t settled);

 private:
  mutable base::Mutex mutex_;
  std::shared_ptr<Generation> current_ GUARDED_BY(mutex_) = std::make_shared<Generation>();
  std::shared_ptr<Generation> settling_ GUARDED_BY(mutex_);
  std::uint64_t settled_ GUARDED_BY(mutex_) = 0;
};

}  // namespace belgrand::timeseries
