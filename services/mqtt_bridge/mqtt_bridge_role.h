// The MQTT bridge as a role: no gRPC service of its own, one thread between broker and sensors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "services/shared/role.h"
#include "services/shared/runtime.h"

namespace belgrand::mqtt_bridge {

// Everything that is wrong with the section, "mqtt_bridge.<field>: what; what to do". Empty: it can
// run.
std::vector<std::string> CheckBridgeConfig(const config::v1::MqttBridge& config);

// FailedPrecondition: there is no mqtt_bridge section. InvalidArgument: its problems.
base::StatusOr<std::unique_ptr<shared::Role>> CreateMqttBridgeRole(const config::v1::Config& config,
                                                                   const shared::Runtime& runtime);

}  // namespace belgrand::mqtt_bridge
