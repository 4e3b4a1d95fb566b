// Where each role is found: in this process or at an address, the same stubs either way.
//
// Thread safety: Set before the roles start; Channel from any thread.
#pragma once

#include <grpcpp/channel.h>

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace belgrand::shared {

enum class RoleName : std::size_t {
  kCompliance,
  kTimeseries,
  kIngest,
  kDetection,
  kAlerting,
  kSensors,
  kMqttBridge,
};
inline constexpr std::size_t kRoleCount = 7;
// In start-up order: a role depends on those before it. Without the MQTT bridge, which is served
// where it is configured, and which nobody calls.
inline constexpr std::array kAllRoles = {RoleName::kCompliance, RoleName::kTimeseries,
                                         RoleName::kIngest,     RoleName::kAlerting,
                                         RoleName::kDetection,  RoleName::kSensors};
std::string_view Name(RoleName role);
// The roles that this one calls, itself left out.
std::vector<RoleName> Callees(RoleName role);
std::optional<RoleName> ParseRole(std::string_view name);

class Peers {
 public:
  void Set(RoleName role, std::shared_ptr<grpc::Channel> channel);
  // REQUIRES: it was set.
  std::shared_ptr<grpc::Channel> Channel(RoleName role) const;
  bool Has(RoleName role) const;

 private:
  std::array<std::shared_ptr<grpc::Channel>, kRoleCount> channels_;
};

}  // namespace belgrand::shared
