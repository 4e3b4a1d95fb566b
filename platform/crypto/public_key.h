// Verifying signatures of keys that others publish: RS256, ES256 and EdDSA of JSON Web Tokens
// (RFC 7518 sections 3.3 and 3.4, RFC 8037), from the numbers that a JSON Web Key holds.
//
// A key verifies with the one algorithm it was made for: what a token says of itself never chooses.
// Thread safety: safe; copies share the key.
#pragma once

#include <memory>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::crypto {

enum class SignatureAlgorithm { kRs256, kEs256, kEdDsa };

class PublicKey {
 public:
  // Numbers are big-endian bytes. InvalidArgument: no such key; RSA below 2,048 or above 8,192
  // bits, or with an exponent that is even or below 3; a point that is not on the curve.
  static base::StatusOr<PublicKey> Rsa(std::string_view modulus, std::string_view exponent);
  static base::StatusOr<PublicKey> P256(std::string_view x, std::string_view y);
  static base::StatusOr<PublicKey> Ed25519(std::string_view bytes);

  SignatureAlgorithm algorithm() const { return algorithm_; }

  // Signatures as JSON Web Signatures hold them: ES256 as r || s, 32 bytes each.
  bool Verify(std::string_view message, std::string_view signature) const;

 private:
  PublicKey(SignatureAlgorithm algorithm, std::shared_ptr<void> key)
      : algorithm_(algorithm), key_(std::move(key)) {}
  SignatureAlgorithm algorithm_;
  std::shared_ptr<void> key_;
};

}  // namespace belgrand::crypto
