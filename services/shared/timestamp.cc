#include "services/shared/timestamp.h"

#include <algorithm>

namespace belgrand::shared {

base::Instant ToInstant(const google::protobuf::Timestamp& timestamp) {
  constexpr std::int64_t kFirst = -62'135'596'800;  // 0001-01-01
  constexpr std::int64_t kLast = 253'402'300'799;   // 9999-12-31T23:59:59
  const std::int64_t seconds = std::clamp<std::int64_t>(timestamp.seconds(), kFirst, kLast);
  const std::int64_t micros = std::clamp(timestamp.nanos(), 0, 999'999'999) / 1000;
  return base::FromMicros(seconds * 1'000'000 + micros);
}

}  // namespace belgrand::shared
