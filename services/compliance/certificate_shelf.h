// Signs the certificates of erasures and keeps them.
//
// The key is one of its own, beside the keyring: a certificate can never pass for a checkpoint of
// the audit log. Files: <directory>/<erasure>-<number, three digits or more>.note.
//
// Thread safety: safe.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compliance/note.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"

namespace belgrand::compliance {

class CertificateShelf {
 public:
  // Makes the key where there is none. `name` of the key: no spaces, no '+'.
  static base::StatusOr<std::unique_ptr<CertificateShelf>> Open(
      const std::filesystem::path& directory, const std::filesystem::path& seed,
      std::string_view name);

  // The signed note, on disk.
  base::StatusOr<std::string> Add(const std::string& erasure_id, std::string_view text);
  // NotFound: none of this erasure.
  base::StatusOr<std::string> Newest(const std::string& erasure_id) const;
  // Paths of all.
  base::StatusOr<std::vector<std::filesystem::path>> All() const;

  const std::string& verifier_key() const { return verifier_key_; }

 private:
  CertificateShelf(std::filesystem::path directory, NoteSigner signer)
      : directory_(std::move(directory)),
        signer_(std::move(signer)),
        verifier_key_(signer_.verifier().Encode()) {}
  // Ascending.
  base::StatusOr<std::vector<std::uint64_t>> Numbers(const std::string& erasure_id) const;
  std::filesystem::path PathOf(const std::string& erasure_id, std::uint64_t number) const;

  const std::filesystem::path directory_;
  const NoteSigner signer_;
  const std::string verifier_key_;
  base::Mutex mutex_;
};

}  // namespace belgrand::compliance
