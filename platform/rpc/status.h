// Statuses on the wire: absl::Status codes are gRPC's; details travel as google.rpc messages.
#pragma once

#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::rpc {

// Attaches google.rpc.BadRequest: pairs of field path and description.
base::Status WithFieldViolations(
    base::Status status, const std::vector<std::pair<std::string, std::string>>& violations);
// What google.rpc.BadRequest says; empty without one.
std::vector<std::pair<std::string, std::string>> FieldViolations(const base::Status& status);
// Attaches google.rpc.RetryInfo.
base::Status WithRetryDelay(base::Status status, base::Duration delay);
// What the server asked for in google.rpc.RetryInfo; negative delays count as zero.
std::optional<base::Duration> RetryDelay(const base::Status& status);

grpc::Status ToGrpc(const base::Status& status);
// Keeps the code and message, and the details as payloads.
base::Status FromGrpc(const grpc::Status& status);

}  // namespace belgrand::rpc
