// Puts late readings into the chunks where they belong, and judges again what they touch.
//
// One use: Add every late reading, Finish, and write the batch. Chunks that received readings, and
// those whose flags changed by it, are written whole; a chunk that became too large is split.
//
// Not thread-safe. Borrows everything. REQUIRES: the series does not change meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "platform/storage/store.h"
#include "sensor/limits.h"
#include "sensor/point.h"

namespace belgrand::sensors {

class Weaver {
 public:
  // Chunks of the past that one request may change for a sensor.
  static constexpr std::size_t kMaxChunks = 64;
  enum class Outcome { kStored, kDuplicate, kConflicting };

  // `open`: the readings after the last chunk, which ends at `sealed_through_us`.
  Weaver(const storage::Store& store, const std::string& prefix,
         const sensor::LimitsHistory& history, const sensor::Points& open,
         std::int64_t sealed_through_us)
      : store_(store),
        prefix_(prefix),
        history_(history),
        open_(open),
        sealed_through_us_(sealed_through_us) {}

  // REQUIRES: not earlier than the point added before, earlier than the open readings.
  // InvalidArgument: too many chunks.
  base::StatusOr<Outcome> Add(const sensor::Point& point);
  base::Status Finish(storage::Batch& batch);

  bool empty() const { return added_ == 0; }
  // REQUIRES: Finish. The newest instant at which something was added.
  std::int64_t newest_us() const { return newest_us_; }
  // REQUIRES: Finish. Where the last chunk ends now.
  std::int64_t sealed_through_us() const { return sealed_through_us_; }
  // REQUIRES: Finish, and that it was stored.
  const sensor::Point& Find(std::int64_t time_us) const;

 private:
  struct Work {
    sensor::Points points;
    sensor::Points added;  // not in `points` yet
    bool changed = false;
  };

  base::StatusOr<Work*> ChunkOf(std::int64_t time_us);
  base::StatusOr<Work*> Load(std::int64_t last_us, std::string_view value);
  base::Status JudgeZone(std::int64_t from_us, std::int64_t to_us);
  base::StatusOr<sensor::Points> Before(std::int64_t first_us, std::int64_t until_us);
  base::Status Write(std::int64_t last_us, const Work& work, storage::Batch& batch);

  const storage::Store& store_;
  const std::string& prefix_;
  const sensor::LimitsHistory& history_;
  const sensor::Points& open_;
  std::int64_t sealed_through_us_;
  // By the last instant of the chunk as stored.
  std::map<std::int64_t, Work> work_;
  Work* current_ = nullptr;
  std::int64_t current_last_us_ = 0;
  std::size_t touched_ = 0;
  std::size_t added_ = 0;
  std::int64_t newest_us_ = 0;
};

}  // namespace belgrand::sensors
