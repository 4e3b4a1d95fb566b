#include "services/sensors/series.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "platform/base/check.h"
#include "platform/storage/keys.h"
#include "sensor/chunk_codec.h"
#include "services/sensors/layout.h"

namespace belgrand::sensors {
namespace {

using sensor::Point;
using sensor::Points;

bool ByTime(const Point& a, const Point& b) { return a.time_us < b.time_us; }

}  // namespace

Series::Series(storage::Store& store, std::string prefix, sensor::LimitsHistory history)
    : store_(store), prefix_(std::move(prefix)), history_(std::move(history)) {
  judge_.emplace(history_);
}

base::Status Series::LoadRecord() {
  ASSIGN_OR_RETURN(const auto value, store_.Get(kSeriesFamily, prefix_));
  storage::v1::SensorSeriesRecord record;
  if (!value) return base::OkStatus();
  if (!record.ParseFromString(*value)) return base::DataLoss("the state of a series is damaged");
  if (record.has_sealed_through_us()) sealed_through_ = record.sealed_through_us();
  if (record.has_expired_through_us()) expired_through_ = record.expired_through_us();
  for (const auto& stored : record.epochs()) {
    Epoch& epoch = epochs_.emplace_back();
    epoch.number = stored.epoch();
    if (stored.through() > 0) epoch.window.Add(1, stored.through());
    for (int i = 0; i + 1 < stored.spans_size(); i += 2) {
      epoch.window.Add(stored.spans(i), stored.spans(i + 1));
    }
  }
  return base::OkStatus();
}

base::Status Series::LoadOpen() {
  storage::Cursor cursor = store_.Scan(kOpenFamily, prefix_, storage::PrefixEnd(prefix_));
  for (; cursor.Valid(); cursor.Next()) {
    const auto row = ParseOpenKey(prefix_, cursor.key());
    if (!row) return base::DataLoss("a row of open readings has no number: run fsck");
    ASSIGN_OR_RETURN(const Points points, sensor::Decode(cursor.value()));
    open_.insert(open_.end(), points.begin(), points.end());
    rows_.push_back(*row);
    next_row_ = *row + 1;
  }
  RETURN_IF_ERROR(cursor.status());
  std::sort(open_.begin(), open_.end(), ByTime);
  return base::OkStatus();
}

base::Status Series::Load() {
  RETURN_IF_ERROR(LoadRecord());
  RETURN_IF_ERROR(LoadOpen());
  return JudgeOpen();
}

base::Status Series::JudgeOpen() {
  judge_.emplace(history_);
  if (open_.empty()) return base::OkStatus();
  storage::Cursor cursor = ChunksFrom(store_, prefix_, open_.front().time_us - Lookback(history_));
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(Points context, ParseChunk(cursor.value()));
    JudgeAll(*judge_, context);
  }
  RETURN_IF_ERROR(cursor.status());
  JudgeAll(*judge_, open_);
  return base::OkStatus();
}

base::Status Series::SetLimits(sensor::LimitsHistory history) {
  history_ = std::move(history);
  return JudgeOpen();
}

void Series::AppendInOrder(const Point& point) {
  const sensor::Judge::Outcome outcome = judge_->Push(point);
  if (outcome.previous && !open_.empty()) open_.back().mark = *outcome.previous;
  open_.push_back(point);
  open_.back().mark = outcome.mark;
}

void Series::PutRecord(const std::optional<std::int64_t>& sealed_through,
                       const std::vector<Epoch>& epochs, storage::Batch& batch) const {
  storage::v1::SensorSeriesRecord record;
  if (sealed_through) record.set_sealed_through_us(*sealed_through);
  if (expired_through_) record.set_expired_through_us(*expired_through_);
  for (const Epoch& epoch : epochs) {
    auto& stored = *record.add_epochs();
    stored.set_epoch(epoch.number);
    stored.set_through(epoch.window.through());
    for (const auto& [first, last] : epoch.window.islands()) {
      stored.add_spans(first);
      stored.add_spans(last);
    }
  }
  batch.Put(kSeriesFamily, prefix_, record.SerializeAsString());
}

// The first `count` open readings as chunks; a small chunk at the end of the sealed ones is filled
// first, so that sealing early does not leave many small ones.
base::Status Series::PlanSeal(std::size_t count, storage::Batch& batch,
                              std::int64_t& sealed_through, std::uint64_t& row) {
  Points points(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(count));
  if (sealed_through_ && count < kChunkPoints) {
    const std::string key = ChunkKey(prefix_, *sealed_through_);
    ASSIGN_OR_RETURN(const auto value, store_.Get(kChunksFamily, key));
    if (!value) return base::DataLoss("a series has lost its newest chunk: run fsck");
    ASSIGN_OR_RETURN(Points last, ParseChunk(*value));
    if (last.size() + count <= kChunkPoints) {
      last.insert(last.end(), points.begin(), points.end());
      points = std::move(last);
      batch.Delete(kChunksFamily, key);
    }
  }
  for (std::size_t at = 0; at < points.size(); at += kChunkPoints) {
    const auto begin = points.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end =
        points.begin() + static_cast<std::ptrdiff_t>(std::min(at + kChunkPoints, points.size()));
    const Points part(begin, end);
    ASSIGN_OR_RETURN(const std::string chunk, ChunkValue(part));
    batch.Put(kChunksFamily, ChunkKey(prefix_, part.back().time_us), chunk);
  }
  sealed_through = points.back().time_us;
  for (const std::uint64_t old : rows_) batch.Delete(kOpenFamily, OpenKey(prefix_, old));
  row = next_row_;
  ASSIGN_OR_RETURN(const std::string rest,
                   OpenValue({open_.begin() + static_cast<std::ptrdiff_t>(count), open_.end()}));
  batch.Put(kOpenFamily, OpenKey(prefix_, row), rest);
  return base::OkStatus();
}

base::Status Series::Seal(Extent extent) {
  if (open_.size() < 2) return base::OkStatus();
  std::size_t count = open_.size() - 1;
  if (extent == Extent::kFullChunks) count -= count % kChunkPoints;
  if (count == 0) return base::OkStatus();
  storage::Batch batch;
  std::int64_t through = 0;
  std::uint64_t row = 0;
  RETURN_IF_ERROR(PlanSeal(count, batch, through, row));
  PutRecord(through, epochs_, batch);
  RETURN_IF_ERROR(store_.Write(batch));
  sealed_through_ = through;
  open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(count));
  rows_ = {row};
  next_row_ = row + 1;
  return base::OkStatus();
}

base::StatusOr<std::size_t> Series::Expire(std::int64_t before_us) {
  storage::Batch batch;
  std::size_t expired = 0;
  std::optional<std::int64_t> through;
  bool chunks_left = false;
  storage::Cursor cursor = ChunksFrom(store_, prefix_, std::numeric_limits<std::int64_t>::min());
  for (; cursor.Valid(); cursor.Next()) {
    const auto last = ParseChunkKey(prefix_, cursor.key());
    if (!last) return base::DataLoss("a chunk of readings has no place: run fsck");
    if (*last >= before_us) {
      chunks_left = true;
      break;
    }
    batch.Delete(kChunksFamily, cursor.key());
    through = *last;
    ++expired;
  }
  RETURN_IF_ERROR(cursor.status());
  if (expired == 0) return expired;
  const auto old = std::exchange(expired_through_, through);
  const auto sealed = chunks_left ? sealed_through_ : std::nullopt;
  PutRecord(sealed, epochs_, batch);
  if (const base::Status written = store_.Write(batch); !written.ok()) {
    expired_through_ = old;
    return written;
  }
  sealed_through_ = sealed;
  return expired;
}

}  // namespace belgrand::sensors
