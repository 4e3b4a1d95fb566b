// A validated row in the form in which it is stored, for intake and time series of one process: the
// same record as by way of SampleVersion, without making one.
//
// Thread safety: pure functions.
#pragma once

#include "belgrand/storage/v1/sample_record.pb.h"
#include "sample/sample.h"

namespace belgrand::shared {

// Fills what a Measurement knows, as ToVersion does; the rest is the caller's. REQUIRES: an empty
// record.
void ToStored(const sample::Measurement& measurement, storage::v1::SampleRecord& record);

}  // namespace belgrand::shared
