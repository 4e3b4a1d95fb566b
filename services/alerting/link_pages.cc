#include "services/alerting/link_pages.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "alerting/convert.h"
#include "alerting/receivers/http_post.h"
#include "alerting/render.h"
#include "alerting/render_facts.h"
#include "platform/base/html.h"
#include "platform/crypto/secret.h"
#include "services/alerting/public_address.h"

namespace belgrand::alerting {
namespace {

constexpr std::size_t kMinSecretBytes = 32;
constexpr base::Duration kDefaultValidity = std::chrono::hours(72);
constexpr base::Duration kShortestValidity = std::chrono::minutes(1);
// Well below the retention of LinkUseRecord: a spent link must not outlive the note of its use.
constexpr base::Duration kLongestValidity = std::chrono::days(30);
constexpr std::string_view kDefaultListen = "127.0.0.1:7481";

base::Duration ValidityOf(const config::v1::Links& links) {
  if (!links.has_valid_for()) return kDefaultValidity;
  return std::chrono::seconds(links.valid_for().seconds()) +
         std::chrono::microseconds(links.valid_for().nanos() / 1'000);
}

std::string ListenOf(const config::v1::Links& links) {
  return links.listen().empty() ? std::string(kDefaultListen) : links.listen();
}

int CodeOf(LinkVerdict verdict) {
  switch (verdict) {
    case LinkVerdict::kUsable:
    case LinkVerdict::kDone:
      return 200;
    case LinkVerdict::kInvalid:
      return 404;
    case LinkVerdict::kUnknown:
      return 403;
    case LinkVerdict::kExpired:
    case LinkVerdict::kUsedBefore:
      return 410;
    case LinkVerdict::kTaken:
    case LinkVerdict::kOutdated:
      return 409;
    case LinkVerdict::kNeedsReason:
      return 422;
    case LinkVerdict::kUnavailable:
      return 503;
  }
  return 500;
}

bool IsAcknowledgement(const LinkAnswer& answer) {
  return answer.claim->action == LinkAction::kAcknowledge;
}

std::string When(base::Instant at) {
  return base::FormatInstant(std::chrono::floor<std::chrono::seconds>(at));
}

// What became of the link, in one or two sentences.
std::string Sentence(const LinkAnswer& answer, Language language) {
  const auto say = [&](std::string_view english, std::string_view french) {
    return std::string(Pick(language, english, french));
  };
  switch (answer.verdict) {
    case LinkVerdict::kUsable:
      return "";
    case LinkVerdict::kDone:
      return IsAcknowledgement(answer)
                 ? say("Thank you: the alert is acknowledged in your name. Reminders stop.",
                       "Merci\u00a0: l'alerte est prise en charge à votre nom. Les rappels "
                       "cessent.")
                 : say("Thank you: the alert is closed, with your reason.",
                       "Merci\u00a0: l'alerte est close, avec votre motif.");
    case LinkVerdict::kUnknown:
      return say("This link belongs to somebody who no longer receives alerts.",
                 "Ce lien appartient à une personne qui ne reçoit plus d'alertes.");
    case LinkVerdict::kExpired:
      return say("This link has expired. A newer mail holds a newer link.",
                 "Ce lien a expiré. Un courriel plus récent contient un lien plus récent.");
    case LinkVerdict::kUsedBefore:
      return Say(language,
                 "This link was used at {}. What it asked for is done; it works only once.",
                 "Ce lien a été utilisé le {}. Ce qu'il demandait est fait\u00a0; il ne sert "
                 "qu'une fois.",
                 When(answer.used_at));
    case LinkVerdict::kTaken:
      return say("Nothing was changed: somebody else has acknowledged the alert (see below).",
                 "Rien n'a été modifié\u00a0: une autre personne a déjà pris l'alerte en charge "
                 "(voir ci-dessous).");
    case LinkVerdict::kOutdated:
      return say("Nothing was changed: the alert has moved on since the mail (see below).",
                 "Rien n'a été modifié\u00a0: l'alerte a évolué depuis le courriel (voir "
                 "ci-dessous).");
    case LinkVerdict::kNeedsReason:
      return say("Please say why the alert is not real: nothing was changed yet.",
                 "Veuillez dire pourquoi l'alerte n'est pas réelle\u00a0: rien n'est encore "
                 "modifié.");
    case LinkVerdict::kUnavailable:
      return say("This could not be recorded just now. Please try again in a minute.",
                 "Cela n'a pas pu être enregistré. Veuillez réessayer dans une minute.");
    case LinkVerdict::kInvalid:
      break;
  }
  return "This link is not valid. / Ce lien n'est pas valable.";
}

std::string Form(const LinkAnswer& answer, Language language) {
  const bool acknowledges = IsAcknowledgement(answer);
  return fmt::format(
      "<form method=\"post\">\n<p><label>{}<br>\n<textarea name=\"words\" rows=\"3\" cols=\"50\" "
      "maxlength=\"500\"{}></textarea></label></p>\n<p><button id=\"act\">{}</button></p>\n"
      "</form>\n",
      acknowledges ? Pick(language, "What you do (optional)", "Ce que vous faites (facultatif)")
                   : Pick(language, "Why it is not real", "Pourquoi ce n'est pas réel"),
      acknowledges ? "" : " required",
      acknowledges ? Pick(language, "Acknowledge", "Prendre en charge")
                   : Pick(language, "Dismiss", "Écarter"));
}

std::string PageOf(const LinkAnswer& answer, const shared::Restrictions& restrictions) {
  const Language language = answer.person.language;
  v1::AlertEvent event;
  std::string headline = "Belgrand";
  if (answer.alert) {
    *event.mutable_alert() = ToWire(*answer.alert);
    restrictions.Withhold(event);
    headline = Headline(event, language);
  }
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"{0}\">\n<head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{1}</title>\n<style>body{{font-family:sans-serif;max-width:40em;margin:2em auto;"
      "padding:0 1em}}button{{font-size:1.2em;padding:.5em 1em}}textarea{{max-width:100%}}"
      "</style></head>\n<body>\n<h1>{1}</h1>\n",
      Pick(language, "en", "fr"), base::EscapeHtml(headline));
  if (const std::string sentence = Sentence(answer, language); !sentence.empty()) {
    out += fmt::format("<p id=\"verdict\">{}</p>\n", base::EscapeHtml(sentence));
  }
  if (answer.verdict == LinkVerdict::kUsable || answer.verdict == LinkVerdict::kNeedsReason ||
      answer.verdict == LinkVerdict::kUnavailable) {
    if (answer.alert) out += Form(answer, language);
  }
  if (answer.alert) {
    const auto& alert = event.alert();
    out += fmt::format(
        "<p>{} <strong id=\"state\">{}</strong>{}. {}</p>\n",
        Pick(language, "The alert is", "L'alerte est"),
        base::EscapeHtml(StateWord(alert.state(), language)),
        alert.acknowledged_by().empty()
            ? ""
            : base::EscapeHtml(Say(language, " (by {})", " (par {})", alert.acknowledged_by())),
        base::EscapeHtml(AdviceOf(alert.severity(), language)));
  }
  return out + "</body>\n</html>\n";
}

std::string_view MethodOf(LinkAction action) {
  return action == LinkAction::kAcknowledge
             ? "belgrand.alerting.v1.AlertingService.AcknowledgeAlert"
             : "belgrand.alerting.v1.AlertingService.DismissAlert";
}

constexpr std::array kVerdictLabels = {std::pair(LinkVerdict::kUsable, "usable"),
                                       std::pair(LinkVerdict::kDone, "done"),
                                       std::pair(LinkVerdict::kInvalid, "invalid"),
                                       std::pair(LinkVerdict::kUnknown, "unknown"),
                                       std::pair(LinkVerdict::kExpired, "expired"),
                                       std::pair(LinkVerdict::kUsedBefore, "used"),
                                       std::pair(LinkVerdict::kOutdated, "outdated"),
                                       std::pair(LinkVerdict::kNeedsReason, "reason"),
                                       std::pair(LinkVerdict::kUnavailable, "unavailable")};

}  // namespace

std::vector<std::string> CheckLinks(const config::v1::Links& links) {
  std::vector<std::string> problems;
  CheckPublicAddress({.section = "links",
                      .who = "officials",
                      .public_url = links.public_url(),
                      .listen = ListenOf(links),
                      .certificate_file = links.certificate_file(),
                      .private_key_file = links.private_key_file()},
                     problems);
  if (links.secret_file().empty()) {
    problems.push_back(fmt::format(
        "links.secret_file is missing: name a file of at least {} random bytes", kMinSecretBytes));
  } else if (auto secret = ReadSecretFile(links.secret_file(), kMinSecretBytes); !secret.ok()) {
    problems.push_back("links.secret_file: " + base::Message(secret.status()));
  } else {
    crypto::Cleanse(*secret);
  }
  if (const auto valid = ValidityOf(links); valid < kShortestValidity || valid > kLongestValidity) {
    problems.push_back(
        fmt::format("links.valid_for: {} s is outside {} s to {} s",
                    std::chrono::duration<double>(valid).count(),
                    std::chrono::duration_cast<std::chrono::seconds>(kShortestValidity).count(),
                    std::chrono::duration_cast<std::chrono::seconds>(kLongestValidity).count()));
  }
  return problems;
}

base::StatusOr<std::unique_ptr<LinkSigner>> MakeLinkSigner(const config::v1::Links& links,
                                                           const std::string& instance_id) {
  ASSIGN_OR_RETURN(std::string secret, ReadSecretFile(links.secret_file(), kMinSecretBytes));
  return std::make_unique<LinkSigner>(LinkOptions{.public_url = WithoutSlash(links.public_url()),
                                                  .valid_for = ValidityOf(links),
                                                  .secret = std::move(secret),
                                                  .instance_id = instance_id});
}

LinkDesk::Persons LinkPersonsOf(const std::vector<config::v1::Receiver>& receivers,
                                const LinkSigner& signer) {
  LinkDesk::Persons persons;
  for (const auto& receiver : receivers) {
    for (const std::string& address : receiver.mail().to()) {
      persons.try_emplace(
          signer.PersonOf(address),
          LinkPerson{address, receiver.language() == config::v1::FRENCH ? Language::kFrench
                                                                        : Language::kEnglish});
    }
  }
  return persons;
}

LinkPages::LinkPages(LinkDesk& desk, const shared::Restrictions& restrictions, shared::Guard& guard,
                     metrics::Registry& metrics)
    : desk_(desk), restrictions_(restrictions), guard_(guard) {
  for (const auto& labelled : kVerdictLabels) {
    const auto counter = [&](const char* kind) {
      return &metrics.AddCounter("belgrand_alerting_link_requests_total",
                                 "Requests to links of mails, by kind and outcome.",
                                 {{"kind", kind}, {"outcome", labelled.second}});
    };
    looks_[labelled.first] = counter("look");
    uses_[labelled.first] = counter("use");
  }
}

http::Response LinkPages::Handle(const http::PageRequest& request) {
  LinkAnswer answer;
  if (request.method == http::PageRequest::Method::kGet) {
    answer = desk_.Look(request.rest);
    looks_.at(answer.verdict)->Increment();
  } else {
    const auto words = request.form.find("words");
    answer = desk_.Use(request.rest, words == request.form.end() ? "" : words->second,
                       [this](const LinkClaim& claim, const base::Status& outcome) {
                         shared::CallReport report;
                         report.request_id = shared::Guard::NewRequestId();
                         report.object_kind = "alert";
                         report.object_ref = claim.alert_id;
                         report.record_count = 1;
                         return guard_.Audit({"official:mail-link-" + claim.person,
                                              {privacy::v1::Role::HEALTH_OFFICIAL}},
                                             MethodOf(claim.action), report, outcome);
                       });
    uses_.at(answer.verdict)->Increment();
  }
  return {.code = CodeOf(answer.verdict),
          .content_type = "text/html; charset=utf-8",
          .body = PageOf(answer, restrictions_),
          .headers = {{"Cache-Control", "no-store"},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"X-Robots-Tag", "noindex, nofollow"},
                      {"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                       "frame-ancestors 'none'; base-uri 'none'"}}};
}

http::Pages LinkPages::Serve(const config::v1::Links& links) {
  return {.address = ListenOf(links),
          .certificate = links.certificate_file(),
          .private_key = links.private_key_file(),
          .prefix = std::string(kLinkPrefix),
          .handler = [this](const http::PageRequest& request) { return Handle(request); }};
}

}  // namespace belgrand::alerting
