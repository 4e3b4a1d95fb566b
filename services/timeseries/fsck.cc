#include "services/timeseries/fsck.h"

#include <cctype>
#include <optional>
#include <utility>

#include "platform/storage/keys.h"
#include "services/timeseries/layout.h"

namespace belgrand::timeseries {
namespace {

// Key bytes that a terminal can show, the others as \xhh.
std::string Show(std::string_view key) {
  std::string text;
  for (const char c : key) {
    if (std::isprint(static_cast<unsigned char>(c)) != 0 && c != '\\') {
      text.push_back(c);
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

template <typename Message>
bool Parse(std::string_view bytes, Message& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

class Checker {
 public:
  explicit Checker(const storage::Store& store) : snapshot_(store.TakeSnapshot()) {}

  base::StatusOr<FsckReport> Run() {
    RETURN_IF_ERROR(CheckMeta());
    RETURN_IF_ERROR(CheckSites());
    RETURN_IF_ERROR(CheckFeed());
    RETURN_IF_ERROR(CheckRows());
    RETURN_IF_ERROR(CheckSeries());
    return std::move(report_);
  }

 private:
  template <typename... Args>
  void Problem(std::string_view family, std::string_view key, fmt::format_string<Args...> format,
               Args&&... args) {
    ++report_.problem_count;
    if (report_.problems.size() >= FsckReport::kMaxProblems) return;
    report_.problems.push_back(fmt::format("{} '{}': {}", family, Show(key),
                                           fmt::format(format, std::forward<Args>(args)...)));
  }

  base::StatusOr<std::optional<Record>> Version(std::string_view key) const {
    ASSIGN_OR_RETURN(const auto value, snapshot_.Get(kSeriesFamily, key));
    Record record;
    if (!value || !Parse(*value, record)) return std::optional<Record>();
    return std::optional<Record>(std::move(record));
  }

  base::StatusOr<std::optional<std::uint64_t>> MetaOf(std::string_view key) {
    ASSIGN_OR_RETURN(const auto value, snapshot_.Get(kMetaFamily, key));
    if (!value) return std::optional<std::uint64_t>(0);
    const auto number = ParseMetaNumber(*value);
    if (!number) Problem("meta", key, "has {} bytes, not 8", value->size());
    return number;
  }

  base::Status CheckMeta();
  base::Status CheckSites();
  base::Status CheckFeed();
  base::Status CheckRows();
  base::Status CheckRow(std::string_view key, const storage::v1::RowHead& head);
  base::Status CheckMove(const Record& older, const Record& newer);
  base::Status CheckSeries();
  base::Status CheckVersion(std::string_view key, const Record& record);
  base::Status CheckMark(std::string_view key, const Record& mark);
  base::StatusOr<std::optional<storage::v1::RowHead>> Head(const Record& record) const;

  const storage::Snapshot snapshot_;
  FsckReport report_;
  std::uint64_t newest_feed_ = 0;
  std::int64_t last_recorded_us_ = 0;
  // An expiry that has not been finished may have taken newer versions of a row before older ones.
  bool expiry_unfinished_ = false;
};

base::Status Checker::CheckMeta() {
  ASSIGN_OR_RETURN(const auto format, MetaOf(kFormatKey));
  if (format != kFormatVersion) {
    Problem("meta", kFormatKey, "is {}, not {}", format.value_or(0), kFormatVersion);
  }
  ASSIGN_OR_RETURN(const auto newest, MetaOf(kNewestFeedKey));
  newest_feed_ = newest.value_or(0);
  ASSIGN_OR_RETURN(const auto recorded, MetaOf(kLastRecordedKey));
  last_recorded_us_ = static_cast<std::int64_t>(recorded.value_or(0));
  ASSIGN_OR_RETURN([[maybe_unused]] const auto catalogue, MetaOf(kCatalogueKey));
  ASSIGN_OR_RETURN(const auto feed_id, snapshot_.Get(kMetaFamily, kFeedIdKey));
  if (!feed_id) {
    Problem("meta", kFeedIdKey, "is missing: a start of the service makes one");
  } else if (feed_id->size() != kFeedIdBytes) {
    Problem("meta", kFeedIdKey, "has {} bytes, not {}", feed_id->size(), kFeedIdBytes);
  }
  ASSIGN_OR_RETURN(const auto due, snapshot_.Get(kMetaFamily, kCompactionDueKey));
  expiry_unfinished_ = due.has_value();
  return base::OkStatus();
}

base::Status Checker::CheckSites() {
  storage::Cursor cursor = snapshot_.Scan(kSitesFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ++report_.sites;
    storage::v1::SiteRecord site;
    if (!Parse(cursor.value(), site)) {
      Problem("sites", cursor.key(), "cannot be read");
    } else if (SiteKey(site.site_id()) != cursor.key()) {
      Problem("sites", cursor.key(), "holds site '{}'", site.site_id());
    } else if (!(site.population_served() > 0)) {
      Problem("sites", cursor.key(), "has population {}", site.population_served());
    }
  }
  return cursor.status();
}

base::Status Checker::CheckFeed() {
  std::uint64_t expected = 1;
  std::int64_t recorded_us = 0;
  storage::Cursor cursor = snapshot_.Scan(kFeedFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ++report_.feed_entries;
    const auto sequence = ParseFeedKey(cursor.key());
    if (!sequence) {
      Problem("feed", cursor.key(), "has {} bytes, not 8", cursor.key().size());
      continue;
    }
    if (*sequence != expected) {
      Problem("feed", cursor.key(), "number {} comes where {} is due", *sequence, expected);
    }
    expected = *sequence + 1;
    if (cursor.value().empty()) continue;  // expired
    ASSIGN_OR_RETURN(const auto record, Version(cursor.value()));
    if (!record || record->moved_away()) {
      Problem("feed", cursor.key(), "number {} points to no version", *sequence);
      continue;
    }
    if (record->feed_sequence() != *sequence) {
      Problem("feed", cursor.key(), "number {} points to a version with number {}", *sequence,
              record->feed_sequence());
    }
    if (record->recorded_at_us() < recorded_us) {
      Problem("feed", cursor.key(), "number {} was recorded before the number before it",
              *sequence);
    }
    recorded_us = record->recorded_at_us();
  }
  RETURN_IF_ERROR(cursor.status());
  if (expected != newest_feed_ + 1) {
    Problem("meta", kNewestFeedKey, "is {}, but the feed ends at {}", newest_feed_, expected - 1);
  }
  if (recorded_us > last_recorded_us_) {
    Problem("meta", kLastRecordedKey, "is {}, but a version was recorded at {}", last_recorded_us_,
            recorded_us);
  }
  return base::OkStatus();
}

base::Status Checker::CheckRows() {
  storage::Cursor cursor = snapshot_.Scan(kRowsFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ++report_.rows;
    storage::v1::RowHead head;
    if (!Parse(cursor.value(), head) || head.version_keys().empty()) {
      Problem("rows", cursor.key(), "cannot be read or names no version");
      continue;
    }
    RETURN_IF_ERROR(CheckRow(cursor.key(), head));
  }
  return cursor.status();
}

base::Status Checker::CheckRow(std::string_view key, const storage::v1::RowHead& head) {
  std::optional<Record> previous;
  for (const std::string& version_key : head.version_keys()) {
    ASSIGN_OR_RETURN(const auto record, Version(version_key));
    if (!record || record->moved_away()) {
      Problem("rows", key, "names a version that is not there: '{}'", Show(version_key));
      return base::OkStatus();
    }
    if (RowKey(*record) != key) {
      Problem("rows", key, "names a version of another row: '{}'", Show(version_key));
    }
    if (previous) {
      if (record->version() != previous->version() + 1 && !expiry_unfinished_) {
        Problem("rows", key, "version {} follows version {}", record->version(),
                previous->version());
      }
      if (record->recorded_at_us() < previous->recorded_at_us()) {
        Problem("rows", key, "version {} was recorded before version {}", record->version(),
                previous->version());
      }
      RETURN_IF_ERROR(CheckMove(*previous, *record));
    }
    previous = record;
  }
  if (expiry_unfinished_) return base::OkStatus();
  if (previous->version() != head.version()) {
    Problem("rows", key, "is at version {}, but its newest is {}", head.version(),
            previous->version());
  }
  if (previous->content_hash() != head.content_hash()) {
    Problem("rows", key, "does not carry the content hash of version {}", head.version());
  }
  return base::OkStatus();
}

base::Status Checker::CheckMove(const Record& older, const Record& newer) {
  const std::string old_place = PlacePrefix(older);
  if (old_place == PlacePrefix(newer) || expiry_unfinished_) return base::OkStatus();
  const std::string mark_key = SeriesKey(old_place, newer.version());
  ASSIGN_OR_RETURN(const auto mark, Version(mark_key));
  if (!mark || !mark->moved_away() || mark->recorded_at_us() != newer.recorded_at_us()) {
    Problem("series", mark_key, "the mark of a row that moved away is missing or differs");
  }
  return base::OkStatus();
}

base::StatusOr<std::optional<storage::v1::RowHead>> Checker::Head(const Record& record) const {
  ASSIGN_OR_RETURN(const auto value, snapshot_.Get(kRowsFamily, RowKey(record)));
  storage::v1::RowHead head;
  if (!value || !Parse(*value, head)) return std::optional<storage::v1::RowHead>();
  return std::optional<storage::v1::RowHead>(std::move(head));
}

base::Status Checker::CheckSeries() {
  storage::Cursor cursor = snapshot_.Scan(kSeriesFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    Record record;
    if (!Parse(cursor.value(), record)) {
      Problem("series", cursor.key(), "cannot be read");
      continue;
    }
    if (SeriesKey(record) != cursor.key() || record.version() == 0) {
      Problem("series", cursor.key(), "does not lie where its content says");
    }
    ++(record.moved_away() ? report_.marks : report_.versions);
    RETURN_IF_ERROR(record.moved_away() ? CheckMark(cursor.key(), record)
                                        : CheckVersion(cursor.key(), record));
  }
  return cursor.status();
}

base::Status Checker::CheckVersion(std::string_view key, const Record& record) {
  ASSIGN_OR_RETURN(const auto site, snapshot_.Get(kSitesFamily, SiteKey(record.site_id())));
  if (!site) Problem("series", key, "its site is not in the catalogue");
  if (record.content_hash().empty()) Problem("series", key, "has no content hash");
  ASSIGN_OR_RETURN(const auto entry, snapshot_.Get(kFeedFamily, FeedKey(record.feed_sequence())));
  if (entry != key)
    Problem("series", key, "is not what feed number {} names", record.feed_sequence());
  ASSIGN_OR_RETURN(const auto head, Head(record));
  bool listed = false;
  if (head) {
    for (const std::string& version_key : head->version_keys()) listed |= version_key == key;
  }
  if (!listed) Problem("series", key, "is not listed in its row");
  return base::OkStatus();
}

base::Status Checker::CheckMark(std::string_view key, const Record& mark) {
  ASSIGN_OR_RETURN(const auto head, Head(mark));
  if (!head) {
    if (!expiry_unfinished_) Problem("series", key, "is the mark of a row that does not exist");
    return base::OkStatus();
  }
  for (const std::string& version_key : head->version_keys()) {
    ASSIGN_OR_RETURN(const auto version, Version(version_key));
    if (version && version->version() == mark.version() && PlaceOf(version_key) != PlaceOf(key)) {
      return base::OkStatus();
    }
  }
  if (!expiry_unfinished_) Problem("series", key, "is a mark without the version that moved");
  return base::OkStatus();
}

}  // namespace

base::StatusOr<FsckReport> Fsck(const storage::Store& store) { return Checker(store).Run(); }

base::StatusOr<FsckReport> Fsck(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory / "CURRENT", error)) {
    return base::NotFound("{} holds no time series database", directory.string());
  }
  ASSIGN_OR_RETURN(const auto store, storage::Store::Open(LayoutOptions(directory)));
  return Fsck(*store);
}

}  // namespace belgrand::timeseries
