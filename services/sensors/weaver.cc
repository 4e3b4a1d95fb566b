#include "services/sensors/weaver.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "platform/base/check.h"
#include "sensor/judge.h"
#include "services/sensors/layout.h"

namespace belgrand::sensors {
namespace {

using sensor::Point;
using sensor::Points;

bool Earlier(const Point& point, std::int64_t time_us) { return point.time_us < time_us; }

std::int64_t Minus(std::int64_t a, std::int64_t b) {
  return a < std::numeric_limits<std::int64_t>::min() + b ? std::numeric_limits<std::int64_t>::min()
                                                          : a - b;
}

}  // namespace

base::StatusOr<Weaver::Work*> Weaver::Load(std::int64_t last_us, std::string_view value) {
  const auto known = work_.find(last_us);
  if (known != work_.end()) return &known->second;
  ASSIGN_OR_RETURN(Points points, ParseChunk(value));
  Work& work = work_[last_us];
  work.points = std::move(points);
  return &work;
}

base::StatusOr<Weaver::Work*> Weaver::ChunkOf(std::int64_t time_us) {
  // What lies between the last chunk and the open readings belongs to the last chunk.
  time_us = std::min(time_us, sealed_through_us_);
  // Times rise: the chunk of the one before is still the first at or after this one.
  if (current_ != nullptr && time_us <= current_last_us_) return current_;
  const storage::Cursor cursor = ChunksFrom(store_, prefix_, time_us);
  RETURN_IF_ERROR(cursor.status());
  const auto last =
      cursor.Valid() ? ParseChunkKey(prefix_, cursor.key()) : std::optional<std::int64_t>();
  if (!last) return base::DataLoss("a series has lost its newest chunk: run fsck");
  if (++touched_ > kMaxChunks) {
    return base::InvalidArgument(
        "late readings of one sensor reach into more than {} chunks of its past: send them in "
        "order of time, fewer in a message",
        kMaxChunks);
  }
  ASSIGN_OR_RETURN(current_, Load(*last, cursor.value()));
  current_last_us_ = *last;
  return current_;
}

base::StatusOr<Weaver::Outcome> Weaver::Add(const Point& point) {
  ASSIGN_OR_RETURN(Work* const work, ChunkOf(point.time_us));
  const auto at =
      std::lower_bound(work->points.begin(), work->points.end(), point.time_us, Earlier);
  if (at != work->points.end() && at->time_us == point.time_us) {
    const bool same =
        at->missing() == point.missing() &&
        std::bit_cast<std::uint64_t>(at->value) == std::bit_cast<std::uint64_t>(point.value);
    return same ? Outcome::kDuplicate : Outcome::kConflicting;
  }
  work->added.push_back(point);
  ++added_;
  newest_us_ = point.time_us;
  return Outcome::kStored;
}

base::StatusOr<Points> Weaver::Before(std::int64_t first_us, std::int64_t until_us) {
  Points points;
  storage::Cursor cursor = ChunksFrom(store_, prefix_, Minus(first_us, Lookback(history_)));
  for (; cursor.Valid(); cursor.Next()) {
    const auto last = ParseChunkKey(prefix_, cursor.key());
    if (!last || *last >= until_us) break;
    ASSIGN_OR_RETURN(const Work* const work, Load(*last, cursor.value()));
    points.insert(points.end(), work->points.begin(), work->points.end());
  }
  RETURN_IF_ERROR(cursor.status());
  return points;
}

base::Status Weaver::JudgeZone(std::int64_t from_us, std::int64_t to_us) {
  std::vector<Work*> zone;
  std::optional<Point> after;
  std::int64_t first_last_us = 0;
  storage::Cursor cursor = ChunksFrom(store_, prefix_, from_us);
  for (; cursor.Valid(); cursor.Next()) {
    const auto last = ParseChunkKey(prefix_, cursor.key());
    if (!last) return base::DataLoss("a chunk of readings has no place: run fsck");
    ASSIGN_OR_RETURN(Work* const work, Load(*last, cursor.value()));
    if (work->points.front().time_us > to_us) {
      after = work->points.front();
      break;
    }
    if (zone.empty()) first_last_us = *last;
    zone.push_back(work);
  }
  RETURN_IF_ERROR(cursor.status());
  if (zone.empty()) return base::OkStatus();
  if (!after && !open_.empty()) after = open_.front();
  ASSIGN_OR_RETURN(Points all, Before(zone.front()->points.front().time_us, first_last_us));
  const std::size_t context = all.size();
  for (const Work* work : zone) all.insert(all.end(), work->points.begin(), work->points.end());
  const std::size_t end = all.size();
  if (after) all.push_back(*after);
  sensor::Judge judge(history_);
  JudgeAll(judge, all);
  std::size_t at = context;
  for (Work* work : zone) {
    for (Point& point : work->points) {
      const Point& judged = all[at++];
      if (point.mark == judged.mark) continue;
      point.mark = judged.mark;
      work->changed = true;
    }
  }
  BELGRAND_CHECK(at == end);
  return base::OkStatus();
}

base::Status Weaver::Write(std::int64_t last_us, const Work& work, storage::Batch& batch) {
  const std::size_t pieces = (work.points.size() + kChunkPoints - 1) / kChunkPoints;
  const auto place = [&](std::size_t piece) {
    return work.points.begin() + static_cast<std::ptrdiff_t>(work.points.size() * piece / pieces);
  };
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    const Points part(place(piece), place(piece + 1));
    ASSIGN_OR_RETURN(const std::string value, ChunkValue(part));
    batch.Put(kChunksFamily, ChunkKey(prefix_, part.back().time_us), value);
  }
  if (work.points.back().time_us != last_us) {
    batch.Delete(kChunksFamily, ChunkKey(prefix_, last_us));
    sealed_through_us_ = work.points.back().time_us;
  }
  return base::OkStatus();
}

base::Status Weaver::Finish(storage::Batch& batch) {
  std::vector<std::pair<std::int64_t, std::int64_t>> zones;
  for (auto& [last, work] : work_) {
    if (work.added.empty()) continue;
    zones.emplace_back(std::min(last, Minus(work.added.front().time_us, Lookahead(history_))),
                       work.added.back().time_us + Lookback(history_));
    Points merged;
    merged.reserve(work.points.size() + work.added.size());
    std::merge(work.points.begin(), work.points.end(), work.added.begin(), work.added.end(),
               std::back_inserter(merged),
               [](const Point& a, const Point& b) { return a.time_us < b.time_us; });
    work.points = std::move(merged);
    work.added.clear();
    work.changed = true;
  }
  for (const auto& [from, to] : zones) RETURN_IF_ERROR(JudgeZone(from, to));
  for (const auto& [last, work] : work_) {
    if (work.changed) RETURN_IF_ERROR(Write(last, work, batch));
  }
  return base::OkStatus();
}

const Point& Weaver::Find(std::int64_t time_us) const {
  auto work = work_.lower_bound(time_us);
  BELGRAND_CHECK(!work_.empty());
  if (work == work_.end()) --work;
  const Points& points = work->second.points;
  const auto at = std::lower_bound(points.begin(), points.end(), time_us, Earlier);
  BELGRAND_CHECK(at != points.end() && at->time_us == time_us);
  return *at;
}

}  // namespace belgrand::sensors
