// Samples between their wire forms and the values of sample/.
//
//   ingest.v1.Sample  ->  sample::Row          what a laboratory sent, nothing believed yet
//   sample::Row       ->  ingest.v1.Sample     what a client sends
//   Measurement (+)  <->  timeseries.v1.SampleVersion
//
// Thread safety: pure functions.
#pragma once

#include "belgrand/ingest/v1/ingest.pb.h"
#include "belgrand/ingest/v1/sample.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "platform/base/error.h"
#include "sample/row.h"
#include "sample/sample.h"

namespace belgrand::shared {

// Never fails: what cannot be read becomes text that Validate refuses.
sample::Row ToRow(const ingest::v1::Sample& sample);
// The same into a row that may hold another: nothing of that stays but its memory.
void ReadRow(const ingest::v1::Sample& sample, sample::Row& row);

// InvalidArgument when a field holds text that is not a value of its type, for the wire has no
// place for it: such a row is judged where it was read. `row.reader_violations` and `row.line` stay
// behind.
base::StatusOr<ingest::v1::Sample> ToProto(const sample::Row& row);

// Fills what a Measurement knows; sealed fields, reason, unit, hash and the store's own fields are
// the caller's.
timeseries::v1::SampleVersion ToVersion(const sample::Measurement& measurement);

// DataLoss when a stored version holds a code that this release does not know or lacks its times;
// also for a voided one, which holds no measurement.
base::StatusOr<sample::Measurement> ToMeasurement(const timeseries::v1::SampleVersion& version);

// Which row it is and when it was collected, and nothing else: all that a voided version says.
sample::Measurement IdentityOf(const timeseries::v1::SampleVersion& version);

timeseries::v1::Site ToProto(const sample::Site& site);
sample::Site ToSite(const timeseries::v1::Site& site);

ingest::v1::Violation ToProto(const sample::Violation& violation, sample::Language language);

}  // namespace belgrand::shared
