#include "compliance/jwt.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "platform/crypto/base64url.h"

namespace belgrand::compliance {
namespace {

using crypto::PublicKey;
using crypto::SignatureAlgorithm;
using Json = nlohmann::json;

constexpr base::Duration kClockSkew = std::chrono::seconds(30);
constexpr std::size_t kMaxSubjectBytes = 128;
constexpr std::size_t kMaxKeys = 100;
constexpr int kMaxDepth = 8;
// 2262-01-01: what microseconds in 64 bits can hold, with room.
constexpr double kMaxSeconds = 9.2e9;

base::Status Refused(std::string_view why) {
  return base::MakeStatus(base::StatusCode::kUnauthenticated,
                          fmt::format("the token is refused: {}", why));
}

// An object without a name twice, at most kMaxDepth deep; nullopt otherwise.
std::optional<Json> ParseObject(std::string_view text) {
  std::vector<std::set<std::string>> names;
  bool good = true;
  const auto look = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      names.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      names.pop_back();
    } else if (event == Json::parse_event_t::key) {
      good = good && names.back().insert(parsed.get<std::string>()).second;
    }
    good = good && depth <= kMaxDepth;
    return true;
  };
  Json json = Json::parse(text.begin(), text.end(), look, false);
  if (!good || !json.is_object()) return std::nullopt;
  return json;
}

// Empty when it is absent or no string.
std::string Text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

base::StatusOr<PublicKey> ToKey(const Json& jwk) {
  const std::string type = Text(jwk, "kty");
  const auto number = [&](const char* name) { return crypto::FromBase64Url(Text(jwk, name)); };
  if (type == "RSA") {
    ASSIGN_OR_RETURN(const std::string modulus, number("n"));
    ASSIGN_OR_RETURN(const std::string exponent, number("e"));
    return PublicKey::Rsa(modulus, exponent);
  }
  const std::string curve = Text(jwk, "crv");
  if (type == "EC" && curve == "P-256") {
    ASSIGN_OR_RETURN(const std::string x, number("x"));
    ASSIGN_OR_RETURN(const std::string y, number("y"));
    return PublicKey::P256(x, y);
  }
  if (type == "OKP" && curve == "Ed25519") {
    ASSIGN_OR_RETURN(const std::string x, number("x"));
    return PublicKey::Ed25519(x);
  }
  return base::InvalidArgument("kty '{}' is not used here", type);
}

const char* NameOf(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kRs256:
      return "RS256";
    case SignatureAlgorithm::kEs256:
      return "ES256";
    case SignatureAlgorithm::kEdDsa:
      return "EdDSA";
  }
  return "";
}

struct Parts {
  std::string_view signed_text;  // header and claims as they were sent
  Json header;
  Json claims;
  std::string signature;
};

base::StatusOr<Parts> Split(std::string_view token) {
  if (token.size() > kMaxJwtBytes) return Refused("it is longer than 8 KiB");
  const std::size_t first = token.find('.');
  const std::size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return Refused("it has not three parts");
  }
  const auto header = crypto::FromBase64Url(token.substr(0, first));
  const auto claims = crypto::FromBase64Url(token.substr(first + 1, second - first - 1));
  const auto signature = crypto::FromBase64Url(token.substr(second + 1));
  if (!header.ok() || !claims.ok() || !signature.ok()) return Refused("it is not base64url");
  auto header_json = ParseObject(*header);
  auto claims_json = ParseObject(*claims);
  if (!header_json || !claims_json) return Refused("its header or its claims are no JSON object");
  return Parts{token.substr(0, second), *std::move(header_json), *std::move(claims_json),
               *signature};
}

base::Status CheckSignature(const Parts& parts, const std::vector<JwtKey>& keys) {
  // A header that demands what is not understood here must not be passed over (RFC 7515, 4.1.11).
  if (parts.header.contains("crit")) return Refused("its header has 'crit'");
  const std::string type = Text(parts.header, "typ");
  if (parts.header.contains("typ") && type != "JWT" && type != "at+jwt") {
    return Refused("its type is neither JWT nor at+jwt");
  }
  const std::string algorithm = Text(parts.header, "alg");
  const bool named = parts.header.contains("kid");
  const std::string id = Text(parts.header, "kid");
  const JwtKey* chosen = nullptr;
  for (const JwtKey& key : keys) {
    if (algorithm != NameOf(key.key.algorithm()) || (named && key.id != id)) continue;
    if (chosen != nullptr) return Refused("it names no key, and the issuer has several");
    chosen = &key;
  }
  if (chosen == nullptr || !chosen->key.Verify(parts.signed_text, parts.signature)) {
    return Refused("no key of the issuer made its signature");
  }
  return base::OkStatus();
}

// A NumericDate; nullopt when it is absent or none.
std::optional<base::Instant> DateOf(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > kMaxSeconds) return std::nullopt;
  return base::FromMicros(static_cast<std::int64_t>(seconds * 1e6));
}

base::Status CheckDates(const Json& claims, const JwtExpectations& expected, base::Instant now,
                        base::Instant& expires_at) {
  const auto expires = DateOf(claims, "exp");
  const auto issued = DateOf(claims, "iat");
  if (!expires || !issued) return Refused("it has no exp or no iat that is a date");
  if (now >= *expires) return Refused("it has expired: log in again");
  if (*issued > now + kClockSkew) return Refused("it was issued in the future");
  if (*expires - *issued > expected.max_lifetime) {
    return Refused("it lives longer than max_lifetime allows");
  }
  if (claims.contains("nbf")) {
    const auto not_before = DateOf(claims, "nbf");
    if (!not_before) return Refused("its nbf is no date");
    if (*not_before > now + kClockSkew) return Refused("it is not valid yet");
  }
  expires_at = *expires;
  return base::OkStatus();
}

bool IsFor(const Json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return found->get<std::string>() == audience;
  return found->is_array() && std::any_of(found->begin(), found->end(), [&](const Json& one) {
           return one.is_string() && one.get<std::string>() == audience;
         });
}

void CollectTexts(const Json& object, const std::string& prefix, JwtClaims& out) {
  for (const auto& [name, value] : object.items()) {
    const std::string path = prefix + name;
    if (value.is_object()) {
      CollectTexts(value, path + ".", out);
    } else if (value.is_string()) {
      out.texts[path].push_back(value.get<std::string>());
    } else if (value.is_array() && std::all_of(value.begin(), value.end(),
                                               [](const Json& v) { return v.is_string(); })) {
      for (const Json& one : value) out.texts[path].push_back(one.get<std::string>());
    }
  }
}

bool IsSubject(const std::string& text) {
  return !text.empty() && text.size() <= kMaxSubjectBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

bool JwtClaims::Has(std::string_view name, std::string_view value) const {
  const auto found = texts.find(name);
  return found != texts.end() &&
         std::find(found->second.begin(), found->second.end(), value) != found->second.end();
}

base::StatusOr<std::vector<JwtKey>> ParseJwks(std::string_view json) {
  const auto bad = [](std::string_view why) {
    return base::InvalidArgument("the key set cannot be used: {}", why);
  };
  if (json.size() > kMaxJwksBytes) return bad("it is longer than 256 KiB");
  const auto set = ParseObject(json);
  if (!set || !set->contains("keys") || !(*set)["keys"].is_array()) {
    return bad("it is no JSON object with a list of keys");
  }
  if ((*set)["keys"].size() > kMaxKeys) return bad("it has more than 100 keys");
  std::vector<JwtKey> keys;
  for (const Json& jwk : (*set)["keys"]) {
    if (!jwk.is_object()) return bad("a key is no object");
    if (jwk.contains("use") && Text(jwk, "use") != "sig") continue;
    const auto key = ToKey(jwk);
    if (!key.ok()) continue;
    if (jwk.contains("alg") && Text(jwk, "alg") != NameOf(key->algorithm())) continue;
    const std::string id = Text(jwk, "kid");
    for (const JwtKey& other : keys) {
      if (other.id == id && other.key.algorithm() == key->algorithm()) {
        return bad("two keys have one kid");
      }
    }
    keys.push_back({id, *key});
  }
  if (keys.empty()) return bad("no key is for RS256, ES256 or EdDSA");
  return keys;
}

base::StatusOr<std::string> UnverifiedIssuer(std::string_view token) {
  ASSIGN_OR_RETURN(const Parts parts, Split(token));
  std::string issuer = Text(parts.claims, "iss");
  if (issuer.empty()) return Refused("it has no iss");
  return issuer;
}

base::StatusOr<JwtClaims> VerifyJwt(std::string_view token, const std::vector<JwtKey>& keys,
                                    const JwtExpectations& expected, base::Instant now) {
  ASSIGN_OR_RETURN(const Parts parts, Split(token));
  RETURN_IF_ERROR(CheckSignature(parts, keys));
  if (Text(parts.claims, "iss") != expected.issuer) return Refused("another issuer made it");
  if (!IsFor(parts.claims, expected.audience)) return Refused("it is made for another audience");
  JwtClaims claims;
  RETURN_IF_ERROR(CheckDates(parts.claims, expected, now, claims.expires_at));
  claims.subject = Text(parts.claims, "sub");
  if (!IsSubject(claims.subject)) {
    return Refused("its sub is not 1 to 128 visible ASCII characters");
  }
  CollectTexts(parts.claims, "", claims);
  return claims;
}

}  // namespace belgrand::compliance
