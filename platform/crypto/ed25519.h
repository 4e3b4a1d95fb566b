// Ed25519 signatures (RFC 8032, pure: no context, no pre-hash).
//
// Thread safety: safe; keys are immutable values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::crypto {

using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

class Ed25519PrivateKey {
 public:
  // InvalidArgument unless `seed` is 32 bytes.
  static base::StatusOr<Ed25519PrivateKey> FromSeed(std::string_view seed);

  const Ed25519PublicKey& public_key() const { return public_key_; }
  Ed25519Signature Sign(std::string_view message) const;

 private:
  Ed25519PrivateKey() = default;
  std::shared_ptr<void> key_;
  Ed25519PublicKey public_key_{};
};

// False for a wrong signature, a malformed one or a public key that is not a point.
bool Ed25519Verify(const Ed25519PublicKey& key, std::string_view message,
                   std::string_view signature);

}  // namespace belgrand::crypto
