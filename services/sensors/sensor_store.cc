#include "services/sensors/sensor_store.h"

#include <algorithm>
#include <set>

#include "compliance/expiry_plan.h"
#include "platform/base/log.h"
#include "platform/storage/keys.h"
#include "services/sensors/layout.h"

namespace belgrand::sensors {
namespace {

using sensor::Points;

base::StatusOr<std::shared_ptr<SensorInfo>> ToInfo(storage::Store& store, Record record) {
  const auto quantity = sensor::QuantityOf(record.quantity());
  if (!quantity || record.limits().empty()) {
    return base::DataLoss("sensor {} has no known quantity or no limits: run fsck",
                          record.sensor_id());
  }
  auto info = std::make_shared<SensorInfo>();
  info->quantity = *quantity;
  info->series = std::make_shared<Series>(store, SeriesPrefix(record.site_id(), record.sensor_id()),
                                          HistoryOf(record));
  info->record = std::move(record);
  return info;
}

base::Status CheckFormat(storage::Store& store) {
  ASSIGN_OR_RETURN(const auto format, store.Get(kMetaFamily, kFormatKey));
  if (!format) {
    storage::Batch batch;
    batch.Put(kMetaFamily, kFormatKey, MetaNumber(kFormatVersion));
    return store.Write(batch);
  }
  if (*format == MetaNumber(kFormatVersion)) return base::OkStatus();
  return base::FailedPrecondition(
      "the sensors database has another format than {}: start the release that wrote it",
      kFormatVersion);
}

}  // namespace

base::StatusOr<std::unique_ptr<SensorStore>> SensorStore::Open(const storage::StoreOptions& options,
                                                               const Limits& limits,
                                                               const base::Clock& clock) {
  ASSIGN_OR_RETURN(auto engine, storage::Store::Open(options));
  RETURN_IF_ERROR(CheckFormat(*engine));
  std::unique_ptr<SensorStore> store(new SensorStore(std::move(engine), limits, clock));
  RETURN_IF_ERROR(store->LoadAll());
  return store;
}

base::Status SensorStore::LoadAll() {
  storage::Cursor cursor = store_->Scan(kSensorsFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    Record record;
    if (!record.ParseFromArray(cursor.value().data(), static_cast<int>(cursor.value().size()))) {
      return base::DataLoss("a sensor of the catalogue cannot be read: run fsck");
    }
    ASSIGN_OR_RETURN(const auto info, ToInfo(*store_, std::move(record)));
    const base::MutexLock series_lock(info->series->mutex);
    RETURN_IF_ERROR(base::Annotate(info->series->Load(), info->record.sensor_id()));
    open_readings_ += info->series->open().size();
    const base::MutexLock lock(mutex_);
    sensors_[info->record.sensor_id()] = info;
  }
  return cursor.status();
}

std::shared_ptr<const SensorInfo> SensorStore::Find(const std::string& sensor_id) const {
  const base::MutexLock lock(mutex_);
  const auto found = sensors_.find(sensor_id);
  return found == sensors_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const SensorInfo>> SensorStore::List(const std::string& site_id) const {
  const base::MutexLock lock(mutex_);
  std::vector<std::shared_ptr<const SensorInfo>> list;
  for (const auto& [id, info] : sensors_) {
    if (site_id.empty() || info->record.site_id() == site_id) list.push_back(info);
  }
  return list;
}

std::size_t SensorStore::sensor_count() const {
  const base::MutexLock lock(mutex_);
  return sensors_.size();
}

std::optional<sensor::Point> SensorStore::NewestOf(const SensorInfo& info) const {
  const base::MutexLock lock(info.series->mutex);
  if (info.series->open().empty()) return std::nullopt;
  return info.series->open().back();
}

std::size_t SensorStore::silent_sensors() const {
  constexpr std::int64_t kIntervals = 3;
  const std::int64_t now = base::ToMicros(clock_.Now());
  std::size_t silent = 0;
  for (const auto& info : List("")) {
    const auto newest = NewestOf(*info);
    silent += !newest || now - newest->time_us > kIntervals * info->record.interval_us();
  }
  return silent;
}

base::Status SensorStore::SealWhatIsFull(Series& series) {
  const std::size_t open = series.open().size();
  if (open > kChunkPoints) return series.Seal(Series::Extent::kFullChunks);
  // Over the limit of memory: whoever holds more than its share gives it up.
  const bool over = open_readings_ > limits_.max_open_readings;
  if (over && open > open_readings_ / std::max<std::size_t>(sensor_count(), 1)) {
    return series.Seal(Series::Extent::kEverything);
  }
  return base::OkStatus();
}

base::Status SensorStore::Append(std::vector<Request>& requests) {
  std::set<std::shared_ptr<Series>> all;
  for (const Request& request : requests) all.insert(request.sensor->series);
  const SeriesLocks locks(all);
  std::map<std::shared_ptr<Series>, std::unique_ptr<Intake>> intakes;
  for (const auto& series : all) intakes[series] = std::make_unique<Intake>(*series);
  for (Request& request : requests) {
    intakes.at(request.sensor->series)->Add(request.arrival, request.receipt);
  }
  storage::Batch batch;
  for (auto& [series, intake] : intakes) RETURN_IF_ERROR(intake->Plan(batch));
  if (!batch.empty()) RETURN_IF_ERROR(store_->Write(batch));
  for (auto& [series, intake] : intakes) {
    const std::size_t before = series->open().size();
    RETURN_IF_ERROR(intake->Apply());
    open_readings_ += series->open().size() - before;
    const std::size_t applied = series->open().size();
    // What is acknowledged is on disk already; sealing can wait for a better moment.
    if (const base::Status sealed = SealWhatIsFull(*series); !sealed.ok()) {
      base::Log(base::LogLevel::kWarning, "chunk_not_sealed", {{"reason", sealed}});
    }
    open_readings_ -= applied - series->open().size();
  }
  return base::OkStatus();
}

base::Status SensorStore::Read(const SensorInfo& info, std::int64_t from_us, std::int64_t to_us,
                               const std::function<base::Status(const Points&)>& take) const {
  const auto cut = [&](const Points& points) {
    const auto earlier = [](const sensor::Point& p, std::int64_t t) { return p.time_us < t; };
    return Points(std::lower_bound(points.begin(), points.end(), from_us, earlier),
                  std::lower_bound(points.begin(), points.end(), to_us, earlier));
  };
  if (from_us >= to_us) return base::OkStatus();
  Points open;
  std::int64_t chunks_to_us = to_us;
  {
    const base::MutexLock lock(info.series->mutex);
    const Points& all = info.series->open();
    // What is open now may be in a chunk by the time the chunks are read.
    if (!all.empty()) chunks_to_us = std::min(to_us, all.front().time_us);
    open = cut(all);
  }
  // A seek for each chunk: a reader that dawdles keeps nothing on disk that was deleted meanwhile.
  for (std::int64_t at = from_us; at < chunks_to_us;) {
    const storage::Cursor chunk = ChunksFrom(*store_, info.series->prefix(), at);
    RETURN_IF_ERROR(chunk.status());
    if (!chunk.Valid()) break;
    ASSIGN_OR_RETURN(const Points points, ParseChunk(chunk.value()));
    if (points.front().time_us >= chunks_to_us) break;
    const auto earlier = [](const sensor::Point& p, std::int64_t t) { return p.time_us < t; };
    const Points part(std::lower_bound(points.begin(), points.end(), at, earlier),
                      std::lower_bound(points.begin(), points.end(), chunks_to_us, earlier));
    if (!part.empty()) RETURN_IF_ERROR(take(part));
    at = points.back().time_us + 1;
  }
  return open.empty() ? base::OkStatus() : take(open);
}

base::Status SensorStore::SealAll() {
  for (const auto& info : List("")) {
    const base::MutexLock lock(info->series->mutex);
    const std::size_t before = info->series->open().size();
    RETURN_IF_ERROR(info->series->Seal(Series::Extent::kEverything));
    open_readings_ -= before - info->series->open().size();
  }
  return base::OkStatus();
}

namespace {

// A series is deleted from its beginning: a hold of some time keeps the whole of it.
compliance::ExpiryTally TallyOf(base::Instant now, compliance::HoldScopes holds) {
  for (compliance::v1::HoldScope& hold : holds) {
    hold.clear_from();
    hold.clear_to();
  }
  const auto& type = *storage::v1::SensorChunkRecord::descriptor();
  return {type, now, compliance::HoldMatcher(type, holds)};
}

}  // namespace

base::StatusOr<std::vector<compliance::v1::ExpiryLine>> SensorStore::PlanExpiry(
    base::Instant now, const compliance::HoldScopes& holds) const {
  compliance::ExpiryTally tally = TallyOf(now, holds);
  storage::v1::SensorChunkRecord chunk;
  for (const auto& info : List("")) {
    storage::Cursor cursor =
        ChunksFrom(*store_, info->series->prefix(), std::numeric_limits<std::int64_t>::min());
    for (; cursor.Valid(); cursor.Next()) {
      if (!chunk.ParseFromArray(cursor.value().data(), static_cast<int>(cursor.value().size()))) {
        return base::DataLoss("a chunk of readings cannot be read: run fsck, restore a backup");
      }
      tally.Count(chunk, info->record.site_id());
    }
    RETURN_IF_ERROR(cursor.status());
  }
  return tally.Lines();
}

base::StatusOr<std::vector<compliance::v1::ExpiryLine>> SensorStore::ApplyExpiry(
    base::Instant now, const compliance::HoldScopes& holds) {
  // The same walk, with the newest expired instant of each series; its chunks are in order of time.
  compliance::ExpiryTally tally = TallyOf(now, holds);
  bool deleted = false;
  for (const auto& info : List("")) {
    const base::MutexLock lock(info->series->mutex);
    std::optional<std::int64_t> expired_us;
    storage::v1::SensorChunkRecord chunk;
    {
      storage::Cursor cursor =
          ChunksFrom(*store_, info->series->prefix(), std::numeric_limits<std::int64_t>::min());
      for (; cursor.Valid(); cursor.Next()) {
        if (!chunk.ParseFromArray(cursor.value().data(), static_cast<int>(cursor.value().size()))) {
          return base::DataLoss("a chunk of readings cannot be read: run fsck, restore a backup");
        }
        if (tally.Count(chunk, info->record.site_id()) ==
            compliance::ExpiryTally::Verdict::kDeleteRecord) {
          expired_us = chunk.last_at_us();
        }
      }
      RETURN_IF_ERROR(cursor.status());
    }
    if (!expired_us) continue;
    RETURN_IF_ERROR(info->series->Expire(*expired_us + 1).status());
    deleted = true;
  }
  if (deleted) RETURN_IF_ERROR(store_->CompactAll());
  return tally.Lines();
}

}  // namespace belgrand::sensors
