#include "platform/crypto/aead.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <limits>
#include <memory>

#include "platform/base/check.h"

namespace belgrand::crypto {
namespace {

const EVP_CIPHER* Aes256Gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  BELGRAND_CHECK(cipher != nullptr);
  return cipher;
}

// A context of its own per thread saves an allocation per field; it is re-initialised on each use.
EVP_CIPHER_CTX* ThreadContext() {
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  BELGRAND_CHECK(context != nullptr);
  return context.get();
}

const unsigned char* Bytes(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

int Length(std::string_view view) {
  BELGRAND_CHECK(view.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) - 64);
  return static_cast<int>(view.size());
}

}  // namespace

std::string AesGcmSeal(const Key256& key, const GcmNonce& nonce, std::string_view associated_data,
                       std::string_view plaintext) {
  EVP_CIPHER_CTX* const context = ThreadContext();
  std::string out(plaintext.size() + kGcmTagBytes, '\0');
  int written = 0;
  BELGRAND_CHECK(EVP_EncryptInit_ex2(context, Aes256Gcm(), key.data(), nonce.data(), nullptr) == 1);
  if (!associated_data.empty()) {
    BELGRAND_CHECK(EVP_EncryptUpdate(context, nullptr, &written, Bytes(associated_data),
                                     Length(associated_data)) == 1);
  }
  if (!plaintext.empty()) {
    BELGRAND_CHECK(
        EVP_EncryptUpdate(context, Bytes(out), &written, Bytes(plaintext), Length(plaintext)) == 1);
  }
  BELGRAND_CHECK(EVP_EncryptFinal_ex(context, Bytes(out) + plaintext.size(), &written) == 1);
  BELGRAND_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes,
                                     Bytes(out) + plaintext.size()) == 1);
  EVP_CIPHER_CTX_reset(context);
  return out;
}

base::StatusOr<std::string> AesGcmOpen(const Key256& key, const GcmNonce& nonce,
                                       std::string_view associated_data, std::string_view sealed) {
  if (sealed.size() < kGcmTagBytes) {
    return base::DataLoss("sealed value has {} bytes, fewer than its {}-byte tag: it was truncated",
                          sealed.size(), kGcmTagBytes);
  }
  EVP_CIPHER_CTX* const context = ThreadContext();
  const std::string_view ciphertext = sealed.substr(0, sealed.size() - kGcmTagBytes);
  std::string tag(sealed.substr(ciphertext.size()));
  std::string out(ciphertext.size() + 1, '\0');  // never a null pointer for an empty plaintext
  int written = 0;
  BELGRAND_CHECK(EVP_DecryptInit_ex2(context, Aes256Gcm(), key.data(), nonce.data(), nullptr) == 1);
  if (!associated_data.empty()) {
    BELGRAND_CHECK(EVP_DecryptUpdate(context, nullptr, &written, Bytes(associated_data),
                                     Length(associated_data)) == 1);
  }
  if (!ciphertext.empty()) {
    BELGRAND_CHECK(EVP_DecryptUpdate(context, Bytes(out), &written, Bytes(ciphertext),
                                     Length(ciphertext)) == 1);
  }
  BELGRAND_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes, Bytes(tag)) ==
                 1);
  const bool authentic =
      EVP_DecryptFinal_ex(context, Bytes(out) + ciphertext.size(), &written) == 1;
  EVP_CIPHER_CTX_reset(context);
  if (!authentic) {
    Cleanse(out);
    ERR_clear_error();
    return base::DataLoss("sealed value does not authenticate: altered, or bound to another key");
  }
  out.resize(ciphertext.size());
  return out;
}

}  // namespace belgrand::crypto
