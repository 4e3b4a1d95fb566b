// The sampling sites: few, read with every row, so kept in memory beside their records on disk.
//
// Thread safety: safe. Lookups are not blocked by a write to disk.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/storage/v1/sample_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/base/time.h"
#include "platform/storage/store.h"

namespace belgrand::timeseries {

struct PutSitesResult {
  std::uint32_t added = 0;
  std::uint32_t changed = 0;
  std::uint32_t unchanged = 0;
};

struct SiteList {
  std::vector<storage::v1::SiteRecord> sites;  // in order of site_id
  std::uint64_t catalogue_version = 0;
};

class SiteCatalogue {
 public:
  static constexpr std::size_t kMaxSites = 100000;

  // Borrows the store for its life.
  explicit SiteCatalogue(storage::Store& store) : store_(store) {}
  base::Status Load();

  bool Has(std::string_view site_id) const;
  // Empty district: all.
  SiteList List(std::string_view district_id) const;
  // Adds or replaces, all or nothing; on disk when it returns. recorded_at_us is set here.
  // REQUIRES: each site is valid and named once. ResourceExhausted: more than kMaxSites.
  base::StatusOr<PutSitesResult> Put(const std::vector<storage::v1::SiteRecord>& sites,
                                     base::Instant now);

 private:
  storage::Store& store_;
  base::Mutex writer_;  // one Put at a time; taken before mutex_
  mutable base::Mutex mutex_;
  std::map<std::string, storage::v1::SiteRecord, std::less<>> sites_ GUARDED_BY(mutex_);
  std::uint64_t version_ GUARDED_BY(mutex_) = 0;
};

}  // namespace belgrand::timeseries
