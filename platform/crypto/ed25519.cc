#include "platform/crypto/ed25519.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "platform/base/check.h"

namespace belgrand::crypto {
namespace {

using Context = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;
Context NewContext() {
  Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  BELGRAND_CHECK(context != nullptr);
  return context;
}

const unsigned char* Bytes(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

}  // namespace

base::StatusOr<Ed25519PrivateKey> Ed25519PrivateKey::FromSeed(std::string_view seed) {
  if (seed.size() != 32) {
    return base::InvalidArgument("an Ed25519 seed has 32 bytes, this one {}", seed.size());
  }
  Ed25519PrivateKey key;
  key.key_ = std::shared_ptr<void>(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(seed), seed.size()),
      [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); });
  BELGRAND_CHECK(key.key_ != nullptr);
  std::size_t length = key.public_key_.size();
  BELGRAND_CHECK(EVP_PKEY_get_raw_public_key(static_cast<EVP_PKEY*>(key.key_.get()),
                                             key.public_key_.data(), &length) == 1);
  BELGRAND_CHECK(length == key.public_key_.size());
  return key;
}

Ed25519Signature Ed25519PrivateKey::Sign(std::string_view message) const {
  const Context context = NewContext();
  Ed25519Signature signature;
  std::size_t length = signature.size();
  BELGRAND_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                                    static_cast<EVP_PKEY*>(key_.get())) == 1);
  BELGRAND_CHECK(EVP_DigestSign(context.get(), signature.data(), &length, Bytes(message),
                                message.size()) == 1);
  BELGRAND_CHECK(length == signature.size());
  return signature;
}

bool Ed25519Verify(const Ed25519PublicKey& key, std::string_view message,
                   std::string_view signature) {
  if (signature.size() != 64) return false;
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pkey(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()),
      EVP_PKEY_free);
  bool good = false;
  if (pkey != nullptr) {
    const Context context = NewContext();
    good = EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
           EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                            message.size()) == 1;
  }
  // OpenSSL queues an error for each refusal; a long-running verifier must not pile them up.
  if (!good) ERR_clear_error();
  return good;
}

}  // namespace belgrand::crypto
