// Families and keys of the sensors database: docs/formats/sensors.md is their definition.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "platform/base/error.h"
#include "platform/storage/store.h"
#include "sensor/point.h"

namespace belgrand::sensors {

inline constexpr storage::Family kSensorsFamily = 0;
inline constexpr storage::Family kChunksFamily = 1;
inline constexpr storage::Family kOpenFamily = 2;
inline constexpr storage::Family kSeriesFamily = 3;
inline constexpr storage::Family kMetaFamily = 4;

inline constexpr std::uint64_t kFormatVersion = 1;
inline constexpr std::string_view kFormatKey = "format";

// Readings of a full chunk: large enough that the tables of the compression cost little, small
// enough that a late reading rewrites little.
inline constexpr std::size_t kChunkPoints = 4096;

storage::StoreOptions LayoutOptions(const std::filesystem::path& directory);

std::string SensorKey(std::string_view sensor_id);
// text(site) text(sensor): what the keys of a series begin with, and its key in the series family.
std::string SeriesPrefix(std::string_view site_id, std::string_view sensor_id);
// Chunks lie under their last instant, so that the first at or after an instant is the one where
// that instant belongs.
std::string ChunkKey(std::string_view prefix, std::int64_t last_us);
std::string OpenKey(std::string_view prefix, std::uint64_t row);
// What follows the prefix; nullopt when `key` does not have that form.
std::optional<std::int64_t> ParseChunkKey(std::string_view prefix, std::string_view key);
std::optional<std::uint64_t> ParseOpenKey(std::string_view prefix, std::string_view key);
std::string MetaNumber(std::uint64_t value);

base::StatusOr<std::string> ChunkValue(const sensor::Points& points);
base::StatusOr<sensor::Points> ParseChunk(std::string_view value);
// Readings without the marks of judgement, which follow from all of them together.
base::StatusOr<std::string> OpenValue(sensor::Points points);

// Chunks of the series whose last instant is at or after `from_us`, in order of time.
storage::Cursor ChunksFrom(const storage::Store& store, std::string_view prefix,
                           std::int64_t from_us);

}  // namespace belgrand::sensors
