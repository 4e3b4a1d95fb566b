// Sites between wire, disk and the domain.
//
// Thread safety: pure functions.
#pragma once

#include "belgrand/storage/v1/sample_record.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "sample/catchment.h"

namespace belgrand::timeseries {

// The catalogue's own fields (version, recorded_at, catalogue_version) are left alone.
storage::v1::SiteRecord ToSiteRecord(const v1::Site& site);
v1::Site ToSite(const storage::v1::SiteRecord& record);

sample::Catchment ToCatchment(const v1::Catchment& catchment);

}  // namespace belgrand::timeseries
