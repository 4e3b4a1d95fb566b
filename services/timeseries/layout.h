// Families and keys of the time series database: docs/formats/timeseries.md is their definition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "belgrand/storage/v1/sample_record.pb.h"
#include "platform/base/time.h"
#include "platform/storage/store.h"

namespace belgrand::timeseries {

using Record = storage::v1::SampleRecord;

inline constexpr storage::Family kSeriesFamily = 0;
inline constexpr storage::Family kRowsFamily = 1;
inline constexpr storage::Family kFeedFamily = 2;
inline constexpr storage::Family kSitesFamily = 3;
inline constexpr storage::Family kMetaFamily = 4;
inline constexpr std::size_t kFamilyCount = 5;

inline constexpr std::uint32_t kFormatVersion = 1;
// Keys of the meta family.
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kNewestFeedKey = "newest_feed";
inline constexpr std::string_view kLastRecordedKey = "last_recorded";
inline constexpr std::string_view kCatalogueKey = "catalogue";
inline constexpr std::string_view kCompactionDueKey = "compaction_due";
// Random bytes that name this database's feed, made once.
inline constexpr std::string_view kFeedIdKey = "feed_id";
inline constexpr std::size_t kFeedIdBytes = 16;

// What every key of one row at one place starts with: text(site) text(target) int64(collected)
// text(laboratory) text(sample), and text(gene) where there is one. The version (4 bytes) follows.
inline constexpr std::size_t kVersionBytes = 4;

storage::StoreOptions LayoutOptions(const std::filesystem::path& directory);

std::string SeriesPrefix(std::string_view site_id, std::string_view target);
// The first key of the series at or after `collected_at`.
std::string SeriesBound(std::string_view site_id, std::string_view target,
                        base::Instant collected_at);
std::string PlacePrefix(const Record& record);
std::string SeriesKey(std::string_view place_prefix, std::uint32_t version);
inline std::string SeriesKey(const Record& record) {
  return SeriesKey(PlacePrefix(record), record.version());
}
// The place part of a series key; empty when the key is too short to be one.
std::string_view PlaceOf(std::string_view series_key);

std::string RowKey(std::string_view laboratory_id, std::string_view sample_id,
                   std::string_view target, std::string_view gene);
inline std::string RowKey(const Record& record) {
  return RowKey(record.laboratory_id(), record.sample_id(), record.target(), record.gene());
}
std::string FeedKey(std::uint64_t sequence);
std::optional<std::uint64_t> ParseFeedKey(std::string_view key);
std::string SiteKey(std::string_view site_id);

// Values of the meta family: big-endian integers.
std::string MetaNumber(std::uint64_t value);
std::optional<std::uint64_t> ParseMetaNumber(std::string_view value);

}  // namespace belgrand::timeseries
