// Which sensor a value of a device is: the catalogue as the bridge knows it.
//
// Not thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "platform/base/error.h"

namespace belgrand::mqtt_bridge {

class Mapping {
 public:
  explicit Mapping(sensor::v1::SensorService::Stub& stub) : stub_(stub) {}

  // To be called when messages were taken from the broker, before their values are looked up. Reads
  // the catalogue when it is a minute old: until then a new metric of a known device is not seen,
  // because devices always say more than what was asked for.
  base::Status RefreshForNewMessages();
  // nullopt: no sensor has it. Before that is said of a device, the catalogue is read once after
  // the messages were taken: what was registered before its message was published is never given
  // up.
  base::StatusOr<std::optional<std::string>> Find(const std::string& device_id,
                                                  const std::string& metric);
  bool KnowsDevice(const std::string& device_id) const;

 private:
  base::Status Read();

  sensor::v1::SensorService::Stub& stub_;
  std::map<std::pair<std::string, std::string>, std::string> sensors_;
  std::optional<std::chrono::steady_clock::time_point> read_at_;
  bool newer_than_messages_ = false;
};

}  // namespace belgrand::mqtt_bridge
