// Delivers alert events to people, by mail (SMTP through libcurl).
//
// The server must offer STARTTLS (or be smtps://) unless it is on loopback. Every recipient gets a
// transaction of its own, so that one bad address does not silence the others; a retry goes to
// those that have not accepted yet. Text and HTML say the same, in the receiver's language; the
// HTML shows the curve behind the alert. The Message-ID is the same for every attempt of an event
// to this receiver, and mails of one alert form a thread. Delivered means: accepted by the mail
// server, for every recipient.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alerting/language.h"
#include "alerting/links.h"
#include "alerting/receivers/receiver.h"
#include "belgrand/config/v1/config.pb.h"

namespace belgrand::alerting {

// Everything that is wrong with it, in words; reads the files it names.
std::vector<std::string> CheckMail(const config::v1::Mail& mail);

// Whom one message is for.
struct MailReader {
  Language language = Language::kEnglish;
  // With both, the message holds links of this person.
  const LinkSigner* links = nullptr;
  std::string address = {};
};

// The message as it is sent. Exposed for tests.
std::string ComposeMail(const config::v1::Mail& mail, const std::string& receiver,
                        const Delivery& delivery, const MailReader& reader);

// REQUIRES: CheckMail found nothing. The password is read at every attempt. Borrows `links`, which
// may be null: then mails show the command that acknowledges.
std::unique_ptr<Receiver> MakeMail(const config::v1::Mail& mail, const std::string& receiver,
                                   Language language, const LinkSigner* links);

}  // namespace belgrand::alerting
