#include "services/shared/peers.h"

#include "platform/base/check.h"

namespace belgrand::shared {

std::string_view Name(RoleName role) {
  switch (role) {
    case RoleName::kCompliance:
      return "compliance";
    case RoleName::kTimeseries:
      return "timeseries";
    case RoleName::kIngest:
      return "ingest";
    case RoleName::kDetection:
      return "detection";
    case RoleName::kAlerting:
      return "alerting";
    case RoleName::kSensors:
      return "sensors";
    case RoleName::kMqttBridge:
      return "mqtt-bridge";
    case RoleName::kWitness:
      return "witness";
  }
  return "unknown";
}

std::vector<RoleName> Callees(RoleName role) {
  // Every role writes its audit entries through compliance, which carries retention out in theirs.
  switch (role) {
    case RoleName::kCompliance:
      return {RoleName::kTimeseries, RoleName::kAlerting, RoleName::kSensors};
    case RoleName::kTimeseries:
    case RoleName::kAlerting:
    case RoleName::kSensors:
      return {RoleName::kCompliance};
    case RoleName::kIngest:
      return {RoleName::kCompliance, RoleName::kTimeseries};
    case RoleName::kDetection:
      return {RoleName::kCompliance, RoleName::kTimeseries, RoleName::kAlerting};
    case RoleName::kMqttBridge:
      return {RoleName::kSensors};
    case RoleName::kWitness:
      return {};
  }
  return {};
}

std::optional<RoleName> ParseRole(std::string_view name) {
  for (const RoleName role : kAllRoles) {
    if (Name(role) == name) return role;
  }
  for (const RoleName role : {RoleName::kMqttBridge, RoleName::kWitness}) {
    if (Name(role) == name) return role;
  }
  return std::nullopt;
}

void Peers::Set(RoleName role, std::shared_ptr<grpc::Channel> channel) {
  channels_[static_cast<std::size_t>(role)] = std::move(channel);
}

std::shared_ptr<grpc::Channel> Peers::Channel(RoleName role) const {
  BELGRAND_CHECK(Has(role));
  return channels_[static_cast<std::size_t>(role)];
}

bool Peers::Has(RoleName role) const {
  return channels_[static_cast<std::size_t>(role)] != nullptr;
}

}  // namespace belgrand::shared
