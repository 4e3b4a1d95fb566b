#include "platform/crypto/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <limits>

#include "platform/base/check.h"

namespace belgrand::crypto {

void Cleanse(void* secret, std::size_t size) { OPENSSL_cleanse(secret, size); }
void Cleanse(std::string& secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

Key256 Key256::Random() {
  Key256 key;
  FillRandom(key.bytes_.data(), key.bytes_.size());
  return key;
}

base::StatusOr<Key256> Key256::FromBytes(std::string_view bytes) {
  Key256 key;
  if (bytes.size() != key.bytes_.size()) {
    return base::InvalidArgument("a key has 32 bytes, this one {}", bytes.size());
  }
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

void FillRandom(void* out, std::size_t size) {
  BELGRAND_CHECK(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  BELGRAND_CHECK(RAND_bytes(static_cast<unsigned char*>(out), static_cast<int>(size)) == 1);
}

std::string RandomBytes(std::size_t size) {
  std::string bytes(size, '\0');
  FillRandom(bytes.data(), size);
  return bytes;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace belgrand::crypto
