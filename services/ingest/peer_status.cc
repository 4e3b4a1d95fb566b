#include "services/ingest/peer_status.h"

#include <chrono>

#include "platform/rpc/status.h"

namespace belgrand::ingest {

base::Status FromPeer(const grpc::Status& status, std::string_view peer) {
  if (status.ok()) return base::OkStatus();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::ABORTED:
      return rpc::WithRetryDelay(
          base::Unavailable("{} did not answer ({}): nothing of this batch was acknowledged; send "
                            "it again",
                            peer, status.error_message()),
          std::chrono::seconds(1));
    case grpc::StatusCode::DATA_LOSS:
      return base::DataLoss("{} found damaged data: {}", peer, status.error_message());
    default:
      return base::Internal("{} refused a call of intake: {}", peer, status.error_message());
  }
}

}  // namespace belgrand::ingest
