// The sampling sites: few, read with every row, so kept in memory beside their records on disk;
// polygons stay on disk.
//
// Every change is a new version of the site; none is overwritten. Bitemporal: populations and
// districts carry the date from which they hold in the world, versions the instant at which the
// catalogue learnt them, so that it can be read as of any instant. What was read as of an instant
// is read again as of that instant, for ever: later changes are recorded after it (over a restart
// this rests on the clock not going back).
//
// On disk: the newest version in the family sites, older ones in meta (docs/formats/timeseries.md),
// where a program that does not know them passes them over. Thread safety: safe. Lookups are not
// blocked by a write to disk.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "belgrand/storage/v1/sample_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/base/time.h"
#include "platform/storage/store.h"

namespace belgrand::timeseries {

// What the key of every older version of a site in the family meta starts with; the version (4
// bytes) follows. Of no site: what all of them start with.
std::string SiteVersionsPrefix(std::optional<std::string_view> site_id);
std::string SiteVersionKey(std::string_view site_id, std::uint32_t version);

struct PutSitesResult {
  std::uint32_t added = 0;
  std::uint32_t changed = 0;
  std::uint32_t unchanged = 0;
  // Of the catalogue, after the call.
  std::uint64_t catalogue_version = 0;
};

struct SiteList {
  std::vector<storage::v1::SiteRecord> sites;  // in order of site_id
  std::uint64_t catalogue_version = 0;
};

struct SiteQuery {
  // Empty: all.
  std::string_view district_id = {};
  std::string_view site_id = {};
  std::optional<base::Instant> as_of = {};
  bool with_polygons = false;
};

enum class PutMode { kStore, kCheckOnly };

class SiteCatalogue {
 public:
  static constexpr std::size_t kMaxSites = 100000;
  // Of all sites without their polygons, so that a list of them fits into one answer.
  static constexpr std::int64_t kMaxListedBytes = std::int64_t{9} << 20;
  static constexpr std::uint32_t kMaxVersions = 1000;

  // Borrows the store for its life.
  explicit SiteCatalogue(storage::Store& store) : store_(store) {}
  base::Status Load();

  bool Has(std::string_view site_id) const;
  // As they are now, without polygons. Empty district: all.
  SiteList List(std::string_view district_id) const;
  // `now` is the clock's. NotFound: no such site (then). Of the version as of an instant
  // catalogue_version is that of its newest site.
  base::StatusOr<SiteList> Read(const SiteQuery& query, base::Instant now);
  // Oldest first, without polygons. NotFound: no such site.
  base::StatusOr<std::vector<storage::v1::SiteRecord>> History(std::string_view site_id) const;

  // Adds or changes, all or nothing; on disk when it returns. What a record leaves empty stays as
  // it is in the site that is stored, and so do the dates that it does not name; an entry without
  // persons or shares takes its date out, a catchment without polygons the catchment. version,
  // recorded_at_us and catalogue_version are set here. kCheckOnly: stores nothing.
  // InvalidArgument: `found` (by CheckSites) or a site as it would be stored (CheckWhole) has
  // violations; all are told. ResourceExhausted: more than kMaxSites or kMaxListedBytes, or
  // kMaxVersions of a site.
  base::StatusOr<PutSitesResult> Put(const std::vector<storage::v1::SiteRecord>& sites,
                                     base::Instant now, PutMode mode = PutMode::kStore,
                                     std::vector<std::pair<std::string, std::string>> found = {});

 private:
  using Record = storage::v1::SiteRecord;

  // What a Put would do.
  struct Changes {
    PutSitesResult result;
    std::vector<Record> sites;
    storage::Batch batch;
    std::int64_t listed_bytes = 0;
  };

  base::Status Prepare(const std::vector<Record>& sites,
                       std::vector<std::pair<std::string, std::string>> violations,
                       Changes& out) const;
  base::StatusOr<Record> OnDisk(std::string_view site_id) const;
  base::StatusOr<std::vector<Record>> Versions(std::string_view site_id) const;
  // The instant to answer for; later changes are recorded after it.
  base::Instant Settle(base::Instant as_of, base::Instant now);

  storage::Store& store_;
  base::Mutex writer_;  // one Put at a time; taken before mutex_
  mutable base::Mutex mutex_;
  // Without polygons.
  std::map<std::string, Record, std::less<>> sites_ GUARDED_BY(mutex_);
  std::uint64_t version_ GUARDED_BY(mutex_) = 0;
  std::int64_t listed_bytes_ GUARDED_BY(mutex_) = 0;
  std::int64_t last_recorded_us_ GUARDED_BY(mutex_) = 0;
  std::int64_t read_until_us_ GUARDED_BY(mutex_) = 0;
  // First recorded_at of a Put on its way to disk.
  std::optional<std::int64_t> in_flight_us_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::timeseries
