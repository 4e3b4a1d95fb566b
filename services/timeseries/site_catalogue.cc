#include "services/timeseries/site_catalogue.h"

#include <algorithm>
#include <limits>

#include "platform/storage/keys.h"
#include "services/timeseries/layout.h"
#include "services/timeseries/scope.h"
#include "services/timeseries/site_check.h"

namespace belgrand::timeseries {
namespace {

using storage::v1::SiteRecord;

bool Parse(std::string_view bytes, SiteRecord& site) {
  return site.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

base::Status Unreadable() {
  return base::DataLoss("a stored site cannot be read: run fsck, restore a backup");
}

// Records of older versions have no number: they are the first.
std::uint32_t VersionOf(const SiteRecord& site) { return std::max(site.version(), 1U); }

// Of a site in a list without polygons.
std::int64_t ListedBytes(const SiteRecord& site) {
  if (!site.has_catchment()) return static_cast<std::int64_t>(site.ByteSizeLong());
  const auto& catchment = site.catchment();
  return static_cast<std::int64_t>(site.ByteSizeLong() - catchment.ByteSizeLong() +
                                   catchment.license().size() + catchment.attribution().size());
}

void DropPolygons(SiteRecord& site) {
  if (site.has_catchment()) site.mutable_catchment()->clear_polygons();
}

bool SameContent(SiteRecord a, SiteRecord b) {
  for (SiteRecord* site : {&a, &b}) {
    site->clear_version();
    site->clear_recorded_at_us();
    site->clear_catalogue_version();
  }
  return a.SerializeAsString() == b.SerializeAsString();
}

// Dates that are said take the place of what was known of them or join it; an entry that is empty
// takes its date out.
template <typename Entry, typename IsEmpty>
void MergeDated(const google::protobuf::RepeatedPtrField<Entry>& said, IsEmpty is_empty,
                const std::string& field, google::protobuf::RepeatedPtrField<Entry>& entries,
                Violations& violations) {
  const auto date = [](const Entry& entry) {
    return entry.has_valid_from_us() ? entry.valid_from_us()
                                     : std::numeric_limits<std::int64_t>::min();
  };
  for (int i = 0; i < said.size(); ++i) {
    const auto at = std::ranges::find(entries, date(said[i]), date);
    if (is_empty(said[i])) {
      if (at == entries.end()) {
        violations.emplace_back(fmt::format("{}[{}]", field, i),
                                "says nothing, and there is no entry of that date to take out: "
                                "send its number, or leave the entry out");
      } else {
        entries.erase(at);
      }
    } else if (at == entries.end()) {
      *entries.Add() = said[i];
    } else {
      *at = said[i];
    }
  }
  std::sort(entries.begin(), entries.end(),
            [&](const Entry& a, const Entry& b) { return date(a) < date(b); });
}

void MergePopulations(const SiteRecord& said, const std::string& path, SiteRecord& site,
                      Violations& violations) {
  if (said.populations().empty()) {
    if (said.population_served() == 0) return;
    site.set_population_served(said.population_served());
    if (site.populations().empty()) return;
    site.mutable_populations()->rbegin()->set_persons(said.population_served());
    return;
  }
  // A number that had no date has held from the beginning.
  if (site.populations().empty() && site.population_served() > 0) {
    site.add_populations()->set_persons(site.population_served());
  }
  MergeDated(
      said.populations(), [](const auto& entry) { return entry.persons() == 0; },
      path + "populations", *site.mutable_populations(), violations);
  const double newest = site.populations().empty() ? 0 : site.populations().rbegin()->persons();
  site.set_population_served(newest);
  if (said.population_served() != 0 && said.population_served() != newest) {
    violations.emplace_back(
        path + "population_served",
        fmt::format("{} is not {}, the newest of populations: leave it out, or say the same",
                    said.population_served(), newest));
  }
  // One entry without a date says no more than the number.
  if (site.populations_size() == 1 && !site.populations(0).has_valid_from_us()) {
    site.clear_populations();
  }
}

void MergeDistricts(const SiteRecord& said, const SiteRecord& known, const std::string& path,
                    SiteRecord& site, Violations& violations) {
  if (said.districts().empty()) return;
  // A district that had no date has been the only one from the beginning.
  if (site.districts().empty() && !known.district_id().empty()) {
    auto& share = *site.add_districts()->add_shares();
    share.set_district_id(known.district_id());
    share.set_share(1);
  }
  MergeDated(
      said.districts(), [](const auto& entry) { return entry.shares().empty(); },
      path + "districts", *site.mutable_districts(), violations);
  // One entry without a date and all persons in one district says no more than its name.
  if (site.districts_size() != 1 || site.districts(0).has_valid_from_us()) return;
  const auto& shares = site.districts(0).shares();
  if (shares.size() == 1 && shares[0].share() == 1 &&
      shares[0].district_id() == site.district_id()) {
    site.clear_districts();
  }
}

// The site as it will be: what is said, on top of what was known.
SiteRecord Merge(const SiteRecord& said, const SiteRecord& known, const std::string& path,
                 Violations& violations) {
  SiteRecord site = known;
  site.set_site_id(said.site_id());
  if (!said.name().empty()) site.set_name(said.name());
  if (!said.district_id().empty()) site.set_district_id(said.district_id());
  MergePopulations(said, path, site, violations);
  MergeDistricts(said, known, path, site, violations);
  if (said.institution() != 0) site.set_institution(said.institution());
  if (said.has_catchment()) {
    if (said.catchment().polygons().empty()) {
      site.clear_catchment();
    } else {
      *site.mutable_catchment() = said.catchment();
    }
  }
  return site;
}

}  // namespace

std::string SiteVersionsPrefix(std::optional<std::string_view> site_id) {
  std::string key = "site_version/";
  if (site_id) storage::AppendText(key, *site_id);
  return key;
}

std::string SiteVersionKey(std::string_view site_id, std::uint32_t version) {
  std::string key = SiteVersionsPrefix(site_id);
  storage::AppendUint32(key, version);
  return key;
}

base::Status SiteCatalogue::Load() {
  const base::MutexLock lock(mutex_);
  storage::Cursor cursor = store_.Scan(kSitesFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    SiteRecord site;
    if (!Parse(cursor.value(), site)) return Unreadable();
    DropPolygons(site);
    last_recorded_us_ = std::max(last_recorded_us_, site.recorded_at_us());
    listed_bytes_ += ListedBytes(site);
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

base::StatusOr<SiteRecord> SiteCatalogue::OnDisk(std::string_view site_id) const {
  ASSIGN_OR_RETURN(const auto bytes, store_.Get(kSitesFamily, SiteKey(site_id)));
  SiteRecord site;
  if (bytes && !Parse(*bytes, site)) return Unreadable();
  return site;
}

base::StatusOr<std::vector<SiteRecord>> SiteCatalogue::Versions(std::string_view site_id) const {
  std::vector<SiteRecord> versions;
  ASSIGN_OR_RETURN(Record newest, OnDisk(site_id));
  if (newest.site_id().empty()) return versions;
  const std::string prefix = SiteVersionsPrefix(site_id);
  storage::Cursor cursor = store_.Scan(kMetaFamily, prefix, storage::PrefixEnd(prefix));
  for (; cursor.Valid(); cursor.Next()) {
    if (!Parse(cursor.value(), versions.emplace_back())) return Unreadable();
    versions.back().set_version(VersionOf(versions.back()));
  }
  RETURN_IF_ERROR(cursor.status());
  newest.set_version(VersionOf(newest));
  // A change between the two reads has brought it among the older ones already.
  if (versions.empty() || versions.back().version() < newest.version()) {
    versions.push_back(std::move(newest));
  }
  return versions;
}

base::Instant SiteCatalogue::Settle(base::Instant as_of, base::Instant now) {
  const base::MutexLock lock(mutex_);
  std::int64_t us = base::ToMicros(std::min(as_of, now));
  // A change on its way to disk is not there yet: it must not appear under this instant later.
  if (in_flight_us_) us = std::min(us, *in_flight_us_ - 1);
  read_until_us_ = std::max(read_until_us_, us);
  return base::FromMicros(us);
}

base::StatusOr<SiteList> SiteCatalogue::Read(const SiteQuery& query, base::Instant now) {
  SiteList list;
  if (!query.as_of) {
    list = List(query.district_id);
    std::erase_if(list.sites, [&](const Record& site) {
      return !query.site_id.empty() && site.site_id() != query.site_id;
    });
    if (query.with_polygons) {
      for (Record& site : list.sites) {
        if (!site.has_catchment()) continue;
        ASSIGN_OR_RETURN(site, OnDisk(site.site_id()));
      }
    }
    for (Record& site : list.sites) site.set_version(VersionOf(site));
  } else {
    const std::int64_t until = base::ToMicros(Settle(*query.as_of, now));
    for (const Record& newest : List("").sites) {
      if (!query.site_id.empty() && newest.site_id() != query.site_id) continue;
      ASSIGN_OR_RETURN(std::vector<Record> versions, Versions(newest.site_id()));
      std::erase_if(versions, [&](const Record& v) { return v.recorded_at_us() > until; });
      if (versions.empty()) continue;
      Record& then = versions.back();
      list.catalogue_version = std::max(list.catalogue_version, then.catalogue_version());
      if (!query.district_id.empty() && then.district_id() != query.district_id) continue;
      if (!query.with_polygons) DropPolygons(then);
      list.sites.push_back(std::move(then));
    }
  }
  if (!query.site_id.empty() && list.sites.empty()) {
    return NoSite(query.site_id, query.as_of);
  }
  return list;
}

base::StatusOr<std::vector<SiteRecord>> SiteCatalogue::History(std::string_view site_id) const {
  ASSIGN_OR_RETURN(std::vector<Record> versions, Versions(site_id));
  if (versions.empty()) return NoSite(site_id, std::nullopt);
  for (Record& version : versions) DropPolygons(version);
  return versions;
}

base::Status SiteCatalogue::Prepare(const std::vector<SiteRecord>& sites, Violations violations,
                                    Changes& out) const {
  for (std::size_t i = 0; i < sites.size(); ++i) {
    ASSIGN_OR_RETURN(const Record known, OnDisk(sites[i].site_id()));
    const bool is_new = known.site_id().empty();
    const std::string path = fmt::format("sites[{}].", i);
    SiteRecord site = Merge(sites[i], known, path, violations);
    CheckWhole(site, path, violations);
    if (!is_new && SameContent(known, site)) {
      ++out.result.unchanged;
      continue;
    }
    ++(is_new ? out.result.added : out.result.changed);
    site.set_version(is_new ? 1 : VersionOf(known) + 1);
    if (site.version() > kMaxVersions) {
      return base::ResourceExhausted("site '{}' has {} versions: no more are kept", site.site_id(),
                                     kMaxVersions);
    }
    if (!is_new) {
      out.batch.Put(kMetaFamily, SiteVersionKey(site.site_id(), VersionOf(known)),
                    known.SerializeAsString());
    }
    out.listed_bytes += ListedBytes(site) - (is_new ? 0 : ListedBytes(known));
    out.sites.push_back(std::move(site));
  }
  return ToStatus(std::move(violations));
}

base::StatusOr<PutSitesResult> SiteCatalogue::Put(const std::vector<SiteRecord>& sites,
                                                  base::Instant now, PutMode mode,
                                                  Violations found) {
  const base::MutexLock one_at_a_time(writer_);
  Changes changes;
  RETURN_IF_ERROR(Prepare(sites, std::move(found), changes));
  PutSitesResult& result = changes.result;
  std::uint64_t version = 0;
  std::int64_t recorded_us = 0;
  {
    const base::MutexLock lock(mutex_);
    result.catalogue_version = version_;
    if (changes.sites.empty()) return result;
    if (sites_.size() + result.added > kMaxSites) {
      return base::ResourceExhausted("{} sites are stored and {} would be added: the limit is {}",
                                     sites_.size(), result.added, kMaxSites);
    }
    if (listed_bytes_ + changes.listed_bytes > kMaxListedBytes) {
      return base::ResourceExhausted(
          "the catalogue would hold {} bytes beside its polygons: the limit is {}; send fewer "
          "dates",
          listed_bytes_ + changes.listed_bytes, kMaxListedBytes);
    }
    if (mode == PutMode::kCheckOnly) return result;
    version = version_ + 1;
    recorded_us = std::max({base::ToMicros(now), last_recorded_us_ + 1, read_until_us_ + 1});
    in_flight_us_ = recorded_us;
  }
  for (SiteRecord& site : changes.sites) {
    site.set_recorded_at_us(recorded_us);
    site.set_catalogue_version(version);
    changes.batch.Put(kSitesFamily, SiteKey(site.site_id()), site.SerializeAsString());
  }
  changes.batch.Put(kMetaFamily, kCatalogueKey, MetaNumber(version));
  const base::Status written = store_.Write(changes.batch);
  const base::MutexLock lock(mutex_);
  in_flight_us_.reset();
  RETURN_IF_ERROR(written);
  for (SiteRecord& site : changes.sites) {
    DropPolygons(site);
    std::string id = site.site_id();
    sites_.insert_or_assign(std::move(id), std::move(site));
  }
  version_ = version;
  listed_bytes_ += changes.listed_bytes;
  last_recorded_us_ = recorded_us;
  result.catalogue_version = version;
  return result;
}

}  // namespace belgrand::timeseries
