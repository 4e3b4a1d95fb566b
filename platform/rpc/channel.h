// Client side: channels with limits, keepalive and the project's credentials.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "platform/base/error.h"
#include "platform/base/time.h"
#include "platform/rpc/tls.h"

namespace belgrand::rpc {

// Connects lazily. PermissionDenied: the target is not loopback and there is no TLS.
base::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& target,
                                                           const std::optional<TlsFiles>& tls,
                                                           int max_message_bytes = 16 << 20);

using Deadline = std::chrono::system_clock::time_point;
inline constexpr Deadline kNoDeadline = Deadline::max();

// Sets the call's deadline, by the machine's clock; not after `latest`, the deadline of the call
// that this one serves.
void SetTimeout(grpc::ClientContext& context, base::Duration timeout,
                Deadline latest = kNoDeadline);
// Whether nobody waits for the answer to a call any more.
bool IsPast(Deadline deadline);

}  // namespace belgrand::rpc
