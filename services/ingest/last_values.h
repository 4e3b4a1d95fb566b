// The newest quantified value of each series that this process stored, for one warning: a jump by a
// factor of ten is asked about, not swallowed.
//
// In memory only: after a restart the first value of a series is not compared. Bounded: at most
// kMaxSeries series.
//
// Thread safety: safe.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "platform/base/mutex.h"
#include "sample/row.h"
#include "sample/sample.h"

namespace belgrand::ingest {

class LastValues {
 public:
  static constexpr std::size_t kMaxSeries = 100'000;

  // The warning against the value before it, where that is known and at most 35 days older.
  std::optional<sample::Violation> Compare(const sample::Measurement& measurement) const;
  void Remember(const sample::Measurement& measurement);

 private:
  struct Last {
    base::Instant collected_at;
    double value = 0;
  };

  mutable base::Mutex mutex_;
  std::unordered_map<std::string, Last> by_series_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::ingest
