#include "services/shared/field_sealer.h"

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"

namespace belgrand::shared {
namespace {

constexpr base::Duration kTimeout = std::chrono::seconds(60);

}  // namespace

base::StatusOr<compliance::v1::SealFieldsResponse> SealFields(
    const Peers& peers, const compliance::v1::SealFieldsRequest& request) {
  if (auto* local = peers.compliance_access()) return local->SealFields(request);
  if (!peers.Has(RoleName::kCompliance)) {
    return base::Unavailable("this process has no keyring: peers.compliance is not set");
  }
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  compliance::v1::SealFieldsResponse response;
  const auto stub =
      compliance::v1::ComplianceService::NewStub(peers.Channel(RoleName::kCompliance));
  const grpc::Status status = stub->SealFields(&context, request, &response);
  if (!status.ok()) return base::Annotate(rpc::FromGrpc(status), "the keyring");
  if (response.fields_size() != request.fields_size()) {
    return base::Internal("the keyring sealed {} values of {}", response.fields_size(),
                          request.fields_size());
  }
  return response;
}

}  // namespace belgrand::shared
