#include "services/compliance/issuer_keys.h"

#include <nlohmann/json.hpp>

#include "platform/base/file.h"
#include "platform/base/log.h"
#include "platform/http/client.h"

namespace belgrand::compliance {
namespace {

constexpr base::Duration kFetchAgain = std::chrono::hours(1);
constexpr base::Duration kReadFileAgain = std::chrono::seconds(1);
constexpr base::Duration kNotBefore = std::chrono::minutes(1);

IssuerKeys::Get GetOf(const config::v1::Issuer& issuer) {
  return [ca_file = issuer.ca_file()](const std::string& url) -> base::StatusOr<std::string> {
    http::ClientOptions options;
    options.max_bytes = kMaxJwksBytes;
    if (!ca_file.empty()) options.tls = base::TlsFiles{"", "", ca_file};
    ASSIGN_OR_RETURN(http::Response response, http::Get(url, options));
    if (response.code == 200) return std::move(response.body);
    return base::Unavailable("{} answered {}", url, response.code);
  };
}

}  // namespace

IssuerKeys::IssuerKeys(config::v1::Issuer issuer, const base::Clock& clock, Get get)
    : issuer_(std::move(issuer)), clock_(clock), get_(get ? std::move(get) : GetOf(issuer_)) {}

base::StatusOr<std::string> IssuerKeys::FetchSet() {
  std::string base_url = issuer_.issuer();
  if (base_url.ends_with('/')) base_url.pop_back();
  ASSIGN_OR_RETURN(const std::string text, get_(base_url + "/.well-known/openid-configuration"));
  const auto document = nlohmann::json::parse(text, nullptr, false);
  const auto text_of = [&](const char* name) {
    const bool has = document.is_object() && document.contains(name) && document[name].is_string();
    return has ? document[name].get<std::string>() : std::string();
  };
  // Otherwise one issuer could hand out the keys of another (OpenID Connect Discovery 1.0, 4.3).
  if (text_of("issuer") != issuer_.issuer()) {
    return base::InvalidArgument("the discovery document is not of issuer {}", issuer_.issuer());
  }
  return get_(text_of("jwks_uri"));
}

bool IssuerKeys::Load() {
  tried_ = clock_.Now();
  const base::StatusOr<std::string> text =
      issuer_.jwks_file().empty() ? FetchSet() : base::ReadFile(issuer_.jwks_file(), kMaxJwksBytes);
  if (text.ok() && *text == text_) return false;
  auto keys = text.ok() ? ParseJwks(*text) : base::StatusOr<std::vector<JwtKey>>(text.status());
  if (!keys.ok()) {
    if (base::Message(failure_) != base::Message(keys.status())) {
      base::Log(base::LogLevel::kError, "issuer_keys_not_loaded",
                {{"issuer", issuer_.name()}, {"reason", keys.status()}});
    }
    failure_ = keys.status();
    return false;
  }
  text_ = *text;
  keys_ = *std::move(keys);
  failure_ = base::OkStatus();
  base::Log(base::LogLevel::kInfo, "issuer_keys_loaded",
            {{"issuer", issuer_.name()}, {"keys", keys_.size()}});
  return true;
}

base::StatusOr<std::vector<JwtKey>> IssuerKeys::Keys() {
  const base::MutexLock lock(mutex_);
  const base::Instant now = clock_.Now();
  const base::Duration again = !issuer_.jwks_file().empty() ? kReadFileAgain
                               : keys_.empty()              ? kNotBefore
                                                            : kFetchAgain;
  if (!tried_ || now - *tried_ >= again || now < *tried_) Load();
  if (!keys_.empty()) return keys_;
  return base::Unavailable("the keys of issuer {} are not known: {}", issuer_.name(),
                           base::Message(failure_));
}

bool IssuerKeys::Renew() {
  const base::MutexLock lock(mutex_);
  const base::Instant now = clock_.Now();
  if (tried_ && now - *tried_ < kNotBefore && now >= *tried_) return false;
  return Load();
}

}  // namespace belgrand::compliance
