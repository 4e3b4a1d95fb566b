#include "services/timeseries/site_convert.h"

#include "services/shared/timestamp.h"

namespace belgrand::timeseries {
namespace {

template <typename From, typename To>
void CopyCatchment(const From& from, To& to) {
  for (const auto& polygon : from.polygons()) {
    auto& out = *to.add_polygons();
    for (const auto& ring : polygon.rings()) {
      out.add_rings()->mutable_positions()->CopyFrom(ring.positions());
    }
  }
  to.set_license(from.license());
  to.set_attribution(from.attribution());
}

}  // namespace

storage::v1::SiteRecord ToSiteRecord(const v1::Site& site) {
  storage::v1::SiteRecord record;
  record.set_site_id(site.site_id());
  record.set_name(site.name());
  record.set_district_id(site.district_id());
  record.set_population_served(site.population_served());
  for (const v1::DatedPopulation& dated : site.populations()) {
    auto& out = *record.add_populations();
    if (dated.has_valid_from()) {
      out.set_valid_from_us(base::ToMicros(shared::ToInstant(dated.valid_from())));
    }
    out.set_persons(dated.persons());
  }
  for (const v1::DatedDistricts& dated : site.districts()) {
    auto& out = *record.add_districts();
    if (dated.has_valid_from()) {
      out.set_valid_from_us(base::ToMicros(shared::ToInstant(dated.valid_from())));
    }
    for (const v1::DistrictShare& share : dated.shares()) {
      auto& part = *out.add_shares();
      part.set_district_id(share.district_id());
      part.set_share(share.share());
    }
  }
  record.set_institution(static_cast<int>(site.institution()));
  if (site.has_catchment()) {
    auto& catchment = *record.mutable_catchment();
    CopyCatchment(site.catchment(), catchment);
    catchment.set_position_count(
        static_cast<std::uint32_t>(ToCatchment(site.catchment()).position_count()));
  }
  return record;
}

v1::Site ToSite(const storage::v1::SiteRecord& record) {
  v1::Site site;
  site.set_site_id(record.site_id());
  site.set_name(record.name());
  site.set_district_id(record.district_id());
  site.set_population_served(record.population_served());
  for (const auto& dated : record.populations()) {
    auto& out = *site.add_populations();
    if (dated.has_valid_from_us()) {
      *out.mutable_valid_from() = shared::ToTimestamp(base::FromMicros(dated.valid_from_us()));
    }
    out.set_persons(dated.persons());
  }
  for (const auto& dated : record.districts()) {
    auto& out = *site.add_districts();
    if (dated.has_valid_from_us()) {
      *out.mutable_valid_from() = shared::ToTimestamp(base::FromMicros(dated.valid_from_us()));
    }
    for (const auto& share : dated.shares()) {
      auto& part = *out.add_shares();
      part.set_district_id(share.district_id());
      part.set_share(share.share());
    }
  }
  site.set_institution(static_cast<v1::InstitutionClass>(record.institution()));
  if (record.has_catchment()) {
    CopyCatchment(record.catchment(), *site.mutable_catchment());
    site.mutable_catchment()->set_position_count(record.catchment().position_count());
  }
  site.set_version(record.version());
  *site.mutable_recorded_at() = shared::ToTimestamp(base::FromMicros(record.recorded_at_us()));
  site.set_catalogue_version(record.catalogue_version());
  return site;
}

sample::Catchment ToCatchment(const v1::Catchment& catchment) {
  sample::Catchment out{
      .polygons = {}, .license = catchment.license(), .attribution = catchment.attribution()};
  for (const auto& polygon : catchment.polygons()) {
    auto& rings = out.polygons.emplace_back().rings;
    for (const auto& ring : polygon.rings()) {
      auto& positions = rings.emplace_back();
      for (int i = 0; i + 1 < ring.positions_size(); i += 2) {
        positions.push_back({ring.positions(i), ring.positions(i + 1)});
      }
    }
  }
  return out;
}

}  // namespace belgrand::timeseries
