#include "alerting/receivers/mail.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "alerting/alert_id.h"
#include "alerting/plot.h"
#include "alerting/receivers/curl.h"
#include "alerting/receivers/mime.h"
#include "alerting/receivers/recipients.h"
#include "alerting/render.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/secret.h"

namespace belgrand::alerting {
namespace {

using Verdict = Outcome::Verdict;

constexpr std::size_t kMaxPasswordFileBytes = 4096;

base::StatusOr<std::string> ReadPassword(const std::string& path) {
  ASSIGN_OR_RETURN(std::string password, base::ReadFile(path, kMaxPasswordFileBytes));
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r')) {
    password.pop_back();
  }
  if (password.empty()) return base::InvalidArgument("password_file '{}' is empty", path);
  return password;
}

bool IsAddress(std::string_view text) {
  const auto at = text.find('@');
  return at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos && text.size() <= 254 &&
         std::ranges::all_of(text, [](char c) {
           return c > 0x20 && c < 0x7f && std::strchr("<>()[],;:\\\"", c) == nullptr;
         });
}

// The letter as libcurl fetches it.
struct Letter {
  std::string_view rest;
  bool all_read = false;
};

std::size_t ReadLetter(char* buffer, std::size_t size, std::size_t count, void* data) {
  auto& letter = *static_cast<Letter*>(data);
  const std::size_t bytes = std::min(size * count, letter.rest.size());
  std::memcpy(buffer, letter.rest.data(), bytes);
  letter.rest.remove_prefix(bytes);
  if (bytes == 0) letter.all_read = true;
  return bytes;
}

// 530, 534, 535, 538: our login is not what the server wants. That is mended by an operator, and
// the alert must still be there then.
bool IsAboutLogin(long code) { return code == 530 || code == 534 || code == 535 || code == 538; }

Outcome Judge(CURLcode code, long response, bool all_read) {
  if (code == CURLE_OK) return {.verdict = Verdict::kAccepted, .result = "accepted by the server"};
  if (code == CURLE_ABORTED_BY_CALLBACK) return {.verdict = Verdict::kCancelled, .result = ""};
  if (response >= 400 && response < 600) {
    const bool spoke_of_letter = code == CURLE_SEND_ERROR || all_read;
    const bool for_good = response >= 500 && spoke_of_letter && !IsAboutLogin(response);
    return {.verdict = for_good ? Verdict::kRejected : Verdict::kRefused,
            .result = fmt::format("SMTP {}", response)};
  }
  return {.verdict = all_read ? Verdict::kUncertain : Verdict::kRefused, .result = CurlError(code)};
}

class Mail final : public Receiver {
 public:
  Mail(const config::v1::Mail& config, std::string receiver, Url url, Language language,
       const LinkSigner* links)
      : config_(config),
        receiver_(std::move(receiver)),
        url_(std::move(url)),
        language_(language),
        links_(links) {}

  Outcome Deliver(const Delivery& delivery) override {
    std::string password;
    if (!config_.username().empty()) {
      auto read = ReadPassword(config_.password_file());
      if (!read.ok()) {
        return {.verdict = Verdict::kRefused, .result = base::Message(read.status())};
      }
      password = *std::move(read);
    }
    Outcome outcome = SendToAll(delivery, password);
    crypto::Cleanse(password);
    return outcome;
  }

  void Cancel() override { cancelled_ = true; }

 private:
  Outcome SendToAll(const Delivery& delivery, const std::string& password) {
    return SendToEach(delivery, config_.to(), "accepted by the server", [&](int i) {
      const MailReader reader{.language = language_, .links = links_, .address = config_.to(i)};
      return SendToOne(ComposeMail(config_, receiver_, delivery, reader), config_.to(i), password);
    });
  }

  Outcome SendToOne(const std::string& letter, const std::string& to, const std::string& password) {
    CurlLimits limits;
    limits.ca_file = config_.ca_file();
    limits.total_seconds = 60;
    const CurlTransfer transfer(config_.server(), url_, limits, cancelled_);
    CURL* const curl = transfer.get();
    CurlList recipients;
    if (curl == nullptr || !Append(recipients, "<" + to + ">")) {
      return {.verdict = Verdict::kRefused, .result = "libcurl did not start"};
    }
    const bool tls = config_.require_tls() || !url_.loopback;
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     static_cast<long>(tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (!config_.username().empty()) {
      curl_easy_setopt(curl, CURLOPT_USERNAME, config_.username().c_str());
      curl_easy_setopt(curl, CURLOPT_PASSWORD, password.c_str());
    }
    const std::string from = "<" + config_.from() + ">";
    Letter reading{letter};
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &ReadLetter);
    curl_easy_setopt(curl, CURLOPT_READDATA, &reading);
    const CURLcode code = curl_easy_perform(curl);
    return Judge(code, transfer.response_code(), reading.all_read);
  }

  const config::v1::Mail config_;
  const std::string receiver_;
  const Url url_;
  const Language language_;
  const LinkSigner* const links_;
  std::atomic<bool> cancelled_ = false;
};

void CheckServer(const config::v1::Mail& mail, std::vector<std::string>& problems) {
  if (mail.server().empty()) {
    problems.emplace_back(
        "mail.server is missing: write \"smtp://host:port\" or \"smtps://host:port\"");
    return;
  }
  const auto url = ParseUrl(mail.server());
  if (!url.ok()) {
    problems.push_back("mail.server: " + base::Message(url.status()));
    return;
  }
  if (url->scheme != "smtp" && url->scheme != "smtps") {
    problems.push_back("mail.server has scheme '" + url->scheme + "': write smtp:// or smtps://");
  }
  if (url->has_user) {
    problems.emplace_back("mail.server holds a user name: put it into mail.username");
  }
}

}  // namespace

std::vector<std::string> CheckMail(const config::v1::Mail& mail) {
  std::vector<std::string> problems;
  CheckServer(mail, problems);
  // Addresses are personal: positions are named, values are not.
  if (!IsAddress(mail.from())) {
    problems.emplace_back("mail.from is not a mail address: write name@host");
  }
  if (mail.to().empty()) problems.emplace_back("mail.to is empty: name at least one recipient");
  if (mail.to_size() > kMaxRecipients) {
    problems.push_back(fmt::format("mail.to names {} recipients: at most {}; use a second receiver",
                                   mail.to_size(), kMaxRecipients));
  }
  for (int i = 0; i < mail.to_size(); ++i) {
    if (!IsAddress(mail.to(i))) {
      problems.push_back(fmt::format("mail.to[{}] is not a mail address: write name@host", i));
    }
  }
  if (mail.username().empty() != mail.password_file().empty()) {
    problems.emplace_back("mail.username and mail.password_file come together or not at all");
  } else if (!mail.password_file().empty()) {
    if (auto password = ReadPassword(mail.password_file()); !password.ok()) {
      problems.push_back("mail.password_file: " + base::Message(password.status()));
    } else {
      crypto::Cleanse(*password);
    }
  }
  if (!mail.ca_file().empty()) {
    if (const auto ca = base::ReadFile(mail.ca_file()); !ca.ok()) {
      problems.push_back("mail.ca_file: " + base::Message(ca.status()));
    }
  }
  return problems;
}

std::string ComposeMail(const config::v1::Mail& mail, const std::string& receiver,
                        const Delivery& delivery, const MailReader& reader) {
  const v1::AlertEvent& event = delivery.event;
  const std::string host = mail.from().substr(mail.from().find('@') + 1);
  const auto instance = delivery.event_id.substr(0, delivery.event_id.rfind('-'));
  const auto hash_id = [&](std::string_view of) {
    return crypto::ToHex(crypto::View(crypto::Sha256(of))).substr(0, 32);
  };
  const std::string message_hash = hash_id(delivery.event_id + "/" + receiver);
  std::string to;
  for (const std::string& address : mail.to()) to += (to.empty() ? "<" : ",\r\n <") + address + ">";
  MailMessage message;
  message.headers = {
      {"From", "Belgrand <" + mail.from() + ">"},
      {"Subject", RenderSubject(event, reader.language)},
      {"Date", FormatMailDate(base::FromMicros(event.at().seconds() * 1'000'000))},
      {"Message-ID", "<" + message_hash + "@" + host + ">"},
      // No mail has this id: it only ties the mails of one alert together.
      {"References",
       "<alert-" + hash_id(instance + "/" + event.alert().alert_id()) + "@" + host + ">"},
      {"Auto-Submitted", "auto-generated"},
      {"X-Auto-Response-Suppress", "All"},
      {"Belgrand-Event-Id", delivery.event_id},
  };
  if (event.alert().exercise()) message.headers.emplace_back("Belgrand-Exercise", "yes");
  if (event.repeat()) message.headers.emplace_back("Belgrand-Repeat", "yes");
  message.image = DrawPlot(event, reader.language);
  if (!message.image.empty()) message.image_id = "plot-" + message_hash + "@" + host;
  Rendering rendering{.language = reader.language, .plot_id = message.image_id};
  if (reader.links != nullptr && !reader.address.empty()) {
    rendering.acknowledge_url = reader.links->Url(event, LinkAction::kAcknowledge, reader.address);
    rendering.dismiss_url = reader.links->Url(event, LinkAction::kDismiss, reader.address);
    rendering.links_until = base::FormatInstant(reader.links->ExpiryOf(event));
  }
  message.text = RenderText(event, rendering);
  message.html = RenderHtml(event, rendering);
  return "To: " + to + "\r\n" + BuildMessage(message, "belgrand-" + message_hash);
}

std::unique_ptr<Receiver> MakeMail(const config::v1::Mail& mail, const std::string& receiver,
                                   Language language, const LinkSigner* links) {
  return std::make_unique<Mail>(mail, receiver, ParseUrl(mail.server()).value_or(Url()), language,
                                links);
}

}  // namespace belgrand::alerting
