#include "services/timeseries/layout.h"

#include "platform/storage/keys.h"

namespace belgrand::timeseries {

storage::StoreOptions LayoutOptions(const std::filesystem::path& directory) {
  storage::StoreOptions options;
  options.directory = directory;
  options.families = {"series", "rows", "feed", "sites", "meta", "log", "chunks", "identities"};
  return options;
}

std::string SeriesPrefix(std::string_view site_id, std::string_view target) {
  std::string key;
  storage::AppendText(key, site_id);
  storage::AppendText(key, target);
  return key;
}

std::string StretchPrefix(std::string_view series_prefix, std::int64_t stretch) {
  std::string key(series_prefix);
  storage::AppendInt64(key, stretch);
  return key;
}

std::string SeriesChunkKey(std::string_view series_prefix, std::int64_t stretch,
                           std::uint64_t first_sequence) {
  std::string key = StretchPrefix(series_prefix, stretch);
  storage::AppendUint64(key, first_sequence);
  return key;
}

std::optional<std::int64_t> ParseStretch(std::string_view series_prefix, std::string_view key) {
  if (!key.starts_with(series_prefix)) return std::nullopt;
  key.remove_prefix(series_prefix.size());
  const auto stretch = storage::TakeInt64(key);
  return key.size() == sizeof(std::uint64_t) ? stretch : std::nullopt;
}

bool SameRow(const Record& a, const Record& b) {
  return a.sample_id() == b.sample_id() && a.laboratory_id() == b.laboratory_id() &&
         a.target() == b.target() && a.gene() == b.gene();
}

bool SamePlace(const Record& a, const Record& b) {
  return a.site_id() == b.site_id() && a.target() == b.target() &&
         a.collected_at_us() == b.collected_at_us();
}

void AppendRowKey(std::string& key, const Record& record) {
  storage::AppendText(key, record.laboratory_id());
  storage::AppendText(key, record.sample_id());
  storage::AppendText(key, record.target());
  if (!record.gene().empty()) storage::AppendText(key, record.gene());
}

std::string RowKey(const Record& record) {
  std::string key;
  AppendRowKey(key, record);
  return key;
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
