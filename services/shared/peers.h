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

#include "services/shared/compliance_access.h"
#include "services/shared/sample_appender.h"

namespace belgrand::shared {

enum class RoleName : std::size_t {
  kCompliance,
  kTimeseries,
  kIngest,
  kDetection,
  kAlerting,
  kSensors,
  kMqttBridge,
  kWitness,
};
inline constexpr std::size_t kRoleCount = 8;
// In start-up order: a role depends on those before it. Without those which nobody calls: the MQTT
// bridge, served where it is configured, and the witness, which is no part of the service it
// watches.
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
  // The time series of this very process; null when they are served elsewhere.
  void SetSampleAppender(SampleAppender* appender) { sample_appender_ = appender; }
  SampleAppender* sample_appender() const { return sample_appender_; }
  // Keyring and audit log of this very process; null when they are served elsewhere.
  void SetComplianceAccess(ComplianceAccess* access) { compliance_access_ = access; }
  ComplianceAccess* compliance_access() const { return compliance_access_; }

 private:
  SampleAppender* sample_appender_ = nullptr;
  ComplianceAccess* compliance_access_ = nullptr;
  std::array<std::shared_ptr<grpc::Channel>, kRoleCount> channels_;
};

}  // namespace belgrand::shared
