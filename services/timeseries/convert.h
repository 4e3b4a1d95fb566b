// A row between the wire (SampleVersion) and the disk (SampleRecord). The two never share a
// message, so that either can change without the other.
#pragma once

#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "services/timeseries/layout.h"

namespace belgrand::timeseries {

// Whether the sealed personal fields go along.
enum class SealedFields { kLeaveOut, kInclude };

Record ToRecord(v1::SampleVersion sample);
v1::SampleVersion ToSampleVersion(const Record& record, SealedFields sealed);

// Whether the content hash follows from the record itself, so that it need not be stored: the
// persons stand in their seals by reference, and there is a measurement.
bool HashIsDerived(const Record& record);
// The stored content hash, or else the derived one.
std::string ContentHashOf(const Record& record);

}  // namespace belgrand::timeseries
