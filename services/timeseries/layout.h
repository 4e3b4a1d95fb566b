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

// Of format 1; empty in a store of this format.
inline constexpr storage::Family kOldSeriesFamily = 0;
inline constexpr storage::Family kOldRowsFamily = 1;
inline constexpr storage::Family kOldFeedFamily = 2;
inline constexpr storage::Family kSitesFamily = 3;
inline constexpr storage::Family kMetaFamily = 4;
inline constexpr storage::Family kLogFamily = 5;
inline constexpr storage::Family kSeriesFamily = 6;
inline constexpr storage::Family kIdentitiesFamily = 7;

inline constexpr std::uint32_t kFormatVersion = 2;
// Keys of the meta family.
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kNewestFeedKey = "newest_feed";
inline constexpr std::string_view kLastRecordedKey = "last_recorded";
inline constexpr std::string_view kCatalogueKey = "catalogue";
inline constexpr std::string_view kCompactionDueKey = "compaction_due";
// shared::EncodeMark.
inline constexpr std::string_view kErasedKey = "erased";
// belgrand.storage.v1.RestrictionsRecord, or nothing.
inline constexpr std::string_view kRestrictedKey = "restricted";
// Random bytes that name this database's feed, made once.
inline constexpr std::string_view kFeedIdKey = "feed_id";
inline constexpr std::size_t kFeedIdBytes = 16;
inline constexpr std::string_view kSettledKey = "settled";
inline constexpr std::string_view kIdentityKeyKey = "identity_key";
inline constexpr std::string_view kIdentityRunsKey = "identity_runs";

// A chunk of a series lies in one stretch of collection times of this length: 2^45 us, 407.2 days.
inline constexpr unsigned kStretchBits = 45;
inline std::int64_t StretchOf(std::int64_t collected_at_us) {
  return collected_at_us >> kStretchBits;
}

storage::StoreOptions LayoutOptions(const std::filesystem::path& directory);

std::string SeriesPrefix(std::string_view site_id, std::string_view target);
// Where the chunks of a stretch begin.
std::string StretchPrefix(std::string_view series_prefix, std::int64_t stretch);
// `first_sequence` is the least number in the chunk: two chunks of a stretch never share one.
std::string SeriesChunkKey(std::string_view series_prefix, std::int64_t stretch,
                           std::uint64_t first_sequence);
// The stretch of a chunk of this series; nothing when the key is of another form.
std::optional<std::int64_t> ParseStretch(std::string_view series_prefix, std::string_view key);

// Of one row: the same identity, whatever the version.
bool SameRow(const Record& a, const Record& b);
// Two versions of a row that lie at one place of one series.
bool SamePlace(const Record& a, const Record& b);

void AppendRowKey(std::string& key, const Record& record);
std::string RowKey(std::string_view laboratory_id, std::string_view sample_id,
                   std::string_view target, std::string_view gene);
std::string RowKey(const Record& record);
std::string FeedKey(std::uint64_t sequence);
std::optional<std::uint64_t> ParseFeedKey(std::string_view key);
std::string SiteKey(std::string_view site_id);

// Values of the meta family: big-endian integers.
std::string MetaNumber(std::uint64_t value);
std::optional<std::uint64_t> ParseMetaNumber(std::string_view value);

}  // namespace belgrand::timeseries
