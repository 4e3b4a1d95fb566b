#include "platform/crypto/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <string>
#include <utility>

#include "platform/base/check.h"

namespace belgrand::crypto {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;
constexpr std::size_t kCoordinateBytes = 32;

template <typename T, void (*kFree)(T*)>
struct Freer {
  void operator()(T* pointer) const { kFree(pointer); }
};
template <typename T, void (*kFree)(T*)>
using Owned = std::unique_ptr<T, Freer<T, kFree>>;
using Number = Owned<BIGNUM, BN_free>;
using Builder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcdsaSignature = Owned<ECDSA_SIG, ECDSA_SIG_free>;

const unsigned char* Bytes(std::string_view view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

Number ToNumber(std::string_view bytes) {
  return Number(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

// OpenSSL queues an error for each refusal; a long-running verifier must not pile them up.
base::Status BadKey(std::string_view why) {
  ERR_clear_error();
  return base::InvalidArgument("the key cannot be used: {}", why);
}

std::shared_ptr<void> MakeKey(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return std::shared_ptr<void>(key, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); });
}

// r || s as the DER that OpenSSL wants; empty when it is neither.
std::string ToDer(std::string_view signature) {
  if (signature.size() != 2 * kCoordinateBytes) return "";
  Number r = ToNumber(signature.substr(0, kCoordinateBytes));
  Number s = ToNumber(signature.substr(kCoordinateBytes));
  const EcdsaSignature pair(ECDSA_SIG_new());
  if (r == nullptr || s == nullptr || pair == nullptr) return "";
  if (ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return "";
  // They are the signature's now.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return "";
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

base::StatusOr<PublicKey> PublicKey::Rsa(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > kMaxRsaBits / 8 || exponent.size() > 8) {
    return BadKey("RSA numbers are longer than 8,192 and 64 bits");
  }
  const Number n = ToNumber(modulus);
  const Number e = ToNumber(exponent);
  if (n == nullptr || e == nullptr) return BadKey("its numbers cannot be read");
  if (BN_num_bits(n.get()) < kMinRsaBits) return BadKey("RSA below 2,048 bits");
  if (!BN_is_odd(n.get()) || !BN_is_odd(e.get()) || BN_is_one(e.get())) {
    return BadKey("RSA with an even number, or the exponent 1");
  }
  const Builder builder(OSSL_PARAM_BLD_new());
  BELGRAND_CHECK(builder != nullptr);
  if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return BadKey("its numbers cannot be read");
  }
  auto key = MakeKey("RSA", builder.get());
  if (key == nullptr) return BadKey("it is no RSA key");
  return PublicKey(SignatureAlgorithm::kRs256, std::move(key));
}

base::StatusOr<PublicKey> PublicKey::P256(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) {
    return BadKey("a coordinate of P-256 has 32 bytes");
  }
  const std::string point = "\x04" + std::string(x) + std::string(y);
  const Builder builder(OSSL_PARAM_BLD_new());
  BELGRAND_CHECK(builder != nullptr);
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return BadKey("its numbers cannot be read");
  }
  auto key = MakeKey("EC", builder.get());
  if (key == nullptr) return BadKey("the point is not on the curve P-256");
  return PublicKey(SignatureAlgorithm::kEs256, std::move(key));
}

base::StatusOr<PublicKey> PublicKey::Ed25519(std::string_view bytes) {
  if (bytes.size() != 32) return BadKey("an Ed25519 key has 32 bytes");
  std::shared_ptr<void> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(bytes), bytes.size()),
      [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); });
  if (key == nullptr) return BadKey("it is no Ed25519 key");
  return PublicKey(SignatureAlgorithm::kEdDsa, std::move(key));
}

bool PublicKey::Verify(std::string_view message, std::string_view signature) const {
  std::string der;
  if (algorithm_ == SignatureAlgorithm::kEs256) {
    der = ToDer(signature);
    if (der.empty()) return false;
    signature = der;
  }
  const EVP_MD* const digest = algorithm_ == SignatureAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  const DigestContext context(EVP_MD_CTX_new());
  BELGRAND_CHECK(context != nullptr);
  EVP_PKEY_CTX* options = nullptr;
  bool good = EVP_DigestVerifyInit(context.get(), &options, digest, nullptr,
                                   static_cast<EVP_PKEY*>(key_.get())) == 1;
  if (good && algorithm_ == SignatureAlgorithm::kRs256) {
    good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PADDING) == 1;
  }
  good = good && EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                                  message.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

}  // namespace belgrand::crypto
