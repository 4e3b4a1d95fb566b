#include "services/sensors/layout.h"

#include "belgrand/storage/v1/sensor_record.pb.h"
#include "platform/storage/keys.h"
#include "sensor/chunk_codec.h"

namespace belgrand::sensors {

storage::StoreOptions LayoutOptions(const std::filesystem::path& directory) {
  storage::StoreOptions options;
  options.directory = directory;
  options.families = {"sensors", "chunks", "open", "series", "meta"};
  options.block_cache_bytes = std::size_t{32} << 20;
  options.write_buffer_bytes = std::size_t{32} << 20;
  return options;
}

std::string SensorKey(std::string_view sensor_id) {
  std::string key;
  storage::AppendText(key, sensor_id);
  return key;
}

std::string SeriesPrefix(std::string_view site_id, std::string_view sensor_id) {
  std::string key;
  storage::AppendText(key, site_id);
  storage::AppendText(key, sensor_id);
  return key;
}

std::string ChunkKey(std::string_view prefix, std::int64_t last_us) {
  std::string key(prefix);
  storage::AppendInt64(key, last_us);
  return key;
}

std::string OpenKey(std::string_view prefix, std::uint64_t row) {
  std::string key(prefix);
  storage::AppendUint64(key, row);
  return key;
}

std::optional<std::int64_t> ParseChunkKey(std::string_view prefix, std::string_view key) {
  if (!key.starts_with(prefix)) return std::nullopt;
  key.remove_prefix(prefix.size());
  const auto last = storage::TakeInt64(key);
  return key.empty() ? last : std::nullopt;
}

std::optional<std::uint64_t> ParseOpenKey(std::string_view prefix, std::string_view key) {
  if (!key.starts_with(prefix)) return std::nullopt;
  key.remove_prefix(prefix.size());
  const auto row = storage::TakeUint64(key);
  return key.empty() ? row : std::nullopt;
}

std::string MetaNumber(std::uint64_t value) {
  std::string bytes;
  storage::AppendUint64(bytes, value);
  return bytes;
}

base::StatusOr<std::string> ChunkValue(const sensor::Points& points) {
  storage::v1::SensorChunkRecord record;
  ASSIGN_OR_RETURN(*record.mutable_readings(), sensor::Encode(points));
  record.set_last_at_us(points.back().time_us);
  return record.SerializeAsString();
}

base::StatusOr<sensor::Points> ParseChunk(std::string_view value) {
  storage::v1::SensorChunkRecord record;
  if (!record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return base::DataLoss("a chunk of readings cannot be read: run fsck, restore a backup");
  }
  ASSIGN_OR_RETURN(sensor::Points points, sensor::Decode(record.readings()));
  if (points.back().time_us != record.last_at_us()) {
    return base::DataLoss("a chunk of readings does not end where it says: run fsck");
  }
  return points;
}

base::StatusOr<std::string> OpenValue(sensor::Points points) {
  for (sensor::Point& point : points) {
    point.mark = {point.missing() ? sensor::Flag::kMissing : sensor::Flag::kUnknown, 0};
  }
  return sensor::Encode(points);
}

storage::Cursor ChunksFrom(const storage::Store& store, std::string_view prefix,
                           std::int64_t from_us) {
  return store.Scan(kChunksFamily, ChunkKey(prefix, from_us), storage::PrefixEnd(prefix));
}

}  // namespace belgrand::sensors
