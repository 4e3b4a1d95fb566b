// What `belgrand alerts` says, in the language of who asks (--lang, or that of the terminal).
//
// Both wordings of a sentence stand beside each other (alerting/language.h). Options, ids and what
// people wrote are never translated. Thread safety: pure functions.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "alerting/language.h"
#include "belgrand/alerting/v1/alerting.pb.h"
#include "platform/base/error.h"
#include "services/cli/client_flags.h"

namespace belgrand::cli {

alerting::Language LanguageOf(const ClientFlags& flags);

std::string When(const google::protobuf::Timestamp& timestamp);
// "real", "false", "fault in the data", "no action needed"; empty: not said.
std::string OutcomeWords(alerting::v1::AlertOutcome outcome, alerting::Language language);
// One line of an alert's history: what, by whom, why; "(name erased)" where a person was.
std::string HistoryLine(const alerting::v1::AlertEvent& event, alerting::Language language);
// Who was told of an event, a line and one for each recipient.
std::string DeliveryLines(const alerting::v1::Delivery& delivery, alerting::Language language);
// A refusal of the service in the reader's language; what the service wrote itself is English.
base::Status InLanguage(const base::Status& status, const std::string& alert_id,
                        alerting::Language language);

// `Act`, its failure in the language of the caller. `Flags` has `client` and `alert_id`.
template <typename Flags, base::Status (*Act)(const Flags&)>
base::Status Spoken(const Flags& flags) {
  return InLanguage(Act(flags), flags.alert_id, LanguageOf(flags.client));
}

}  // namespace belgrand::cli
