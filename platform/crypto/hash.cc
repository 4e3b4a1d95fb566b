#include "platform/crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "platform/base/check.h"

namespace belgrand::crypto {
namespace {

// Fetched once: OpenSSL 3 otherwise looks the algorithm up by name on every call, which costs more
// than hashing a short entry.
const EVP_MD* Sha256Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  BELGRAND_CHECK(algorithm != nullptr);
  return algorithm;
}

void FreeContext(void* context) { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context)); }

void Start(EVP_MD_CTX* context) {
  BELGRAND_CHECK(context != nullptr);
  BELGRAND_CHECK(EVP_DigestInit_ex2(context, Sha256Algorithm(), nullptr) == 1);
}

Digest End(EVP_MD_CTX* context) {
  Digest digest;
  unsigned length = 0;
  BELGRAND_CHECK(EVP_DigestFinal_ex(context, digest.data(), &length) == 1);
  BELGRAND_CHECK(length == digest.size());
  return digest;
}

}  // namespace

Digest Sha256(std::string_view data) { return Sha256({data}); }

Digest Sha256(std::initializer_list<std::string_view> parts) {
  thread_local const std::unique_ptr<EVP_MD_CTX, void (*)(void*)> context(EVP_MD_CTX_new(),
                                                                          FreeContext);
  Start(context.get());
  for (const std::string_view part : parts) {
    BELGRAND_CHECK(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  }
  return End(context.get());
}

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new(), FreeContext) {
  Start(static_cast<EVP_MD_CTX*>(context_.get()));
}

void Sha256Stream::Update(std::string_view data) {
  BELGRAND_CHECK(
      EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), data.data(), data.size()) == 1);
}

Digest Sha256Stream::Finish() {
  auto* const context = static_cast<EVP_MD_CTX*>(context_.get());
  const Digest digest = End(context);
  Start(context);
  return digest;
}

Digest HmacSha256(std::string_view key, std::string_view data) {
  Digest digest;
  unsigned length = 0;
  BELGRAND_CHECK(HMAC(Sha256Algorithm(), key.data(), static_cast<int>(key.size()),
                      reinterpret_cast<const unsigned char*>(data.data()), data.size(),
                      digest.data(), &length) != nullptr);
  BELGRAND_CHECK(length == digest.size());
  return digest;
}

std::string HkdfSha256(std::string_view key, std::string_view salt, std::string_view info,
                       std::size_t length) {
  BELGRAND_CHECK(length <= 255 * sizeof(Digest));
  const std::unique_ptr<EVP_KDF, void (*)(EVP_KDF*)> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr),
                                                         EVP_KDF_free);
  BELGRAND_CHECK(kdf != nullptr);
  const std::unique_ptr<EVP_KDF_CTX, void (*)(EVP_KDF_CTX*)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                     EVP_KDF_CTX_free);
  BELGRAND_CHECK(context != nullptr);
  char name[] = "SHA256";
  const auto bytes = [](std::string_view view) {
    return const_cast<char*>(view.empty() ? "" : view.data());
  };
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, bytes(key), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, bytes(salt), salt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, bytes(info), info.size()),
      OSSL_PARAM_construct_end()};
  std::string out(length, '\0');
  BELGRAND_CHECK(EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), length,
                                params) == 1);
  return out;
}

}  // namespace belgrand::crypto
