#include "services/cli/absent_services.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/support/method_handler.h>

#include <algorithm>
#include <deque>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/compliance/v1/compliance.pb.h"
#include "belgrand/compliance/v1/erasure.pb.h"
#include "belgrand/compliance/v1/hold.pb.h"
#include "belgrand/compliance/v1/identity.pb.h"
#include "belgrand/compliance/v1/rights.pb.h"
#include "belgrand/detection/v1/detection.pb.h"
#include "belgrand/detection/v1/setup.pb.h"
#include "belgrand/ingest/v1/ingest.pb.h"
#include "belgrand/sensor/v1/sensor.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"

namespace belgrand::cli {
namespace {

using shared::RoleName;

// The files that declare services; naming a message of each also links its descriptor in.
std::vector<const google::protobuf::FileDescriptor*> Files() {
  return {
      alerting::v1::ListAlertsRequest::descriptor()->file(),
      compliance::v1::SealFieldsRequest::descriptor()->file(),
      compliance::v1::Erasure::descriptor()->file(),
      compliance::v1::Hold::descriptor()->file(),
      compliance::v1::Case::descriptor()->file(),
      compliance::v1::AccessScope::descriptor()->file(),
      detection::v1::Signal::descriptor()->file(),
      detection::v1::Setup::descriptor()->file(),
      ingest::v1::SubmitSamplesRequest::descriptor()->file(),
      sensor::v1::Sensor::descriptor()->file(),
      timeseries::v1::ListSitesRequest::descriptor()->file(),
  };
}

// By the package; a role's services that compliance declares (its steward, its persons) begin with
// the role's name.
std::optional<RoleName> RoleOf(const google::protobuf::ServiceDescriptor& service) {
  const std::string& package = service.file()->package();
  const std::string& name = service.name();
  if (package == "belgrand.sensor.v1" || name.starts_with("Sensors")) return RoleName::kSensors;
  for (const auto& [prefix, role] :
       {std::pair("Timeseries", RoleName::kTimeseries), std::pair("Alerting", RoleName::kAlerting),
        std::pair("Detection", RoleName::kDetection)}) {
    if (name.starts_with(prefix)) return role;
  }
  for (const RoleName role : shared::kAllRoles) {
    if (package == fmt::format("belgrand.{}.v1", shared::Name(role))) return role;
  }
  return std::nullopt;
}

grpc::internal::RpcMethod::RpcType TypeOf(const google::protobuf::MethodDescriptor& method) {
  using grpc::internal::RpcMethod;
  if (method.client_streaming()) {
    return method.server_streaming() ? RpcMethod::BIDI_STREAMING : RpcMethod::CLIENT_STREAMING;
  }
  return method.server_streaming() ? RpcMethod::SERVER_STREAMING : RpcMethod::NORMAL_RPC;
}

class AbsentService final : public grpc::Service {
 public:
  AbsentService(const google::protobuf::ServiceDescriptor& service, const std::string& message) {
    for (int i = 0; i < service.method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *service.method(i);
      paths_.push_back(fmt::format("/{}/{}", service.full_name(), method.name()));
      AddMethod(new grpc::internal::RpcServiceMethod(
          paths_.back().c_str(), TypeOf(method),
          new grpc::internal::ErrorMethodHandler<grpc::StatusCode::UNIMPLEMENTED>(message)));
    }
  }

 private:
  // The methods point into it.
  std::deque<std::string> paths_;
};

}  // namespace

std::vector<RoleService> RoleServices() {
  std::vector<RoleService> services;
  for (const auto* file : Files()) {
    for (int i = 0; i < file->service_count(); ++i) {
      if (const auto role = RoleOf(*file->service(i))) {
        services.push_back({*role, file->service(i)->full_name()});
      }
    }
  }
  return services;
}

std::string AbsentMessage(const RoleService& service) {
  return fmt::format(
      "this process does not serve {}: it is served by the role {}; ask the address of the process "
      "that serves that role (docs/runbook.md)",
      service.service, shared::Name(service.role));
}

std::vector<std::unique_ptr<grpc::Service>> AbsentServices(const std::vector<RoleName>& served) {
  std::vector<std::unique_ptr<grpc::Service>> absent;
  for (const RoleService& service : RoleServices()) {
    if (std::ranges::find(served, service.role) != served.end()) continue;
    const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
        std::string(service.service));
    absent.push_back(std::make_unique<AbsentService>(*descriptor, AbsentMessage(service)));
  }
  return absent;
}

}  // namespace belgrand::cli
