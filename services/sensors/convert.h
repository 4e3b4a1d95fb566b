// Sensors, limits and readings between the wire, the disk and the domain.
//
// Thread safety: pure functions.
#pragma once

#include "belgrand/sensor/v1/sensor.pb.h"
#include "platform/base/time.h"
#include "sensor/buckets.h"
#include "services/sensors/sensor_store.h"

namespace belgrand::sensors {

// With one version of limits: those sent, or the defaults. Never fails: Put judges.
Record ToRecord(const sensor::v1::Sensor& sensor);
// With the limits in force.
sensor::v1::Sensor ToProto(const SensorInfo& info, const std::optional<sensor::Point>& newest);

sensor::v1::Bucket ToProto(const sensor::Bucket& bucket);
void AppendReading(const sensor::Point& point, sensor::v1::ReadReadingsResponse& response);

// Checks and converts a batch: what is not fit is left out of the arrival and said in the
// acknowledgement. False: the batch as a whole cannot be taken. `actor_gateway`: the gateway that
// the caller's certificate names, empty when it may send for any.
bool CheckBatch(const sensor::v1::ReadingBatch& batch, const SensorInfo* info,
                std::string_view actor_gateway, base::Instant now, Arrival& arrival,
                sensor::v1::BatchAcknowledgement& acknowledgement);
void FillAcknowledgement(const Receipt& receipt, sensor::v1::BatchAcknowledgement& out);

}  // namespace belgrand::sensors
