// google.protobuf.Timestamp <-> Instant.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "platform/base/time.h"

namespace belgrand::shared {

inline google::protobuf::Timestamp ToTimestamp(base::Instant instant) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(instant);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<int>((instant - seconds).count()) * 1000);
  return timestamp;
}

// Finer than a microsecond is cut off. Values outside the years 1 to 9999, which a Timestamp may
// not hold, are clamped there, so that arithmetic on what a client sent cannot overflow.
base::Instant ToInstant(const google::protobuf::Timestamp& timestamp);

}  // namespace belgrand::shared
