// JSON Web Tokens of an OpenID Connect issuer: RFC 7519 in the compact form of RFC 7515, signed
// with RS256, ES256 or EdDSA, checked against the issuer's keys (RFC 7517), with the advice of RFC
// 8725: the algorithm is the key's and never the token's choice, "none" does not exist, and issuer,
// audience and dates are always demanded.
//
// Everything here reads what strangers wrote: a token has at most 8 KiB, a key set 256 KiB; JSON
// with a name twice in one object is refused, since readers disagree about what it says.
//
// Thread safety: functions are safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/time.h"
#include "platform/crypto/public_key.h"

namespace belgrand::compliance {

inline constexpr std::size_t kMaxJwtBytes = 8 << 10;
inline constexpr std::size_t kMaxJwksBytes = 256 << 10;

struct JwtKey {
  std::string id;  // "kid"; may be empty
  crypto::PublicKey key;
};

// The keys that can verify; others (of encryption, of other algorithms, symmetric ones) are passed
// over. InvalidArgument: no JSON key set, none that can be used, or two of one id and algorithm.
base::StatusOr<std::vector<JwtKey>> ParseJwks(std::string_view json);

struct JwtExpectations {
  std::string issuer;
  std::string audience;
  base::Duration max_lifetime = std::chrono::hours(24);
};

struct JwtClaims {
  std::string subject;
  base::Instant expires_at;
  // Every claim that is a string or a list of strings; of nested objects by their path, with dots.
  std::map<std::string, std::vector<std::string>, std::less<>> texts;

  bool Has(std::string_view name, std::string_view value) const;
};

// What "iss" says, unverified: only to choose whose keys and expectations to verify with. It is one
// of them or the token is refused there.
base::StatusOr<std::string> UnverifiedIssuer(std::string_view token);

// Unauthenticated names what is wrong. Clocks may differ by 30 s in "nbf" and "iat"; "exp" is
// exact.
base::StatusOr<JwtClaims> VerifyJwt(std::string_view token, const std::vector<JwtKey>& keys,
                                    const JwtExpectations& expected, base::Instant now);

}  // namespace belgrand::compliance
