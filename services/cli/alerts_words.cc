#include "services/cli/alerts_words.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "alerting/causes.h"
#include "alerting/render.h"
#include "alerting/render_facts.h"
#include "platform/base/time.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

namespace v1 = alerting::v1;
using alerting::Language;
using alerting::Pick;
using alerting::Say;

std::string DeliveryState(v1::DeliveryState state, Language language) {
  switch (state) {
    case v1::QUEUED:
      return std::string(Pick(language, "waiting", "en attente"));
    case v1::RETRYING:
      return std::string(Pick(language, "retrying", "nouvel essai"));
    case v1::DELIVERED:
      return std::string(Pick(language, "delivered", "remis"));
    case v1::DEAD:
      return std::string(Pick(language, "given up", "abandonné"));
    case v1::MUTED:
      return std::string(Pick(language, "muted", "en sourdine"));
    default:
      return std::string(Pick(language, "unknown", "inconnu"));
  }
}

std::string ReceiptState(v1::ReceiptState state, Language language) {
  switch (state) {
    case v1::RECEIPT_QUEUED:
      return std::string(Pick(language, "waiting", "en attente"));
    case v1::RECEIPT_SENT:
      return std::string(Pick(language, "sent", "envoyé"));
    case v1::RECEIPT_ACCEPTED:
      return std::string(Pick(language, "accepted", "accepté"));
    case v1::RECEIPT_BOUNCED:
      return std::string(Pick(language, "refused", "refusé"));
    case v1::RECEIPT_ACKNOWLEDGED:
      return std::string(Pick(language, "acknowledged", "a répondu"));
    default:
      return std::string(Pick(language, "unknown", "inconnu"));
  }
}

// What a person did: without a name, the name was erased.
bool IsOfAPerson(v1::EventKind kind) {
  switch (kind) {
    case v1::ACKNOWLEDGED_BY:
    case v1::RESOLVED_BY_HAND:
    case v1::DISMISSED_BY:
    case v1::ESCALATED_BY:
    case v1::REOPENED_BY:
    case v1::OUTCOME_RECORDED:
      return true;
    default:
      return false;
  }
}

bool SaysOutcome(v1::EventKind kind) {
  return kind == v1::OUTCOME_RECORDED || kind == v1::DISMISSED_BY || kind == v1::RESOLVED_BY_HAND;
}

// Pads by characters: format widths would count the bytes of an accent twice.
std::string Padded(std::string text, std::size_t width) {
  std::size_t length = 0;
  for (const char c : text) length += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
  if (length < width) text.append(width - length, ' ');
  return text;
}

std::string ReceiptLine(const v1::Receipt& receipt, Language language) {
  const std::string who = receipt.recipient().empty()
                              ? std::string(Pick(language, "(name erased)", "(nom effacé)"))
                              : receipt.recipient();
  return fmt::format("      {} {} {}{}\n", Padded(who, 32),
                     Padded(ReceiptState(receipt.state(), language), 12), When(receipt.at()),
                     receipt.result().empty() ? "" : ": " + receipt.result());
}

}  // namespace

Language LanguageOf(const ClientFlags& flags) {
  return VerdictLanguage(flags) == ingest::v1::FRENCH ? Language::kFrench : Language::kEnglish;
}

std::string When(const google::protobuf::Timestamp& timestamp) {
  return base::FormatInstant(
      std::chrono::floor<std::chrono::seconds>(shared::ToInstant(timestamp)));
}

std::string OutcomeWords(v1::AlertOutcome outcome, Language language) {
  switch (outcome) {
    case v1::TRUE_ALERT:
      return std::string(Pick(language, "it was real", "elle était réelle"));
    case v1::FALSE_ALERT:
      return std::string(Pick(language, "it was false", "elle était fausse"));
    case v1::DATA_FAULT:
      return std::string(Pick(language, "fault in the data", "erreur de données"));
    case v1::NO_ACTION_NEEDED:
      return std::string(
          Pick(language, "real, no action needed", "réelle, aucune action nécessaire"));
    default:
      return "";
  }
}

std::string HistoryLine(const v1::AlertEvent& event, Language language) {
  std::string out = Say(language, "  event {} {}  {}", "  événement {} {}  {}",
                        Padded(std::to_string(event.sequence()), 6), When(event.at()),
                        alerting::EventWords(event, language));
  if (!event.by().empty()) {
    out += Say(language, " by {}", " par {}", event.by());
  } else if (IsOfAPerson(event.kind())) {
    out += Pick(language, " (name erased)", " (nom effacé)");
  }
  if (SaysOutcome(event.kind())) {
    const std::string outcome = OutcomeWords(event.alert().outcome(), language);
    if (!outcome.empty()) out += " [" + outcome + "]";
  }
  // What the program says of a delivery that failed stands where a person's words would.
  const std::string& said = event.comment();
  const bool by_us = event.kind() == v1::DELIVERY_FAILED || said.empty();
  const std::string why = alerting::CauseWords(said.empty() ? event.cause() : said,
                                               by_us ? language : Language::kEnglish);
  if (!why.empty()) out += Say(language, ": {}", "\u00a0: {}", why);
  return out + "\n";
}

std::string DeliveryLines(const v1::Delivery& delivery, Language language) {
  const unsigned attempts = delivery.attempts();
  std::string out = Say(
      language, "  event {} {} {} {} attempt{}", "  événement {} {} {} {} essai{}",
      Padded(std::to_string(delivery.event_sequence()), 6), Padded(delivery.receiver(), 16),
      Padded(DeliveryState(delivery.state(), language), 12), attempts, attempts == 1 ? "" : "s");
  if (delivery.has_last_attempt_at()) {
    out += Say(language, ", last {}", ", dernier {}", When(delivery.last_attempt_at()));
  }
  if (!delivery.last_result().empty()) out += ": " + delivery.last_result();
  out += "\n";
  for (const v1::Receipt& receipt : delivery.receipts()) out += ReceiptLine(receipt, language);
  return out;
}

base::Status InLanguage(const base::Status& status, const std::string& alert_id,
                        Language language) {
  if (status.ok() || language == Language::kEnglish) return status;
  const std::string message(base::Message(status));
  switch (status.code()) {
    case base::StatusCode::kNotFound:
      if (!alert_id.empty()) {
        return base::MakeStatus(
            status.code(), fmt::format("aucune alerte « {} » n'est connue ; `belgrand alerts list` "
                                       "donne celles qui le sont",
                                       alert_id));
      }
      break;
    case base::StatusCode::kAlreadyExists:
      return status;  // in the language already: this program wrote it
    case base::StatusCode::kUnavailable:
      return base::MakeStatus(status.code(),
                              fmt::format("le service ne répond pas (en anglais : {})", message));
    case base::StatusCode::kPermissionDenied:
    case base::StatusCode::kUnauthenticated:
      return base::MakeStatus(
          status.code(),
          fmt::format("le service ne vous l'accorde pas (en anglais : {})", message));
    case base::StatusCode::kFailedPrecondition:
      return base::MakeStatus(
          status.code(), fmt::format("l'état actuel ne le permet pas (en anglais : {})", message));
    default:
      break;
  }
  return base::MakeStatus(status.code(), fmt::format("refusé (en anglais : {})", message));
}

}  // namespace belgrand::cli
