// Any bytes as a token, a JSON Web Token, its header or claims, a key set or the list of
// identities: nothing may crash, what is taken has one spelling, and nothing that was not signed
// passes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "compliance/identity_book.h"
#include "compliance/jwt.h"
#include "compliance/token.h"
#include "platform/base/check.h"
#include "platform/crypto/base64url.h"
#include "platform/crypto/ed25519.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

const crypto::Ed25519PrivateKey& SigningKey() {
  static const auto* const key = new crypto::Ed25519PrivateKey(
      crypto::Ed25519PrivateKey::FromSeed(std::string(32, '\x07')).value());
  return *key;
}

const std::vector<JwtKey>& Keys() {
  static const auto* const keys = new std::vector<JwtKey>{
      {"one", crypto::PublicKey::Ed25519(crypto::View(SigningKey().public_key())).value()}};
  return *keys;
}

std::string Sign(std::string_view header, std::string_view claims) {
  const std::string text = crypto::ToBase64Url(header) + "." + crypto::ToBase64Url(claims);
  return text + "." + crypto::ToBase64Url(crypto::View(SigningKey().Sign(text)));
}

void CheckJwts(std::string_view bytes) {
  const JwtExpectations expected{.issuer = "https://login.example", .audience = "belgrand"};
  const base::Instant now{std::chrono::seconds(1'767'225'600)};
  // The key is known to this program alone: bytes from outside cannot be signed by it, except those
  // of the corpus, whose audience is another.
  BELGRAND_CHECK(!VerifyJwt(bytes, Keys(), expected, now).ok());
  static_cast<void>(UnverifiedIssuer(bytes));
  const auto claims =
      VerifyJwt(Sign(R"({"alg":"EdDSA","kid":"one"})", bytes), Keys(), expected, now);
  if (claims.ok()) {
    BELGRAND_CHECK(!claims->subject.empty() && claims->expires_at > now);
    BELGRAND_CHECK(claims->Has("iss", expected.issuer) && claims->Has("aud", expected.audience));
  }
  const std::string good =
      R"({"iss":"https://login.example","aud":"belgrand","sub":"1","iat":1767225600,"exp":1767225601})";
  static_cast<void>(VerifyJwt(Sign(bytes, good), Keys(), expected, now));
}

void CheckRest(std::string_view bytes) {
  const auto token = ParseToken(bytes);
  if (token.ok()) BELGRAND_CHECK(FormatToken(*token) == bytes);
  const auto keys = ParseJwks(bytes);
  if (keys.ok()) {
    BELGRAND_CHECK(!keys->empty());
    for (const JwtKey& key : *keys) BELGRAND_CHECK(!key.key.Verify(bytes, bytes));
  }
  const auto records = DecodeIdentities(bytes);
  if (records.ok()) BELGRAND_CHECK(DecodeIdentities(EncodeIdentities(*records)).ok());
}

}  // namespace
}  // namespace belgrand::compliance

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  belgrand::compliance::CheckJwts(bytes);
  belgrand::compliance::CheckRest(bytes);
  return 0;
}
