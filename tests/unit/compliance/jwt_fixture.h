// An issuer of tokens for tests, with a key of Ed25519.
#pragma once

#include <fmt/format.h>

#include <string>

#include "compliance/jwt.h"
#include "platform/crypto/base64url.h"
#include "platform/crypto/ed25519.h"
#include "platform/crypto/hash.h"

namespace belgrand::testing {

class TestIssuer {
 public:
  explicit TestIssuer(char seed = '\x07')
      : key_(crypto::Ed25519PrivateKey::FromSeed(std::string(32, seed)).value()) {}

  // The key set, as an issuer publishes it.
  std::string Jwks(const std::string& id = "one") const {
    return fmt::format(
        R"({{"keys":[{{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"{}","x":"{}"}}]}})",
        id, crypto::ToBase64Url(crypto::View(key_.public_key())));
  }

  std::string Sign(const std::string& claims,
                   const std::string& header = R"({"alg":"EdDSA","kid":"one","typ":"JWT"})") const {
    const std::string text = crypto::ToBase64Url(header) + "." + crypto::ToBase64Url(claims);
    return text + "." + crypto::ToBase64Url(crypto::View(key_.Sign(text)));
  }

 private:
  const crypto::Ed25519PrivateKey key_;
};

}  // namespace belgrand::testing
