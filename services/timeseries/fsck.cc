#include "services/timeseries/fsck.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "platform/storage/keys.h"
#include "services/timeseries/convert.h"
#include "services/timeseries/identity_index.h"
#include "services/timeseries/layout.h"
#include "services/timeseries/row_log.h"
#include "services/timeseries/site_catalogue.h"

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

// Sums that agree when two walks met the same things, whatever their order.
struct Sum {
  std::uint64_t count = 0;
  std::uint64_t total = 0;

  void Add(std::uint64_t hash) {
    ++count;
    total += hash;
  }
  bool operator==(const Sum&) const = default;
};

std::uint64_t HashOf(const Record& record) { return SipHash24(1, 2, record.SerializeAsString()); }
std::uint64_t HashOf(const IdentityEntry& entry) {
  std::string text;
  storage::AppendUint64(text, entry.code);
  storage::AppendUint64(text, entry.sequence);
  return SipHash24(3, 4, text);
}

class Checker {
 public:
  Checker(const storage::Store& store, const FsckProgress& progress)
      : snapshot_(store.TakeSnapshot()), progress_(progress) {}

  base::StatusOr<FsckReport> Run() {
    RETURN_IF_ERROR(CheckMeta());
    RETURN_IF_ERROR(CheckSites());
    RETURN_IF_ERROR(CheckLog());
    RETURN_IF_ERROR(CheckSeries());
    RETURN_IF_ERROR(CheckIdentities());
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
  template <typename... Args>
  void LogProblem(std::uint64_t sequence, fmt::format_string<Args...> format, Args&&... args) {
    ++report_.problem_count;
    if (report_.problems.size() >= FsckReport::kMaxProblems) return;
    report_.problems.push_back(
        fmt::format("log {}: {}", sequence, fmt::format(format, std::forward<Args>(args)...)));
  }

  base::StatusOr<std::optional<std::uint64_t>> MetaOf(std::string_view key) {
    ASSIGN_OR_RETURN(const auto value, snapshot_.Get(kMetaFamily, key));
    if (!value) return std::optional<std::uint64_t>(0);
    const auto number = ParseMetaNumber(*value);
    if (!number) Problem("meta", key, "has {} bytes, not 8", value->size());
    return number;
  }
  void Told(std::string_view what, std::uint64_t done) {
    if (progress_ && done % kProgressEvery == 0) progress_(what, done, newest_feed_);
  }

  base::Status CheckMeta();
  base::Status CheckSites();
  struct SiteVersions {
    std::uint32_t count = 0;
    std::int64_t recorded_us = 0;  // of the newest
  };
  // Of the older versions of each site.
  base::StatusOr<std::map<std::string, SiteVersions>> CheckSiteVersions();
  base::Status CheckLog();
  void CheckLogChunk(const LogRows& rows);
  void CheckVersion(const Record& record, std::uint64_t expected);
  void CheckMark(const LogRows& rows, const Record& mark);
  base::Status CheckSeries();
  void CheckSeriesChunk(std::string_view key, const RowChunk& chunk);
  base::Status NameSeriesProblems();
  base::Status CheckIdentities();
  base::Status CheckRuns(std::vector<IdentityRun>& runs);
  base::StatusOr<std::vector<IdentityEntry>> EntriesOf(const std::vector<IdentityRun>& runs,
                                                       std::uint32_t bits, std::uint64_t part);
  base::Status CheckGroup(std::span<const IdentityEntry> group);
  void CheckHistory(const std::vector<Record>& versions);
  base::StatusOr<std::optional<LogRows>> Containing(std::uint64_t sequence);
  bool IsGone(std::uint64_t sequence) const { return sequence < gone_.size() && gone_[sequence]; }

  static constexpr std::uint64_t kProgressEvery = std::uint64_t{1} << 20;
  // Identities that are judged together.
  static constexpr std::uint64_t kEntriesPerPart = std::uint64_t{1} << 22;

  const storage::Snapshot snapshot_;
  const FsckProgress progress_;
  FsckReport report_;
  IdentityHasher hasher_;
  std::uint64_t newest_feed_ = 0;
  std::uint64_t settled_ = 0;
  std::int64_t last_recorded_us_ = 0;
  // An expiry that has not been finished may have left in the series what the log has no more.
  bool expiry_unfinished_ = false;

  std::set<std::string> sites_;
  std::vector<bool> gone_;       // by number
  std::uint64_t last_gone_ = 0;  // the greatest number whose record has expired
  std::int64_t newest_recorded_us_ = 0;
  Sum settled_rows_;  // versions and marks
  std::vector<IdentityRun> runs_;
  std::vector<Sum> run_sums_;  // of the log, by run
  std::vector<IdentityEntry> unsettled_;
  std::set<std::uint64_t> amended_;  // numbers of versions above 1 whose predecessor is not met yet
  // Numbers of versions that moved, with the old place: text(site) text(target) int64(collected).
  std::unordered_map<std::uint64_t, std::string> marks_;
  std::optional<LogRows> last_looked_up_;
};

std::string PlaceText(const Record& record) {
  std::string text = SeriesPrefix(record.site_id(), record.target());
  storage::AppendInt64(text, record.collected_at_us());
  return text;
}

base::Status Checker::CheckMeta() {
  ASSIGN_OR_RETURN(const auto format, MetaOf(kFormatKey));
  if (format == 1) {
    return base::FailedPrecondition(
        "the time series are stored in format 1: start the service once, which brings them to "
        "format {}, then check",
        kFormatVersion);
  }
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
  ASSIGN_OR_RETURN(const auto settled, MetaOf(kSettledKey));
  settled_ = settled.value_or(0);
  if (settled_ > newest_feed_) {
    Problem("meta", kSettledKey, "is {}, beyond the newest number {}", settled_, newest_feed_);
  }
  ASSIGN_OR_RETURN(const auto due, snapshot_.Get(kMetaFamily, kCompactionDueKey));
  expiry_unfinished_ = due.has_value();
  ASSIGN_OR_RETURN(const auto key, snapshot_.Get(kMetaFamily, kIdentityKeyKey));
  if (!key || key->size() != kIdentityKeyBytes) {
    Problem("meta", kIdentityKeyKey, "has {} bytes, not {}", key ? key->size() : 0,
            kIdentityKeyBytes);
  } else {
    hasher_ = IdentityHasher(*key);
  }
  ASSIGN_OR_RETURN(const auto list, snapshot_.Get(kMetaFamily, kIdentityRunsKey));
  auto runs = DecodeRuns(list.value_or(""));
  if (!runs.ok() || (runs->empty() ? 0 : runs->back().last) != settled_) {
    Problem("meta", kIdentityRunsKey, "does not cover the numbers 1 to {}", settled_);
  } else {
    runs_ = *std::move(runs);
  }
  run_sums_.resize(runs_.size());
  return base::OkStatus();
}

base::Status Checker::CheckSites() {
  ASSIGN_OR_RETURN(auto older, CheckSiteVersions());
  storage::Cursor cursor = snapshot_.Scan(kSitesFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ++report_.sites;
    storage::v1::SiteRecord site;
    if (!Parse(cursor.value(), site)) {
      Problem("sites", cursor.key(), "cannot be read");
      continue;
    }
    if (SiteKey(site.site_id()) != cursor.key()) {
      Problem("sites", cursor.key(), "holds site '{}'", site.site_id());
      continue;
    }
    if (!(site.population_served() > 0)) {
      Problem("sites", cursor.key(), "has population {}", site.population_served());
    }
    sites_.insert(site.site_id());
    const SiteVersions versions = older[site.site_id()];
    older.erase(site.site_id());
    if (std::max(site.version(), 1U) != versions.count + 1) {
      Problem("sites", cursor.key(), "is version {}, and {} older ones are stored", site.version(),
              versions.count);
    } else if (versions.recorded_us > site.recorded_at_us()) {
      Problem("sites", cursor.key(), "was recorded before an older version");
    }
  }
  RETURN_IF_ERROR(cursor.status());
  for (const auto& [site_id, versions] : older) {
    Problem("meta", SiteVersionsPrefix(site_id), "are {} versions of no site", versions.count);
  }
  return base::OkStatus();
}

base::StatusOr<std::map<std::string, Checker::SiteVersions>> Checker::CheckSiteVersions() {
  std::map<std::string, SiteVersions> older;
  const std::string prefix = SiteVersionsPrefix(std::nullopt);
  storage::Cursor cursor = snapshot_.Scan(kMetaFamily, prefix, storage::PrefixEnd(prefix));
  for (; cursor.Valid(); cursor.Next()) {
    storage::v1::SiteRecord site;
    if (!Parse(cursor.value(), site)) {
      Problem("meta", cursor.key(), "cannot be read");
      continue;
    }
    SiteVersions& versions = older[site.site_id()];
    if (SiteVersionKey(site.site_id(), ++versions.count) != cursor.key() ||
        std::max(site.version(), 1U) != versions.count) {
      Problem("meta", cursor.key(), "holds version {} of site '{}' where {} is expected",
              site.version(), site.site_id(), versions.count);
    } else if (site.recorded_at_us() < versions.recorded_us) {
      Problem("meta", cursor.key(), "was recorded before an older version");
    }
    versions.recorded_us = site.recorded_at_us();
  }
  RETURN_IF_ERROR(cursor.status());
  return older;
}

base::Status Checker::CheckLog() {
  gone_.resize(newest_feed_ < (std::uint64_t{1} << 40U) ? newest_feed_ + 1 : 0);
  std::uint64_t expected = 1;
  storage::Cursor cursor = snapshot_.Scan(kLogFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    const auto rows = ParseLogValue(cursor.key(), std::string(cursor.value()));
    if (!rows.ok()) {
      Problem("log", cursor.key(), "{}", base::Message(rows.status()));
      if (const auto last = ParseFeedKey(cursor.key())) {
        report_.feed_entries += *last >= expected ? *last - expected + 1 : 0;
        expected = *last + 1;
      }
      continue;
    }
    if (rows->first != expected) {
      LogProblem(rows->first, "comes where {} is due", expected);
    }
    expected = rows->last + 1;
    CheckLogChunk(*rows);
  }
  RETURN_IF_ERROR(cursor.status());
  if (expected != newest_feed_ + 1) {
    Problem("meta", kNewestFeedKey, "is {}, but the log ends at {}", newest_feed_, expected - 1);
  }
  if (newest_recorded_us_ > last_recorded_us_) {
    Problem("meta", kLastRecordedKey, "is {}, but a version was recorded at {}", last_recorded_us_,
            newest_recorded_us_);
  }
  return base::OkStatus();
}

void Checker::CheckLogChunk(const LogRows& rows) {
  Record record;
  std::string scratch;
  std::size_t run = 0;
  for (std::size_t row = 0; row < rows.chunk->size(); ++row) {
    rows.chunk->Get(row, record);
    const std::uint64_t sequence = rows.first + row;
    if (sequence > rows.last) {
      CheckMark(rows, record);
    } else {
      ++report_.feed_entries;
      Told("log", sequence);
      CheckVersion(record, sequence);
    }
    if (rows.chunk->gone(row)) continue;
    if (record.feed_sequence() <= settled_) settled_rows_.Add(HashOf(record));
    if (sequence > rows.last) continue;
    scratch.clear();
    AppendRowKey(scratch, record);
    const IdentityEntry entry{hasher_.Code(scratch), sequence};
    if (sequence > settled_) {
      unsettled_.push_back(entry);
      continue;
    }
    while (run < runs_.size() && runs_[run].last < sequence) ++run;
    if (run < runs_.size()) run_sums_[run].Add(HashOf(entry));
  }
}

void Checker::CheckVersion(const Record& record, std::uint64_t expected) {
  if (record.feed_sequence() != expected) {
    LogProblem(expected, "a version has the number {}", record.feed_sequence());
  }
  if (record.version() == 0) {
    if (expected < gone_.size()) gone_[expected] = true;
    last_gone_ = std::max(last_gone_, expected);
    if (!record.sample_id().empty() || record.has_value()) {
      LogProblem(expected, "has expired, but something of it is left");
    }
    return;
  }
  ++report_.versions;
  if (record.moved_away()) LogProblem(expected, "is a mark where a version is due");
  if (record.recorded_at_us() < newest_recorded_us_) {
    LogProblem(expected, "was recorded before the number before it");
  }
  newest_recorded_us_ = std::max(newest_recorded_us_, record.recorded_at_us());
  if (!sites_.contains(record.site_id())) LogProblem(expected, "its site is not in the catalogue");
  if (record.content_hash().empty() && !HashIsDerived(record))
    LogProblem(expected, "has no content hash and gives none");
  if (record.version() > 1) amended_.insert(expected);
}

void Checker::CheckMark(const LogRows& rows, const Record& mark) {
  ++report_.marks;
  const std::uint64_t sequence = mark.feed_sequence();
  if (!mark.moved_away() || sequence < rows.first || sequence > rows.last) {
    LogProblem(sequence, "a row behind the versions is not a mark of one of them");
    return;
  }
  const std::size_t row = sequence - rows.first;
  const Record version = rows.chunk->Get(row);
  if (version.version() != mark.version() || !SameRow(version, mark) || SamePlace(version, mark) ||
      version.recorded_at_us() != mark.recorded_at_us()) {
    LogProblem(sequence, "has a mark that does not belong to it");
    return;
  }
  marks_[sequence] = PlaceText(mark);
}

base::Status Checker::CheckSeries() {
  Sum rows;
  std::uint64_t done = 0;
  storage::Cursor cursor = snapshot_.Scan(kSeriesFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    const auto chunk = RowChunk::Parse(std::string(cursor.value()));
    if (!chunk.ok()) {
      Problem("series", cursor.key(), "{}", base::Message(chunk.status()));
      continue;
    }
    CheckSeriesChunk(cursor.key(), **chunk);
    for (std::size_t row = 0; row < (*chunk)->size(); ++row) {
      Told("series", ++done);
      rows.Add(HashOf((*chunk)->Get(row)));
    }
  }
  RETURN_IF_ERROR(cursor.status());
  if (rows == settled_rows_ || expiry_unfinished_) return base::OkStatus();
  Problem("series", "", "{} rows, but the log has {} settled ones, or they differ", rows.count,
          settled_rows_.count);
  return NameSeriesProblems();
}

void Checker::CheckSeriesChunk(std::string_view key, const RowChunk& chunk) {
  std::uint64_t least = chunk.sequence(0);
  for (std::size_t row = 0; row < chunk.size(); ++row) {
    const std::uint64_t sequence = chunk.sequence(row);
    least = std::min(least, sequence);
    if (sequence > settled_) {
      Problem("series", key, "holds number {}, which is not settled", sequence);
    }
    const std::string prefix = SeriesPrefix(chunk.text(row, Record::kSiteIdFieldNumber),
                                            chunk.text(row, Record::kTargetFieldNumber));
    if (ParseStretch(prefix, key) != StretchOf(chunk.collected_at_us(row))) {
      Problem("series", key, "number {} does not lie where its content says", sequence);
    }
  }
  std::string_view number = key.substr(key.size() - std::min<std::size_t>(key.size(), 8));
  if (storage::TakeUint64(number).value_or(least + 1) > least) {
    Problem("series", key, "holds number {}, which comes before it", least);
  }
}

// Slow, row by row: only when the sums differ.
base::Status Checker::NameSeriesProblems() {
  std::vector<bool> seen(gone_.size());
  storage::Cursor cursor = snapshot_.Scan(kSeriesFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    const auto chunk = RowChunk::Parse(std::string(cursor.value()));
    if (!chunk.ok()) continue;
    for (std::size_t row = 0; row < (*chunk)->size(); ++row) {
      const Record record = (*chunk)->Get(row);
      const std::uint64_t sequence = record.feed_sequence();
      if (record.moved_away()) {
        const auto mark = marks_.find(sequence);
        if (mark == marks_.end() || mark->second != PlaceText(record)) {
          Problem("series", cursor.key(), "has a mark of number {} that the log has not", sequence);
        }
        continue;
      }
      ASSIGN_OR_RETURN(const auto rows, Containing(sequence));
      if (!rows || rows->chunk->Get(sequence - rows->first).SerializeAsString() !=
                       record.SerializeAsString()) {
        Problem("series", cursor.key(), "number {} is not as in the log", sequence);
      }
      if (sequence < seen.size()) {
        if (seen[sequence]) Problem("series", cursor.key(), "number {} is there twice", sequence);
        seen[sequence] = true;
      }
    }
  }
  for (std::uint64_t sequence = 1; sequence <= settled_ && sequence < seen.size(); ++sequence) {
    if (!seen[sequence] && !gone_[sequence]) LogProblem(sequence, "is in no series");
  }
  return cursor.status();
}

base::Status Checker::CheckIdentities() {
  RETURN_IF_ERROR(CheckRuns(runs_));
  std::uint32_t bits = 0;
  while ((newest_feed_ >> bits) > kEntriesPerPart) ++bits;
  for (std::uint64_t part = 0; part < std::uint64_t{1} << bits; ++part) {
    ASSIGN_OR_RETURN(const auto entries, EntriesOf(runs_, bits, part));
    for (auto from = entries.begin(); from != entries.end();) {
      const auto to = std::find_if(from, entries.end(), [&](const IdentityEntry& entry) {
        return entry.code != from->code;
      });
      RETURN_IF_ERROR(CheckGroup({from, to}));
      from = to;
    }
    if (progress_ && bits > 0)
      progress_("identities", (part + 1) << (kIdentityCodeBits - bits),
                std::uint64_t{1} << kIdentityCodeBits);
  }
  for (const std::uint64_t sequence : amended_) {
    if (sequence < last_gone_ || expiry_unfinished_)
      continue;  // the ones before it may have expired
    if (last_gone_ == 0) LogProblem(sequence, "is not version 1, and there is none before it");
  }
  return base::OkStatus();
}

base::Status Checker::CheckRuns(std::vector<IdentityRun>& runs) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Sum sum;
    std::vector<IdentityEntry> entries;
    std::uint64_t block = 0;
    storage::Cursor cursor =
        snapshot_.Scan(kIdentitiesFamily, RunBlockKey(runs[i], 0),
                       RunBlockKey(runs[i], std::uint64_t{1} << runs[i].block_bits));
    for (; cursor.Valid(); cursor.Next(), ++block) {
      entries.clear();
      if (!DecodeRunBlock(cursor.value(), runs[i].first, entries).ok()) {
        Problem("identities", cursor.key(), "cannot be read");
      }
      if (!std::is_sorted(entries.begin(), entries.end())) {
        Problem("identities", cursor.key(), "is not in order");
      }
      for (const IdentityEntry& entry : entries) {
        if (entry.code >> (kIdentityCodeBits - runs[i].block_bits) != block) {
          Problem("identities", cursor.key(), "holds a code of another block");
        }
        if (!IsGone(entry.sequence)) sum.Add(HashOf(entry));
      }
    }
    RETURN_IF_ERROR(cursor.status());
    if (block != std::uint64_t{1} << runs[i].block_bits || sum != run_sums_[i]) {
      Problem("identities", RunBlockKey(runs[i], 0),
              "the numbers {} to {} do not agree with the log", runs[i].first, runs[i].last);
    }
  }
  return base::OkStatus();
}

base::StatusOr<std::vector<IdentityEntry>> Checker::EntriesOf(const std::vector<IdentityRun>& runs,
                                                              std::uint32_t bits,
                                                              std::uint64_t part) {
  std::vector<IdentityEntry> entries;
  const IdentityCode from = part << (kIdentityCodeBits - bits);
  const IdentityCode last = ((part + 1) << (kIdentityCodeBits - bits)) - 1;
  for (const IdentityRun& run : runs) {
    const unsigned shift = kIdentityCodeBits - run.block_bits;
    storage::Cursor cursor = snapshot_.Scan(kIdentitiesFamily, RunBlockKey(run, from >> shift),
                                            RunBlockKey(run, (last >> shift) + 1));
    for (; cursor.Valid(); cursor.Next()) {
      // Damage was told by CheckRuns.
      DecodeRunBlock(cursor.value(), run.first, entries).IgnoreError();
    }
    RETURN_IF_ERROR(cursor.status());
  }
  entries.insert(entries.end(), unsettled_.begin(), unsettled_.end());
  std::erase_if(entries, [&](const IdentityEntry& entry) {
    return entry.code < from || entry.code > last || IsGone(entry.sequence) ||
           entry.sequence > newest_feed_;
  });
  std::sort(entries.begin(), entries.end());
  return entries;
}

base::Status Checker::CheckGroup(std::span<const IdentityEntry> group) {
  if (group.size() == 1) {
    ++report_.rows;
    return base::OkStatus();
  }
  std::vector<std::vector<Record>> rows;
  for (const IdentityEntry& entry : group) {
    ASSIGN_OR_RETURN(const auto found, Containing(entry.sequence));
    if (!found) continue;
    Record record = found->chunk->Get(entry.sequence - found->first);
    auto row = std::find_if(rows.begin(), rows.end(), [&](const std::vector<Record>& versions) {
      return SameRow(versions.front(), record);
    });
    if (row == rows.end()) row = rows.insert(row, std::vector<Record>());
    row->push_back(std::move(record));
  }
  report_.rows += rows.size();
  for (const std::vector<Record>& versions : rows) CheckHistory(versions);
  return base::OkStatus();
}

void Checker::CheckHistory(const std::vector<Record>& versions) {
  for (std::size_t i = 1; i < versions.size(); ++i) {
    const Record& older = versions[i - 1];
    const Record& newer = versions[i];
    const std::uint64_t sequence = newer.feed_sequence();
    amended_.erase(sequence);
    if (newer.version() != older.version() + 1) {
      LogProblem(sequence, "version {} follows version {}", newer.version(), older.version());
    }
    const auto mark = marks_.find(sequence);
    const bool marked = mark != marks_.end() && mark->second == PlaceText(older);
    if (SamePlace(older, newer) ? mark != marks_.end() : !marked) {
      LogProblem(sequence, "the mark of a row that moved away is missing or differs");
    }
  }
}

base::StatusOr<std::optional<LogRows>> Checker::Containing(std::uint64_t sequence) {
  if (last_looked_up_ && last_looked_up_->first <= sequence && sequence <= last_looked_up_->last) {
    return last_looked_up_;
  }
  const storage::Cursor cursor = snapshot_.Scan(kLogFamily, FeedKey(sequence), "");
  if (!cursor.Valid()) return std::optional<LogRows>();
  auto rows = ParseLogValue(cursor.key(), std::string(cursor.value()));
  if (!rows.ok() || rows->first > sequence) return std::optional<LogRows>();
  last_looked_up_ = *std::move(rows);
  return last_looked_up_;
}

}  // namespace

base::StatusOr<FsckReport> Fsck(const storage::Store& store, const FsckProgress& progress) {
  return Checker(store, progress).Run();
}

base::StatusOr<FsckReport> Fsck(const std::filesystem::path& directory,
                                const FsckProgress& progress) {
  std::error_code error;
  if (!std::filesystem::exists(directory / "CURRENT", error)) {
    return base::NotFound("{} holds no time series database", directory.string());
  }
  ASSIGN_OR_RETURN(const auto store, storage::Store::Open(LayoutOptions(directory)));
  return Fsck(*store, progress);
}

}  // namespace belgrand::timeseries
