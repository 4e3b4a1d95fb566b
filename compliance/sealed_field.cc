#include "compliance/sealed_field.h"

#include <algorithm>

#include "platform/base/check.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kNonceAt = 1 + kSubjectRefBytes;
constexpr std::size_t kCiphertextAt = kNonceAt + crypto::kGcmNonceBytes;

// The two last parts have fixed lengths, so no two places give the same bytes.
std::string AssociatedData(std::string_view place, std::string_view subject_ref) {
  return std::string(place).append(subject_ref).append(1, kVersion);
}

}  // namespace

std::string SealField(const crypto::Key256& person_key, std::string_view subject_ref,
                      std::string_view place, std::string_view value) {
  return SealFieldWithNonce(person_key, subject_ref, place, value,
                            crypto::RandomArray<crypto::kGcmNonceBytes>());
}

std::string SealFieldWithNonce(const crypto::Key256& person_key, std::string_view subject_ref,
                               std::string_view place, std::string_view value,
                               const crypto::GcmNonce& nonce) {
  BELGRAND_CHECK(subject_ref.size() == kSubjectRefBytes);
  std::string sealed(1, kVersion);
  sealed.append(subject_ref).append(crypto::View(nonce));
  return sealed + crypto::AesGcmSeal(person_key, nonce, AssociatedData(place, subject_ref), value);
}

base::StatusOr<std::string> SubjectRefOf(std::string_view sealed) {
  if (sealed.size() < kSealedOverheadBytes) {
    return base::DataLoss("sealed value has {} bytes, at least {} are needed: it was truncated",
                          sealed.size(), kSealedOverheadBytes);
  }
  if (sealed.front() != kVersion) {
    return base::DataLoss(
        "sealed value has version {}, only {} is known: altered, or written by a "
        "newer release",
        static_cast<int>(sealed.front()), static_cast<int>(kVersion));
  }
  return std::string(sealed.substr(1, kSubjectRefBytes));
}

base::StatusOr<std::string> OpenField(const crypto::Key256& person_key, std::string_view place,
                                      std::string_view sealed) {
  ASSIGN_OR_RETURN(const std::string subject_ref, SubjectRefOf(sealed));
  crypto::GcmNonce nonce;
  std::copy_n(sealed.begin() + kNonceAt, nonce.size(), nonce.begin());
  auto value = crypto::AesGcmOpen(person_key, nonce, AssociatedData(place, subject_ref),
                                  sealed.substr(kCiphertextAt));
  if (!value.ok()) {
    return base::DataLoss("sealed value does not open at this place: it was altered or moved");
  }
  return value;
}

}  // namespace belgrand::compliance
