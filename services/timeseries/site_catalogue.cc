#include "services/timeseries/site_catalogue.h"

#include "services/timeseries/layout.h"

namespace belgrand::timeseries {
namespace {

using storage::v1::SiteRecord;

bool SameContent(const SiteRecord& a, const SiteRecord& b) {
  return a.name() == b.name() && a.district_id() == b.district_id() &&
         a.population_served() == b.population_served();
}

}  // namespace

base::Status SiteCatalogue::Load() {
  const base::MutexLock lock(mutex_);
  storage::Cursor cursor = store_.Scan(kSitesFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    SiteRecord site;
    if (!site.ParseFromArray(cursor.value().data(), static_cast<int>(cursor.value().size()))) {
      return base::DataLoss("a stored site cannot be read: run fsck, restore a backup");
    }
    sites_.insert_or_assign(site.site_id(), std::move(site));
  }
  RETURN_IF_ERROR(cursor.status());
  ASSIGN_OR_RETURN(const auto version, store_.Get(kMetaFamily, kCatalogueKey));
  if (version) version_ = ParseMetaNumber(*version).value_or(0);
  return base::OkStatus();
}

bool SiteCatalogue::Has(std::string_view site_id) const {
  const base::MutexLock lock(mutex_);
  return sites_.contains(site_id);
}

SiteList SiteCatalogue::List(std::string_view district_id) const {
  SiteList list;
  const base::MutexLock lock(mutex_);
  for (const auto& [id, site] : sites_) {
    if (district_id.empty() || site.district_id() == district_id) list.sites.push_back(site);
  }
  list.catalogue_version = version_;
  return list;
}

base::StatusOr<PutSitesResult> SiteCatalogue::Put(const std::vector<SiteRecord>& sites,
                                                  base::Instant now) {
  const base::MutexLock one_at_a_time(writer_);
  PutSitesResult result;
  std::vector<SiteRecord> changes;
  std::uint64_t version = 0;
  {
    const base::MutexLock lock(mutex_);
    version = version_ + 1;
    for (const SiteRecord& site : sites) {
      const auto known = sites_.find(site.site_id());
      if (known != sites_.end() && SameContent(known->second, site)) {
        ++result.unchanged;
        continue;
      }
      ++(known == sites_.end() ? result.added : result.changed);
      changes.push_back(site);
      changes.back().set_recorded_at_us(base::ToMicros(now));
    }
    if (sites_.size() + result.added > kMaxSites) {
      return base::ResourceExhausted("{} sites are stored and {} would be added: the limit is {}",
                                     sites_.size(), result.added, kMaxSites);
    }
  }
  if (changes.empty()) return result;
  storage::Batch batch;
  for (const SiteRecord& site : changes) {
    batch.Put(kSitesFamily, SiteKey(site.site_id()), site.SerializeAsString());
  }
  batch.Put(kMetaFamily, kCatalogueKey, MetaNumber(version));
  RETURN_IF_ERROR(store_.Write(batch));
  const base::MutexLock lock(mutex_);
  for (SiteRecord& site : changes) {
    std::string id = site.site_id();
    sites_.insert_or_assign(std::move(id), std::move(site));
  }
  version_ = version;
  return result;
}

}  // namespace belgrand::timeseries
