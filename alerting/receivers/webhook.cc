#include "alerting/receivers/webhook.h"

#include <utility>

#include "alerting/receivers/http_post.h"
#include "alerting/render.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/secret.h"

namespace belgrand::alerting {
namespace {

using Verdict = Outcome::Verdict;

class Webhook final : public Receiver {
 public:
  Webhook(const config::v1::Webhook& config, Url url, const base::Clock& clock)
      : config_(config), url_(std::move(url)), clock_(clock) {}

  Outcome Deliver(const Delivery& delivery) override {
    auto secret = ReadSecretFile(config_.secret_file(), kMinSecretBytes);
    if (!secret.ok()) {
      return {.verdict = Verdict::kRefused, .result = base::Message(secret.status())};
    }
    const std::string body = RenderJson(delivery.event, delivery.event_id);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(clock_.Now());
    const std::string timestamp = std::to_string(seconds.time_since_epoch().count());
    const std::string signature = SignWebhook(*secret, timestamp, body);
    crypto::Cleanse(*secret);
    return Post(
        {.url = config_.url(),
         .parsed = url_,
         .ca_file = config_.ca_file(),
         .headers = {"Content-Type: application/json", "Belgrand-Event-Id: " + delivery.event_id,
                     "Idempotency-Key: \"" + delivery.event_id + "\"",
                     "Belgrand-Timestamp: " + timestamp, "Belgrand-Signature: " + signature},
         .body = body},
        cancelled_);
  }

  void Cancel() override { cancelled_ = true; }

 private:
  const config::v1::Webhook config_;
  const Url url_;
  const base::Clock& clock_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

std::vector<std::string> CheckWebhook(const config::v1::Webhook& webhook) {
  std::vector<std::string> problems = CheckPostUrl("webhook.url", webhook.url());
  if (webhook.secret_file().empty()) {
    problems.push_back(
        fmt::format("webhook.secret_file is missing: name a file of at least {} random bytes",
                    kMinSecretBytes));
  } else if (auto secret = ReadSecretFile(webhook.secret_file(), kMinSecretBytes); !secret.ok()) {
    problems.push_back("webhook.secret_file: " + base::Message(secret.status()));
  } else {
    crypto::Cleanse(*secret);
  }
  for (std::string& problem : CheckCaFile("webhook.ca_file", webhook.ca_file())) {
    problems.push_back(std::move(problem));
  }
  return problems;
}

std::string SignWebhook(std::string_view secret, std::string_view timestamp,
                        std::string_view body) {
  const std::string signed_text = fmt::format("{}.{}", timestamp, body);
  return "v1=" + crypto::ToHex(crypto::View(crypto::HmacSha256(secret, signed_text)));
}

std::unique_ptr<Receiver> MakeWebhook(const config::v1::Webhook& webhook,
                                      const base::Clock& clock) {
  return std::make_unique<Webhook>(webhook, ParseUrl(webhook.url()).value_or(Url()), clock);
}

}  // namespace belgrand::alerting
