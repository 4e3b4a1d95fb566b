// One personal value, encrypted under its person's key and bound to the place it is stored in.
//
//   version (0x01) || subject_ref (16) || nonce (12) || AES-256-GCM ciphertext || tag (16)
//   associated data = place || subject_ref || version
//
// A sealed value moved to another record, field or person does not open, and once the person's key
// is dropped nothing opens it. docs/formats/sealed_field.md. Keys come from compliance/keyring.h.
//
// Thread safety: safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "platform/base/error.h"
#include "platform/crypto/aead.h"

namespace belgrand::compliance {

inline constexpr std::size_t kSubjectRefBytes = 16;
// version, subject_ref, nonce and tag around a value.
inline constexpr std::size_t kSealedOverheadBytes = 1 + kSubjectRefBytes + 12 + 16;

// REQUIRES: subject_ref has 16 bytes (checked). The nonce is random: at most 2^32 values a person.
std::string SealField(const crypto::Key256& person_key, std::string_view subject_ref,
                      std::string_view place, std::string_view value);
// With a given nonce: for test vectors only, a repeated nonce gives the key away.
std::string SealFieldWithNonce(const crypto::Key256& person_key, std::string_view subject_ref,
                               std::string_view place, std::string_view value,
                               const crypto::GcmNonce& nonce);

// The value. DataLoss when altered, cut, sealed for another place or person, or of an unknown
// version.
base::StatusOr<std::string> OpenField(const crypto::Key256& person_key, std::string_view place,
                                      std::string_view sealed);

// Whose value it is; DataLoss when it is too short or of an unknown version. Not authenticated.
base::StatusOr<std::string> SubjectRefOf(std::string_view sealed);

}  // namespace belgrand::compliance
