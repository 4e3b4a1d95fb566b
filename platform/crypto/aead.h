// AES-256-GCM with 96-bit nonces and 128-bit tags (NIST SP 800-38D).
//
// A nonce must never repeat under one key. With random nonces keep to 2^32 messages a key.
// GCM does not commit to its key: bind the key's identity through the associated data.
// Thread safety: safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/base/error.h"
#include "platform/crypto/secret.h"

namespace belgrand::crypto {

constexpr std::size_t kGcmNonceBytes = 12;
constexpr std::size_t kGcmTagBytes = 16;
using GcmNonce = std::array<std::uint8_t, kGcmNonceBytes>;

// Ciphertext followed by the tag: plaintext.size() + 16 bytes.
std::string AesGcmSeal(const Key256& key, const GcmNonce& nonce, std::string_view associated_data,
                       std::string_view plaintext);

// The plaintext; DataLoss when key, nonce, associated data or a bit of `sealed` differs.
base::StatusOr<std::string> AesGcmOpen(const Key256& key, const GcmNonce& nonce,
                                       std::string_view associated_data, std::string_view sealed);

}  // namespace belgrand::crypto
