// The newest quantified value of each series, for one warning: a jump by a factor of ten is asked
// about, not swallowed.
//
// A series here is what one laboratory reads at one site for one target, gene and method: another
// method may measure another level, and such a step is a seam, not a slip. What is stored of a site
// and target is asked for once, when the first row of it comes; from then on this process keeps up
// by itself. (Where several intakes run, each sees what it stored and what was there when it first
// asked.) Bounded: at most kMaxSeries series, all forgotten when there are more.
//
// Thread safety: safe.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/mutex.h"
#include "sample/row.h"
#include "sample/sample.h"

namespace belgrand::ingest {

class LastValues {
 public:
  static constexpr std::size_t kMaxSeries = 100'000;

  // Borrows.
  explicit LastValues(timeseries::v1::TimeseriesService::StubInterface& timeseries)
      : timeseries_(timeseries) {}

  // Reads what is stored of series not asked for before. Best effort: a store that does not answer
  // costs warnings, never rows. To be called before the rows are stored.
  void Prepare(const std::vector<const sample::Measurement*>& rows);

  // The rows of one batch, in order: each is compared with those before it. Nothing is remembered
  // until Commit, so that a dry run says what storing would say.
  class Batch {
   public:
    explicit Batch(LastValues& values) : values_(values) {}
    // The warning against the value before it, where that is known and at most 35 days older.
    std::optional<sample::Violation> Compare(const sample::Measurement& measurement);
    void Commit();

   private:
    friend class LastValues;
    struct Last {
      base::Instant collected_at;
      double value = 0;
    };
    using BySeries = absl::flat_hash_map<std::uint64_t, Last>;
    LastValues& values_;
    BySeries newer_;
  };

 private:
  using Last = Batch::Last;
  using BySeries = Batch::BySeries;

  static void Put(BySeries& series, std::uint64_t key, Last last);

  timeseries::v1::TimeseriesService::StubInterface& timeseries_;
  mutable base::Mutex mutex_;
  BySeries by_series_ GUARDED_BY(mutex_);
  // Sites and targets.
  std::unordered_set<std::uint64_t> asked_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::ingest
