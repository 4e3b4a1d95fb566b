// Reads the log of all versions by their numbers, settled or not.
//
// Keeps the chunks that were read last, parsed: pages of one chunk are read one after the other.
//
// Thread safety: safe.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/storage/store.h"
#include "services/timeseries/row_chunk.h"

namespace belgrand::timeseries {

// A value of the log and the numbers of the versions in it, both inclusive.
struct LogRows {
  std::shared_ptr<const RowChunk> chunk;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// Versions come first in a chunk, in order; marks follow. DataLoss when the key does not fit.
base::StatusOr<LogRows> ParseLogValue(std::string_view key, std::string value,
                                      RowChunk::Columns columns = RowChunk::Columns::kAll);

class RowLog {
 public:
  static constexpr std::size_t kKeptChunks = 16;

  explicit RowLog(const storage::Store& store) : store_(store) {}

  // The chunk that holds the number; nothing beyond the end.
  base::StatusOr<std::optional<LogRows>> Containing(std::uint64_t sequence) const;
  // After chunks were replaced by others with other content.
  void Forget();

 private:
  const storage::Store& store_;
  mutable base::Mutex mutex_;
  mutable std::list<LogRows> kept_ GUARDED_BY(mutex_);  // the newest use first
  mutable std::uint64_t forgotten_ GUARDED_BY(mutex_) = 0;
};

}  // namespace belgrand::timeseries
