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

  // Reads the catalogue when it is a minute old.
  base::Status Refresh();
  // nullopt: no sensor has it. A device that is not known is asked for again, at most once a
  // second: it may have been registered just now.
  base::StatusOr<std::optional<std::string>> Find(const std::string& device_id,
                                                  const std::string& metric);
  bool KnowsDevice(const std::string& device_id) const;

 private:
  base::Status Read();

  sensor::v1::SensorService::Stub& stub_;
  std::map<std::pair<std::string, std::string>, std::string> sensors_;
  std::optional<std::chrono::steady_clock::time_point> read_at_;
};

}  // namespace belgrand::mqtt_bridge
