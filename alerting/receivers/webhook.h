// Delivers alert events to a program, by a signed HTTPS POST.
//
// Body: RenderJson. Headers: Belgrand-Event-Id (the same for every attempt: drop a second one),
// Belgrand-Timestamp (seconds since 1970), Belgrand-Signature: "v1=" + hex HMAC-SHA256 under the
// shared secret of timestamp "." body; a receiver checks it and refuses an old timestamp. 2xx:
// delivered. 408, 425, 429, 5xx: tried again, not before Retry-After. Any other answer: given up; a
// redirect too, since the address is the operator's to mend, not the other side's to choose.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "alerting/receivers/receiver.h"
#include "belgrand/config/v1/config.pb.h"
#include "platform/base/clock.h"

namespace belgrand::alerting {

inline constexpr std::size_t kMinSecretBytes = 32;

// Everything that is wrong with it, in words; reads the secret file.
std::vector<std::string> CheckWebhook(const config::v1::Webhook& webhook);

// "v1=<hex>" of a body sent at `timestamp`.
std::string SignWebhook(std::string_view secret, std::string_view timestamp, std::string_view body);

// REQUIRES: CheckWebhook found nothing. The secret is read at every attempt, so that it can be
// changed without a restart.
std::unique_ptr<Receiver> MakeWebhook(const config::v1::Webhook& webhook, const base::Clock& clock);

}  // namespace belgrand::alerting
