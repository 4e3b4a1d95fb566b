// The alerting section of the configuration: its meaning and its mistakes.
//
// Thread safety: pure functions; checking reads the files that receivers name.
#pragma once

#include <string>
#include <vector>

#include "alerting/book.h"
#include "alerting/outbox/delivery_worker.h"
#include "belgrand/config/v1/config.pb.h"

namespace belgrand::alerting {

// Everything that is wrong with it, one problem a line: which receiver, what, and the remedy.
// Empty: it can run.
std::vector<std::string> CheckAlertingConfig(const config::v1::Alerting& config);

// The configured receivers; one stream named "console" when there are none.
std::vector<config::v1::Receiver> ReceiversOf(const config::v1::Alerting& config);

std::vector<Route> RoutesOf(const std::vector<config::v1::Receiver>& receivers);

// Unset values take their defaults.
base::Duration GiveUpAfter(const config::v1::Stream& stream);
RetryPolicy RetryPolicyOf(const config::v1::Alerting& config);

}  // namespace belgrand::alerting
