#include "alerting/receivers/http_post.h"

#include <algorithm>
#include <chrono>

#include "platform/base/file.h"
#include "platform/crypto/secret.h"

namespace belgrand::alerting {
namespace {

using Verdict = Outcome::Verdict;

// Of an answer that nobody reads; more breaks the transfer off.
constexpr std::size_t kMaxAnswerBytes = 64 * 1024;
constexpr std::size_t kMaxSecretFileBytes = 4096;

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

}  // namespace

Outcome Post(const HttpPost& post, const std::atomic<bool>& cancelled) {
  CurlLimits limits;
  limits.ca_file = post.ca_file;
  const CurlTransfer transfer(post.url, post.parsed, limits, cancelled);
  CurlList list;
  bool complete = Append(list, "Expect:");
  for (const std::string& header : post.headers) complete = complete && Append(list, header);
  if (!complete) return {.verdict = Verdict::kRefused, .result = "out of memory"};
  CURL* const curl = transfer.get();
  if (curl == nullptr) return {.verdict = Verdict::kRefused, .result = "libcurl did not start"};
  std::size_t swallowed = 0;
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "belgrand");
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
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

std::vector<std::string> CheckPostUrl(std::string_view field, const std::string& text) {
  if (text.empty()) return {fmt::format("{} is missing: write \"https://...\"", field)};
  const auto url = ParseUrl(text);
  if (!url.ok()) return {fmt::format("{}: {}", field, base::Message(url.status()))};
  std::vector<std::string> problems;
  if (url->scheme != "https" && url->scheme != "http") {
    problems.push_back(fmt::format("{} has scheme '{}': only https is spoken", field, url->scheme));
  } else if (url->scheme == "http" && !url->loopback) {
    problems.push_back(fmt::format(
        "{} is plain http to '{}': alerts leave this machine by https only", field, url->host));
  }
  if (url->has_user) {
    problems.push_back(fmt::format("{} holds a user name: remove it; secrets are files", field));
  }
  return problems;
}

std::vector<std::string> CheckCaFile(std::string_view field, const std::string& path) {
  if (path.empty()) return {};
  if (const auto ca = base::ReadFile(path); !ca.ok()) {
    return {fmt::format("{}: {}", field, base::Message(ca.status()))};
  }
  return {};
}

base::StatusOr<std::string> ReadSecretFile(const std::string& path, std::size_t least) {
  ASSIGN_OR_RETURN(std::string secret, base::ReadFile(path, kMaxSecretFileBytes));
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.size() < least) {
    const std::size_t size = secret.size();
    crypto::Cleanse(secret);
    return base::InvalidArgument("'{}' holds {} bytes: at least {} are needed", path, size, least);
  }
  return secret;
}

}  // namespace belgrand::alerting
