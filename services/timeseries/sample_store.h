// The time series on disk: versions of rows, their numbered feed, the sites. Storage logic without
// gRPC.
//
// A row is named by (laboratory, sample, target, gene); each accepted change is a new version, and
// none is overwritten. Bitemporal: a version lies at its collection instant in its series and
// carries the instant at which it was recorded, so that any read can be made as of any instant.
// docs/formats/timeseries.md defines the bytes.
//
// Thread safety: safe. Concurrent appends share their decision pass and their disk sync; readers do
// not block writers.
//
// Invariants:
//   (1) An append is all or nothing and on disk when it returns.
//   (2) Feed numbers start at 1 and have no gap; they order as recorded_at does, and recorded_at
//   grows
//       with every request.
//   (3) What was read as of an instant is read again as of that instant, for ever (except what
//   expired).
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "services/timeseries/append_plan.h"
#include "services/timeseries/layout.h"
#include "services/timeseries/site_catalogue.h"

namespace belgrand::timeseries {

enum class AppendMode { kCommit, kDryRun };

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
  SeriesReader(const storage::Store& store, std::string from, std::string to, base::Instant as_of)
      : store_(store), from_(std::move(from)), to_(std::move(to)), as_of_(as_of) {}

  const storage::Store& store_;
  std::string from_;
  std::string to_;
  base::Instant as_of_;
  bool at_end_ = false;
};

class SampleStore {
 public:
  static constexpr std::size_t kMaxRowsPerAppend = 10000;
  static constexpr std::size_t kMaxIdentifierBytes = 256;
  static constexpr std::size_t kMaxRecordBytes = std::size_t{64} << 10;

  // `options` as LayoutOptions makes them. Borrows the clock. FailedPrecondition: in use, or
  // written by a newer version. DataLoss: damaged.
  static base::StatusOr<std::unique_ptr<SampleStore>> Open(const storage::StoreOptions& options,
                                                           const base::Clock& clock);

  // Results in the order of the rows. version, recorded_at and feed_sequence of the rows are set
  // here. InvalidArgument: a row without identity or hash, or too large. Unavailable,
  // ResourceExhausted: the disk refused; nothing was stored.
  base::StatusOr<std::vector<AppendResult>> Append(const std::vector<Record>& rows,
                                                   AppendMode mode = AppendMode::kCommit);

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
  base::StatusOr<std::vector<compliance::v1::ExpiryLine>> PlanExpiry(base::Instant now) const;
  // Removes it, then rewrites the files so that the bytes are gone. Idempotent and resumable: after
  // a crash, calling it again finishes. Appends go on meanwhile.
  base::StatusOr<std::vector<compliance::v1::ExpiryLine>> ApplyExpiry(base::Instant now);

  storage::StoreStatistics Statistics() const { return store_->Statistics(); }
  base::Status WriteStatus() const { return store_->WriteStatus(); }

 private:
  struct Request {
    const std::vector<Record>* rows = nullptr;
    base::StatusOr<std::vector<AppendResult>> results = std::vector<AppendResult>();
    bool done = false;
    base::CondVar wake;
  };

  SampleStore(std::unique_ptr<storage::Store> store, const base::Clock& clock)
      : clock_(clock), store_(std::move(store)), sites_(*store_) {}
  base::Status Load();
  base::StatusOr<std::vector<AppendResult>> DryRun(const std::vector<Record>& rows) const;
  std::vector<Request*> TakeGroup() REQUIRES_LOCK(queue_mutex_);
  base::Status CommitGroup(const std::vector<Request*>& group);
  base::Status PlanAndWrite(const std::vector<Request*>& group, base::Instant first_recorded);
  base::Instant SettleAsOf(std::optional<base::Instant> as_of);

  const base::Clock& clock_;
  const std::unique_ptr<storage::Store> store_;
  SiteCatalogue sites_;
  std::string feed_id_;  // set by Load

  base::Mutex queue_mutex_;
  std::deque<Request*> queue_ GUARDED_BY(queue_mutex_);  // the front leads

  // Held from reading heads until their change is on disk: by the leading append and by expiry.
  base::Mutex decide_mutex_;
  base::Mutex expiry_mutex_;  // one ApplyExpiry at a time; taken before decide_mutex_

  mutable base::Mutex state_mutex_;  // taken last
  base::CondVar state_changed_;
  std::uint64_t newest_feed_ GUARDED_BY(state_mutex_) = 0;
  base::Instant last_recorded_ GUARDED_BY(state_mutex_){};
  // Instants up to here have been read: later commits are recorded after them.
  base::Instant read_until_ GUARDED_BY(state_mutex_){};
  // First recorded_at of the group that is on its way to disk.
  std::optional<base::Instant> in_flight_ GUARDED_BY(state_mutex_);
  std::uint64_t wakes_ GUARDED_BY(state_mutex_) = 0;
};

}  // namespace belgrand::timeseries
