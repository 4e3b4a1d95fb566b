// A channel that sends headers with every call: who calls, where a certificate does not say it.
//
// Thread safety: functions are safe.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/tls_files.h"

namespace belgrand::rpc {

// Names in lower case; values of visible ASCII and spaces.
using Headers = std::vector<std::pair<std::string, std::string>>;

// As OpenChannel (platform/rpc/channel.h).
base::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannelWithHeaders(
    const std::string& target, const std::optional<base::TlsFiles>& tls, Headers headers,
    int max_message_bytes = 16 << 20);

}  // namespace belgrand::rpc
