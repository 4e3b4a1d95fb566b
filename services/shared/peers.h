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

enum class RoleName : std::size_t { kCompliance, kTimeseries, kIngest, kDetection, kAlerting };
// In start-up order: a role depends on those before it.
inline constexpr std::array kAllRoles = {RoleName::kCompliance, RoleName::kTimeseries,
                                         RoleName::kIngest, RoleName::kAlerting,
                                         RoleName::kDetection};
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
  std::array<std::shared_ptr<grpc::Channel>, kAllRoles.size()> channels_;
};

}  // namespace belgrand::shared
