// What a failed call to another role means for the laboratory that waits for its verdicts.
#pragma once

#include <grpcpp/support/status.h>

#include <string_view>

#include "platform/base/error.h"

namespace belgrand::ingest {

// Unavailable with RetryInfo for anything that may pass; DataLoss and Internal otherwise. In each
// case nothing of the batch was acknowledged, and sending it again is safe.
base::Status FromPeer(const grpc::Status& status, std::string_view peer);

}  // namespace belgrand::ingest
