#include "compliance/token.h"

#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {
namespace {

constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kIdAt = kTokenPrefix.size();
constexpr std::size_t kSecretAt = kIdAt + 2 * kTokenIdBytes + 1;
constexpr std::size_t kCheckAt = kSecretAt + 2 * kTokenSecretBytes + 1;
constexpr std::size_t kTokenChars = kCheckAt + 2 * kCheckBytes;

std::string CheckOf(std::string_view text) {
  return crypto::ToHex(crypto::View(crypto::Sha256(text)).substr(0, kCheckBytes));
}

}  // namespace

Token NewToken() {
  return {crypto::RandomBytes(kTokenIdBytes), crypto::RandomBytes(kTokenSecretBytes)};
}

std::string FormatToken(const Token& token) {
  const std::string text =
      std::string(kTokenPrefix) + crypto::ToHex(token.id) + "_" + crypto::ToHex(token.secret);
  return text + "_" + CheckOf(text);
}

base::StatusOr<Token> ParseToken(std::string_view text) {
  const base::Status refused = base::MakeStatus(
      base::StatusCode::kUnauthenticated,
      "what was sent is no token: send it whole, as belgrand identity create printed it");
  if (text.size() != kTokenChars || !text.starts_with(kTokenPrefix) || text[kSecretAt - 1] != '_' ||
      text[kCheckAt - 1] != '_') {
    return refused;
  }
  if (text.substr(kCheckAt) != CheckOf(text.substr(0, kCheckAt - 1))) return refused;
  const auto id = crypto::FromHex(text.substr(kIdAt, 2 * kTokenIdBytes));
  const auto secret = crypto::FromHex(text.substr(kSecretAt, 2 * kTokenSecretBytes));
  if (!id.ok() || !secret.ok()) return refused;
  return Token{*id, *secret};
}

}  // namespace belgrand::compliance
