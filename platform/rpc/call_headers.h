// A channel that sends headers with every call: who calls, where a certificate does not say it; and
// that tells what answers left out.
//
// Thread safety: functions are safe.
#pragma once

#include <grpcpp/channel.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/tls_files.h"

namespace belgrand::rpc {

// Names in lower case; values of visible ASCII and spaces.
using Headers = std::vector<std::pair<std::string, std::string>>;

// Told the names of what was left out of a call's answers (platform/rpc/answer_gate.h), joined by
// commas; from the thread that ends the call.
using OnWithheld = std::function<void(std::string_view names)>;

// As OpenChannel (platform/rpc/channel.h).
base::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannelWithHeaders(
    const std::string& target, const std::optional<base::TlsFiles>& tls, Headers headers,
    int max_message_bytes = 16 << 20, OnWithheld on_withheld = nullptr);

}  // namespace belgrand::rpc
