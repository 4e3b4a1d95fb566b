// Any bytes at all from a broker: as packets, and as payloads of devices. Nothing may crash or
// hang; what is understood is finite and within its limits.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "platform/base/check.h"
#include "platform/mqtt/packet.h"
#include "sensor/payload.h"

namespace {

void CheckPayload(std::string_view topic, std::string_view payload) {
  using belgrand::sensor::kMaxMetrics;
  for (const auto& message : {belgrand::sensor::ParseChirpStack(payload),
                              belgrand::sensor::ParseSparkplug(topic, payload),
                              belgrand::sensor::ParseSparkplug("spBv1.0/g/DDATA/n/d", payload)}) {
    if (!message.ok()) continue;
    BELGRAND_CHECK(message->measurements.size() <= kMaxMetrics);
    for (const auto& measurement : message->measurements) {
      BELGRAND_CHECK(!measurement.value || std::isfinite(*measurement.value));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mqtt = belgrand::mqtt;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  CheckPayload("spBv1.0/g/NDATA/n", rest);
  while (!rest.empty()) {
    const auto packet = mqtt::TakePacket(rest);
    if (!packet.ok() || !packet->has_value()) break;
    const auto message = mqtt::ParsePublish(**packet);
    if (message.ok()) {
      CheckPayload(message->topic, message->payload);
      if (mqtt::IsTopicFilter(message->payload)) {
        mqtt::Matches(message->payload, message->topic);
      }
    }
    const bool accepted = mqtt::ParseConnack(**packet).ok();
    const bool granted = mqtt::ParseSuback(**packet, 1).ok();
    BELGRAND_CHECK(!(accepted && granted));
    rest.remove_prefix((*packet)->size);
  }
  return 0;
}
