// What gateways publish over MQTT, read as measurements.
//
// ChirpStack 4, event "up": the device is deviceInfo.devEui, the instant is `time`, the values are
// the numbers of the decoded `object`, nested ones named with dots.
// Sparkplug B as JSON (NBIRTH, DBIRTH, NDATA, DDATA): the device is "group/node" or
// "group/node/device" of the topic; each metric has a name, a value, and a timestamp in
// milliseconds or that of the message. Other kinds of message hold nothing.
//
// A value that is null, or marked is_null, is missing; texts, booleans and lists are passed over. A
// message without an instant is refused: an instant given on arrival would make every redelivery
// another reading.
//
// Thread safety: pure functions. Errors are InvalidArgument and name no content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::sensor {

inline constexpr std::size_t kMaxPayloadBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxMetrics = 500;

struct Measurement {
  std::string metric;
  std::int64_t time_us = 0;
  std::optional<double> value;
};

struct DeviceMessage {
  std::string device_id;
  std::vector<Measurement> measurements;
};

base::StatusOr<DeviceMessage> ParseChirpStack(std::string_view payload);
base::StatusOr<DeviceMessage> ParseSparkplug(std::string_view topic, std::string_view payload);

}  // namespace belgrand::sensor
