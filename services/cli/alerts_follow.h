// Follows the alerts of a service: every event is printed, and only then confirmed.
#pragma once

#include <grpcpp/channel.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "platform/base/error.h"

namespace belgrand::cli {

struct FollowOptions {
  std::string subscriber = "console";
  std::vector<std::string> districts;
  // Resume position; absent: after the last confirmed event.
  std::optional<std::uint64_t> after;
  // End once what was waiting has been shown.
  bool once = false;
};

using ShowEvent = std::function<void(const alerting::v1::AlertEvent&)>;

// Returns when the service ends the stream, and with `once` when nothing has come for a second. An
// event whose confirmation is lost is shown again by the next call, marked as a repeat.
// Who may not confirm, because the receiver is told more than they may see, only looks.
base::Status FollowAlerts(const std::shared_ptr<grpc::Channel>& channel,
                          const FollowOptions& options, const ShowEvent& show);

}  // namespace belgrand::cli
