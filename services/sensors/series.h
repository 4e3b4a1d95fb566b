// The readings of one sensor: what is in memory of them, and the changes of what is on disk.
//
// The newest readings are *open*: judged and sorted in memory, raw on disk in rows, one a request.
// When they fill a chunk they are sealed into it. The last reading always stays open, because its
// spike test needs the next one; so what a chunk holds is judged to the end.
//
// Life of a request: Intake(series), Add for each batch, Plan into a storage batch, write that,
// Apply. When the write fails the intake is dropped and nothing has changed.
//
// Not thread-safe: whoever holds `mutex` owns it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/storage/v1/sensor_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/storage/store.h"
#include "sensor/judge.h"
#include "sensor/limits.h"
#include "sensor/point.h"
#include "sensor/sequence_window.h"
#include "services/sensors/weaver.h"

namespace belgrand::sensors {

// Readings of one sensor as they came, units and times checked.
struct Arrival {
  std::uint64_t epoch = 0;
  std::uint64_t first_sequence = 1;
  // nullopt: rejected before; it only takes its number.
  std::vector<std::optional<sensor::Point>> readings;
};

struct Receipt {
  std::uint64_t acknowledged_through = 0;
  std::uint32_t stored = 0;
  std::uint32_t duplicate = 0;
  std::uint32_t conflicting = 0;
  // The numbers of the epoch have too many gaps: nothing was dealt with.
  bool too_many_gaps = false;
  std::array<std::uint32_t, 10> by_flag{};  // of what was stored, by number of Flag
};

class Series {
 public:
  static constexpr std::size_t kMaxEpochs = 8;

  Series(storage::Store& store, std::string prefix, sensor::LimitsHistory history);

  // What is on disk of it. DataLoss: damaged.
  base::Status Load();
  // REQUIRES: later versions only hold from after the newest reading on.
  base::Status SetLimits(sensor::LimitsHistory history);

  enum class Extent { kFullChunks, kEverything };
  // Moves open readings into chunks, all but the last; does nothing when there are too few.
  base::Status Seal(Extent extent);

  const sensor::Points& open() const { return open_; }
  const std::string& prefix() const { return prefix_; }
  // Where the chunks end; nullopt: there are none.
  std::optional<std::int64_t> sealed_through() const { return sealed_through_; }
  // Deletes the chunks that end before an instant from the front on; how many. One batch.
  base::StatusOr<std::size_t> Expire(std::int64_t before_us);

  base::Mutex mutex;

 private:
  friend class Intake;
  struct Epoch {
    std::uint64_t number = 0;
    sensor::SequenceWindow window;
  };

  void PutRecord(const std::optional<std::int64_t>& sealed_through,
                 const std::vector<Epoch>& epochs, storage::Batch& batch) const;
  base::Status LoadRecord();
  base::Status LoadOpen();
  base::Status JudgeOpen();
  void AppendInOrder(const sensor::Point& point);
  base::Status PlanSeal(std::size_t count, storage::Batch& batch, std::int64_t& sealed_through,
                        std::uint64_t& row);

  storage::Store& store_;
  const std::string prefix_;
  sensor::LimitsHistory history_;
  sensor::Points open_;
  std::optional<sensor::Judge> judge_;  // after the last open reading
  std::vector<std::uint64_t> rows_;     // on disk, in the open family
  std::uint64_t next_row_ = 1;
  std::optional<std::int64_t> sealed_through_;
  std::optional<std::int64_t> expired_through_;
  std::vector<Epoch> epochs_;  // the newest at the end
};

// Holds several series at once, always in the same order: two holders cannot wait for each other.
class SeriesLocks {
 public:
  // No analysis: clang cannot follow locks in a container.
  explicit SeriesLocks(std::set<std::shared_ptr<Series>> series)
      BELGRAND_TS(no_thread_safety_analysis)
      : series_(std::move(series)) {
    for (const auto& one : series_) one->mutex.lock();
  }
  ~SeriesLocks() BELGRAND_TS(no_thread_safety_analysis) {
    for (const auto& one : series_) one->mutex.unlock();
  }
  SeriesLocks(const SeriesLocks&) = delete;
  SeriesLocks& operator=(const SeriesLocks&) = delete;

 private:
  const std::set<std::shared_ptr<Series>> series_;
};

// One request's readings of one sensor.
class Intake {
 public:
  explicit Intake(Series& series) : series_(series), epochs_(series.epochs_) {}

  // `receipt` is complete after Apply and must live until then.
  void Add(const Arrival& arrival, Receipt& receipt);
  // Adds what has to be written to `batch`. As Weaver::Add.
  base::Status Plan(storage::Batch& batch);
  // After the batch is on disk.
  base::Status Apply();

 private:
  struct Fresh {
    sensor::Point point;
    Receipt* receipt;
  };

  Series::Epoch& EpochOf(std::uint64_t number);
  void Place(const sensor::Point& point, Receipt& receipt);
  static void Compare(const sensor::Point& known, const sensor::Point& point, Receipt& receipt);
  void SortFresh();
  base::Status Weave(storage::Batch& batch);

  Series& series_;
  std::vector<Series::Epoch> epochs_;
  bool epochs_changed_ = false;
  std::vector<Fresh> fresh_;  // for the open part; Plan puts them in order
  std::vector<Fresh> late_;
  std::unique_ptr<Weaver> weaver_;
  std::uint64_t row_ = 0;
};

}  // namespace belgrand::sensors
