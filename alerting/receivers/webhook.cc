#include "alerting/receivers/webhook.h"

#include <algorithm>
#include <utility>

#include "alerting/receivers/curl.h"
#include "alerting/render.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/secret.h"

namespace belgrand::alerting {
namespace {

using Verdict = Outcome::Verdict;

// Of an answer that nobody reads; more breaks the transfer off.
constexpr std::size_t kMaxAnswerBytes = 64 * 1024;
constexpr std::size_t kMaxSecretFileBytes = 4096;

base::StatusOr<std::string> ReadSecret(const std::string& path) {
  ASSIGN_OR_RETURN(std::string secret, base::ReadFile(path, kMaxSecretFileBytes));
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.size() < kMinSecretBytes) {
    const std::size_t size = secret.size();
    crypto::Cleanse(secret);
    return base::InvalidArgument("secret_file '{}' holds {} bytes: at least {} are needed", path,
                                 size, kMinSecretBytes);
  }
  return secret;
}

std::size_t SwallowAnswer(char*, std::size_t size, std::size_t count, void* swallowed) {
  auto& total = *static_cast<std::size_t*>(swallowed);
  total += size * count;
  return total > kMaxAnswerBytes ? 0 : size * count;
}

Outcome Judge(long code, base::Duration retry_after) {
  Outcome outcome{.verdict = Verdict::kRejected, .result = fmt::format("HTTP {}", code)};
  if (code >= 200 && code < 300) {
    outcome.verdict = Verdict::kAccepted;
  } else if (code == 429 || code == 425) {
    outcome.verdict = Verdict::kRefused;
  } else if (code == 408 || code >= 500) {
    // A gateway may have passed it on before it gave up.
    outcome.verdict = Verdict::kUncertain;
  } else if (code >= 300 && code < 400) {
    outcome.result += ": redirects are not followed; put the final address into url";
  }
  outcome.retry_after = retry_after;
  return outcome;
}

class Webhook final : public Receiver {
 public:
  Webhook(const config::v1::Webhook& config, Url url, const base::Clock& clock)
      : config_(config), url_(std::move(url)), clock_(clock) {}

  Outcome Deliver(const Delivery& delivery) override {
    auto secret = ReadSecret(config_.secret_file());
    if (!secret.ok()) {
      return {.verdict = Verdict::kRefused, .result = base::Message(secret.status())};
    }
    const std::string body = RenderJson(delivery.event, delivery.event_id);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(clock_.Now());
    const std::string timestamp = std::to_string(seconds.time_since_epoch().count());
    const std::string signature = SignWebhook(*secret, timestamp, body);
    crypto::Cleanse(*secret);
    return Post(body, {"Content-Type: application/json",
                       "Expect:", "Belgrand-Event-Id: " + delivery.event_id,
                       "Belgrand-Timestamp: " + timestamp, "Belgrand-Signature: " + signature});
  }

  void Cancel() override { cancelled_ = true; }

 private:
  Outcome Post(const std::string& body, const std::vector<std::string>& headers) {
    CurlLimits limits;
    limits.ca_file = config_.ca_file();
    const CurlTransfer transfer(config_.url(), url_, limits, cancelled_);
    CurlList list;
    for (const std::string& header : headers) {
      if (!Append(list, header)) return {.verdict = Verdict::kRefused, .result = "out of memory"};
    }
    CURL* const curl = transfer.get();
    if (curl == nullptr) return {.verdict = Verdict::kRefused, .result = "libcurl did not start"};
    std::size_t swallowed = 0;
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "belgrand");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &SwallowAnswer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &swallowed);
    const CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_ABORTED_BY_CALLBACK) return {.verdict = Verdict::kCancelled, .result = ""};
    // An answer that was too long is still an answer.
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && swallowed > kMaxAnswerBytes)) {
      curl_off_t retry_after = 0;
      curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
      retry_after = std::clamp<curl_off_t>(retry_after, 0, 86'400);
      return Judge(transfer.response_code(), std::chrono::seconds(retry_after));
    }
    return {.verdict = FailedBeforeSending(code) ? Verdict::kRefused : Verdict::kUncertain,
            .result = CurlError(code)};
  }

  const config::v1::Webhook config_;
  const Url url_;
  const base::Clock& clock_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

std::vector<std::string> CheckWebhook(const config::v1::Webhook& webhook) {
  std::vector<std::string> problems;
  if (webhook.url().empty()) {
    problems.emplace_back("webhook.url is missing: write \"https://...\"");
  } else if (const auto url = ParseUrl(webhook.url()); !url.ok()) {
    problems.push_back("webhook.url: " + base::Message(url.status()));
  } else {
    if (url->scheme != "https" && url->scheme != "http") {
      problems.push_back("webhook.url has scheme '" + url->scheme + "': only https is spoken");
    } else if (url->scheme == "http" && !url->loopback) {
      problems.push_back("webhook.url is plain http to '" + url->host +
                         "': alerts leave this machine by https only");
    }
    if (url->has_user) {
      problems.emplace_back(
          "webhook.url holds a user name: the signature identifies us; remove it");
    }
  }
  if (webhook.secret_file().empty()) {
    problems.push_back(
        fmt::format("webhook.secret_file is missing: name a file of at least {} random bytes",
                    kMinSecretBytes));
  } else if (auto secret = ReadSecret(webhook.secret_file()); !secret.ok()) {
    problems.push_back("webhook.secret_file: " + base::Message(secret.status()));
  } else {
    crypto::Cleanse(*secret);
  }
  if (!webhook.ca_file().empty()) {
    if (const auto ca = base::ReadFile(webhook.ca_file()); !ca.ok()) {
      problems.push_back("webhook.ca_file: " + base::Message(ca.status()));
    }
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
