// Delivers alert events as text messages, through the HTTP interface of any gateway.
//
// The request is a template of the configuration; docs/receivers.md names its places. Every
// recipient gets a request of its own, and a retry goes to those that have not accepted yet. The
// text is one paragraph of at most `max_parts` messages. Delivered means: answered 2xx by the
// gateway, for every recipient.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alerting/language.h"
#include "alerting/receivers/receiver.h"
#include "belgrand/config/v1/config.pb.h"

namespace belgrand::alerting {

// Everything that is wrong with it, in words; reads the files it names.
std::vector<std::string> CheckSms(const config::v1::Sms& sms);

// What the telephone shows. Exposed for tests.
std::string SmsText(const v1::AlertEvent& event, Language language, std::size_t max_parts);

// REQUIRES: CheckSms found nothing. The secret is read at every attempt.
std::unique_ptr<Receiver> MakeSms(const config::v1::Sms& sms, Language language);

}  // namespace belgrand::alerting
