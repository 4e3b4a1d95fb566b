#include "services/timeseries/layout.h"

#include "platform/storage/keys.h"

namespace belgrand::timeseries {

storage::StoreOptions LayoutOptions(const std::filesystem::path& directory) {
  storage::StoreOptions options;
  options.directory = directory;
  options.families = {"series", "rows", "feed", "sites", "meta"};
  // Samples arrive in the order of time: each series, and each laboratory's numbering, grows at its
  // end.
  options.series_texts = {2, 1};
  return options;
}

std::string SeriesPrefix(std::string_view site_id, std::string_view target) {
  std::string key;
  storage::AppendText(key, site_id);
  storage::AppendText(key, target);
  return key;
}

std::string SeriesBound(std::string_view site_id, std::string_view target,
                        base::Instant collected_at) {
  std::string key = SeriesPrefix(site_id, target);
  storage::AppendInt64(key, base::ToMicros(collected_at));
  return key;
}

std::string PlacePrefix(const Record& record) {
  std::string key =
      SeriesBound(record.site_id(), record.target(), base::FromMicros(record.collected_at_us()));
  storage::AppendText(key, record.laboratory_id());
  storage::AppendText(key, record.sample_id());
  if (!record.gene().empty()) storage::AppendText(key, record.gene());
  return key;
}

std::string SeriesKey(std::string_view place_prefix, std::uint32_t version) {
  std::string key(place_prefix);
  storage::AppendUint32(key, version);
  return key;
}

std::string_view PlaceOf(std::string_view series_key) {
  if (series_key.size() < kVersionBytes) return {};
  return series_key.substr(0, series_key.size() - kVersionBytes);
}

std::string RowKey(std::string_view laboratory_id, std::string_view sample_id,
                   std::string_view target, std::string_view gene) {
  std::string key;
  storage::AppendText(key, laboratory_id);
  storage::AppendText(key, sample_id);
  storage::AppendText(key, target);
  if (!gene.empty()) storage::AppendText(key, gene);
  return key;
}

std::string FeedKey(std::uint64_t sequence) {
  std::string key;
  storage::AppendUint64(key, sequence);
  return key;
}

std::optional<std::uint64_t> ParseFeedKey(std::string_view key) {
  const auto sequence = storage::TakeUint64(key);
  return key.empty() ? sequence : std::nullopt;
}

std::string SiteKey(std::string_view site_id) {
  std::string key;
  storage::AppendText(key, site_id);
  return key;
}

std::string MetaNumber(std::uint64_t value) { return FeedKey(value); }
std::optional<std::uint64_t> ParseMetaNumber(std::string_view value) { return ParseFeedKey(value); }

}  // namespace belgrand::timeseries
