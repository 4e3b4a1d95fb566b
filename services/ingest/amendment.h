// Says in what a row differs from the version that is stored.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "belgrand/timeseries/v1/timeseries.pb.h"

namespace belgrand::ingest {

// "value: stored 25000, sent 26000; lod: stored 1316, sent nothing"; empty when the two agree in
// all that can be compared. Sealed persons cannot be, and are never shown.
std::string DescribeDifference(const timeseries::v1::SampleVersion& stored,
                               const timeseries::v1::SampleVersion& sent);

}  // namespace belgrand::ingest
