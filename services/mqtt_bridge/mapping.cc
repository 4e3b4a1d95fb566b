#include "services/mqtt_bridge/mapping.h"

#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"

namespace belgrand::mqtt_bridge {
namespace {

constexpr base::Duration kTimeout = std::chrono::seconds(10);
constexpr auto kFresh = std::chrono::minutes(1);

}  // namespace

base::Status Mapping::Read() {
  sensor::v1::ListSensorsRequest request;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  sensor::v1::ListSensorsResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub_.ListSensors(&context, request, &response)));
  sensors_.clear();
  for (const auto& sensor : response.sensors()) {
    if (sensor.device_id().empty()) continue;
    sensors_[{sensor.device_id(), sensor.metric()}] = sensor.sensor_id();
  }
  read_at_ = std::chrono::steady_clock::now();
  newer_than_messages_ = true;
  return base::OkStatus();
}

base::Status Mapping::RefreshForNewMessages() {
  newer_than_messages_ = false;
  if (read_at_ && std::chrono::steady_clock::now() - *read_at_ < kFresh) return base::OkStatus();
  return Read();
}

bool Mapping::KnowsDevice(const std::string& device_id) const {
  const auto at = sensors_.lower_bound({device_id, ""});
  return at != sensors_.end() && at->first.first == device_id;
}

base::StatusOr<std::optional<std::string>> Mapping::Find(const std::string& device_id,
                                                         const std::string& metric) {
  if (!KnowsDevice(device_id) && !newer_than_messages_) RETURN_IF_ERROR(Read());
  const auto found = sensors_.find({device_id, metric});
  if (found == sensors_.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

}  // namespace belgrand::mqtt_bridge
