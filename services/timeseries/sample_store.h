// The time series on disk: versions of rows, their numbered feed, the sites. Storage logic without
// gRPC.
//
// A row is named by (laboratory, sample, target, gene); each accepted change is a new version, and
// none is overwritten. Bitemporal: a version lies at its collection instant in its series and
// carries the instant at which it was recorded, so that any read can be made as of any instant.
// docs/formats/timeseries.md defines the bytes.
//
// An append is one value of the log; it is on disk when Append returns. What makes series and
// identities quick to find is written later, many rows at once, by a thread of the store
// ("settling"), and is made again from the log after a crash. Until then the newest rows are kept
// in memory (recent_rows.h), bounded by SampleStoreLimits.
//
// Thread safety: safe. Concurrent appends share their decision pass and their disk sync; readers do
// not block writers, except that the first reader after an append parses what it added.
//
// Invariants:
//   (1) An append is all or nothing and on disk when it returns.
//   (2) Feed numbers start at 1 and have no gap; they order as recorded_at does, and recorded_at
//       grows with every request.
//   (3) What was read as of an instant is read again as of that instant, for ever (except what
//       expired).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "compliance/expiry_plan.h"
#include "compliance/holds.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "services/backup/sink.h"
#include "services/shared/person_matcher.h"
#include "services/shared/person_steward.h"
#include "services/shared/restrictions.h"
#include "services/timeseries/append_plan.h"
#include "services/timeseries/identity_index.h"
#include "services/timeseries/layout.h"
#include "services/timeseries/recent_rows.h"
#include "services/timeseries/row_log.h"
#include "services/timeseries/site_catalogue.h"

namespace belgrand::timeseries {

// The mark of a backup: the number of the newest feed entry.
inline constexpr char kFeedMark[] = "feed";

enum class AppendMode { kCommit, kDryRun };

inline std::vector<Record*> PointersTo(std::vector<Record>& rows) {
  std::vector<Record*> pointers;
  pointers.reserve(rows.size());
  for (Record& row : rows) pointers.push_back(&row);
  return pointers;
}

struct SampleStoreLimits {
  // Memory of the filter that tells new rows from known ones: 2 bytes a row make looks on disk
  // rare.
  std::size_t filter_bytes = std::size_t{64} << 20;
  // Rows that are settled together. Up to five times as many are kept in memory before appends
  // wait.
  std::uint64_t settle_rows = 65'536;
};

struct SeriesQuery {
  std::string site_id = {};
  std::string target = {};
  std::optional<base::Instant> from = {};  // collected_at, inclusive
  std::optional<base::Instant> to = {};    // exclusive
  std::optional<base::Instant> as_of = {};
};

struct FeedPage {
  // In order of feed_sequence. A number whose record has expired is passed over.
  std::vector<Record> records;
  std::uint64_t last_read = 0;  // resume after this
  std::uint64_t newest = 0;
};

class SampleStore;

// Reads one series page by page. Holds no cursor between pages, so a slow reader keeps nothing on
// disk alive; the pages are still one state, that of as_of. Not thread-safe; must not outlive its
// store.
class SeriesReader {
 public:
  // At most `max_rows` in order of collected_at, laboratory, sample; none at the end.
  base::StatusOr<std::vector<Record>> Next(std::size_t max_rows);

 private:
  friend class SampleStore;
  struct Row {
    RowRef ref;
    std::int64_t collected_at_us = 0;
  };
  SeriesReader(const storage::Store& store, const SeriesQuery& query, base::Instant as_of,
               RecentRows::SeriesRows recent);
  // The rows of the next stretch that has any; false at the end.
  base::StatusOr<bool> Load();
  base::StatusOr<std::optional<std::int64_t>> TakeChunks(std::optional<std::int64_t> recent);
  void Consider(const std::shared_ptr<const RowChunk>& chunk, std::size_t row);
  void KeepNewest();

  const storage::Store& store_;
  const std::string prefix_;
  const std::int64_t from_us_;
  const std::int64_t to_us_;  // exclusive
  const std::int64_t as_of_us_;
  const std::uint64_t settled_;
  std::vector<RowRef> recent_;
  std::int64_t next_stretch_;
  std::vector<Row> rows_;  // of the stretch under way
  std::size_t given_ = 0;
};

class SampleStore {
 public:
  static constexpr std::size_t kMaxRowsPerAppend = 10000;
  static constexpr std::size_t kMaxIdentifierBytes = 256;
  static constexpr std::size_t kMaxRecordBytes = std::size_t{64} << 10;

  // `options` as LayoutOptions makes them. Borrows the clock. FailedPrecondition: in use, or
  // written by a newer version. DataLoss: damaged.
  // A store of format 1 is brought to this format first, which takes a while and is logged.
  static base::StatusOr<std::unique_ptr<SampleStore>> Open(const storage::StoreOptions& options,
                                                           const base::Clock& clock,
                                                           const SampleStoreLimits& limits = {});
  ~SampleStore();

  // Results in the order of the rows. version, recorded_at, feed_sequence and derived hashes of the
  // rows are set here. InvalidArgument: a row without identity or hash, or too large. Unavailable,
  // ResourceExhausted: the disk refused; nothing was stored.
  base::StatusOr<std::vector<AppendResult>> Append(std::span<Record* const> rows,
                                                   AppendMode mode = AppendMode::kCommit,
                                                   Hashes hashes = Hashes::kGiven);
  base::StatusOr<std::vector<AppendResult>> Append(std::vector<Record> rows,
                                                   AppendMode mode = AppendMode::kCommit,
                                                   Hashes hashes = Hashes::kGiven) {
    return Append(PointersTo(rows), mode, hashes);
  }

  // NotFound: the site is not in the catalogue.
  base::StatusOr<SeriesReader> ReadSeries(const SeriesQuery& query);
  // Oldest first. NotFound: no such row.
  base::StatusOr<std::vector<Record>> History(const std::string& laboratory_id,
                                              const std::string& sample_id,
                                              const std::string& target,
                                              const std::string& gene = {}) const;

  // Names this database; the same in every copy of it.
  const std::string& feed_id() const { return feed_id_; }
  std::uint64_t NewestFeed() const;
  base::StatusOr<FeedPage> ReadFeed(std::uint64_t after, std::size_t max_rows) const;
  // Waits until there is an entry after the number; false on timeout or when woken.
  bool WaitForFeed(std::uint64_t after, base::Duration timeout);
  // Ends all waits at once, for a stop.
  void WakeFeedWaiters();

  SiteCatalogue& sites() { return sites_; }

  // What retention would remove at `now`; changes nothing.
  base::StatusOr<std::vector<compliance::v1::ExpiryLine>> PlanExpiry(
      base::Instant now, const compliance::HoldScopes& holds = {}) const;
  // Removes it, then rewrites the files so that the bytes are gone. Idempotent and resumable: after
  // a crash, calling it again finishes. Appends go on meanwhile.
  base::StatusOr<std::vector<compliance::v1::ExpiryLine>> ApplyExpiry(
      base::Instant now, const compliance::HoldScopes& holds = {});

  // How often the versions hold persons, by field.
  base::StatusOr<std::vector<compliance::v1::ErasureLine>> FindPersons(
      const shared::PersonMatcher& persons) const;
  // Clears those fields, or writes in what is correct, then rewrites the files so that the bytes
  // are gone. Idempotent and resumable. Appends go on meanwhile: what was on its way while the
  // person's key was dropped may come after the walk, so whoever calls this looks again.
  // FailedPrecondition: who is to be replaced needs `seal`.
  using Sealer = std::function<base::StatusOr<compliance::v1::SealFieldsResponse>(
      const compliance::v1::SealFieldsRequest&)>;
  base::StatusOr<std::vector<compliance::v1::ErasureLine>> ErasePersons(
      const shared::PersonMatcher& persons, const Sealer& seal = nullptr);
  // Every version that says something of the one person of the matcher.
  base::Status CollectPerson(const shared::PersonMatcher& person,
                             const shared::PersonStewardship::Give& give) const;
  base::Status LoadRestrictions(shared::Restrictions& restrictions) const;
  base::Status Restrict(const storage::v1::RestrictionsRecord& record,
                        shared::Restrictions& restrictions);
  base::StatusOr<storage::SearchFacts> SearchFiles(const std::vector<std::string>& sought) const;
  // Which erasures were carried out here.
  base::StatusOr<shared::ErasureMark> erased() const;
  base::Status SetErased(const shared::ErasureMark& mark);

  // Calls `visit` with every living version, settled or not, series by series.
  base::Status ScanSeries(const std::function<void(const RowChunk&, std::size_t)>& visit);

  // Settles everything appended so far; the store does so by itself in time.
  base::Status Settle();
  // Settles everything, then rewrites the files to their least size. Takes a while.
  base::Status Compact();
  std::uint64_t Settled() const { return recent_.settled(); }
  // Bytes of rows that wait to be settled.
  std::size_t RecentBytes() const { return recent_.bytes(); }

  storage::StoreStatistics Statistics() const { return store_->Statistics(); }
  base::Status WriteStatus() const { return store_->WriteStatus(); }
  // Everything that was appended before the call is in it.
  base::Status BackUp(backup::Sink& sink) const;

 private:
  struct Request {
    AppendPlan::Rows rows;
    base::StatusOr<std::vector<AppendResult>> results = std::vector<AppendResult>();
    bool done = false;
    base::CondVar wake;
  };

  compliance::HoldMatcher MatcherOf(const compliance::HoldScopes& holds) const;
  // A version is kept with any earlier one of its row that is: else an old value would be the
  // newest again. A mark shares the fate of its version.
  bool IsHeld(const compliance::HoldMatcher& holds, const Record& record) const;
  // As the log has it now; nothing: it has lost it.
  base::StatusOr<std::optional<Record>> InLog(const Record& record) const;

  SampleStore(std::unique_ptr<storage::Store> store, const base::Clock& clock,
              const SampleStoreLimits& limits)
      : clock_(clock),
        limits_(limits),
        store_(std::move(store)),
        sites_(*store_),
        log_(*store_),
        identities_(*store_, limits.filter_bytes) {}
  base::Status Load();
  base::Status LoadRecent(std::uint64_t settled, std::uint64_t newest);
  base::StatusOr<std::vector<AppendResult>> DryRun(const AppendPlan::Rows& rows) const;
  std::vector<Request*> TakeGroup() REQUIRES_LOCK(queue_mutex_);
  base::Status CommitGroup(const std::vector<Request*>& group);
  base::Status PlanAndWrite(const std::vector<Request*>& group, base::Instant first_recorded);
  base::Instant SettleAsOf(std::optional<base::Instant> as_of);
  std::vector<IdentityCode> CodesOf(std::span<Record* const> rows) const;
  AppendPlan NewPlan(std::uint64_t newest) const;
  // Where the row was found that was looked for before: what is sent again comes in the old order.
  struct Near {
    std::optional<LogRows> rows;
    std::size_t row = 0;
  };
  base::StatusOr<std::vector<Record>> FindVersions(IdentityCode code, const Record& like,
                                                   Near* near = nullptr) const;

  void RunSettler();
  void RunMerger();
  base::Status SettleOnce() REQUIRES_LOCK(settle_mutex_);
  void WaitForRoom();

  // The rows that a chunk is to be replaced by; nothing: it stays.
  using JudgeChunk = std::function<std::optional<std::vector<Record>>(const RowChunk& chunk)>;
  // Whether something was replaced.
  base::StatusOr<bool> RewriteLog(const JudgeChunk& judge);
  base::Status RewriteSeries(const JudgeChunk& judge);
  base::Status FollowLog(base::Instant now, const compliance::HoldMatcher& holds);
  base::Status MergeSeries();

  const base::Clock& clock_;
  const SampleStoreLimits limits_;
  const std::unique_ptr<storage::Store> store_;
  SiteCatalogue sites_;
  std::string feed_id_;  // set by Load
  RowLog log_;
  IdentityHasher hasher_;
  IdentityIndex identities_;
  RecentRows recent_;

  base::Mutex queue_mutex_;
  std::deque<Request*> queue_ GUARDED_BY(queue_mutex_);  // the front leads

  // Held from looking for versions until their change is on disk: by the leading append and by
  // expiry.
  base::Mutex decide_mutex_;
  base::Mutex rewrite_mutex_;  // one change of settled rows at a time; before the other two
  base::Mutex settle_mutex_;   // one settling at a time

  mutable base::Mutex state_mutex_;  // taken last
  base::CondVar state_changed_;
  std::uint64_t newest_feed_ GUARDED_BY(state_mutex_) = 0;
  base::Instant last_recorded_ GUARDED_BY(state_mutex_){};
  // Instants up to here have been read: later commits are recorded after them.
  base::Instant read_until_ GUARDED_BY(state_mutex_){};
  // First recorded_at of the group that is on its way to disk.
  std::optional<base::Instant> in_flight_ GUARDED_BY(state_mutex_);
  std::uint64_t wakes_ GUARDED_BY(state_mutex_) = 0;

  base::Mutex settler_mutex_;
  base::CondVar settler_wake_;  // rows wait, or the store stops
  base::CondVar settled_wake_;  // rows were settled, or settling failed
  std::atomic<bool> stopping_ = false;
  base::CondVar merger_wake_;
  std::thread settler_;
  std::thread merger_;
};

}  // namespace belgrand::timeseries
