// One data key per person, kept apart from the data: dropping the key erases the person everywhere.
//
// Person keys are wrapped under an epoch key. New persons are appended to the keyring file;
// dropping one writes the others anew under a fresh epoch key and destroys the old one, so that old
// copies of the keyring file cannot be opened any more. The directory must lie outside RocksDB and
// outside every backup of the data: a backup of data and keys together could bring an erased person
// back. Files and bytes: compliance/keyring_file.h and docs/formats/keyring.md.
//
// Thread safety: safe. One process at a time holds the directory.
// Invariants: (1) Seal returns only after the keys it used are durable. (2) At every instant, crash
// included, exactly one epoch's keyring and key are complete on disk. (3) After Drop returned OK,
// the files of the directory do not hold the dropped key in any form. Not provided: protection from
// whoever copied epoch key AND keyring while a person was in them (that takes a hardware-held epoch
// key), nor from flash or snapshots that keep overwritten blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compliance/keyring_file.h"
#include "platform/base/append_file.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {

inline constexpr std::size_t kMaxPersonalValueBytes = 320;
inline constexpr std::size_t kMaxPlaceBytes = 1024;

// A personal value, whom it names and where it will be stored.
struct PlainValue {
  std::int32_t subject = 0;  // number of belgrand.privacy.v1.Subject
  std::string tenant;        // the organisation the person belongs to
  std::string value;         // 1 to 320 bytes; exact bytes name the person, nothing is normalised
  std::string place;         // "<message>.<field>/<record id>", 1 to 1024 bytes
};

struct SealedValue {
  std::string sealed;       // docs/formats/sealed_field.md
  std::string subject_ref;  // 16 random bytes; the same for the same person while the key lives
};

struct KeyringOptions {
  std::filesystem::path directory;
  // Null: fdatasync. Tests pass one that fails.
  base::SyncFunction sync = nullptr;
};

class Keyring {
 public:
  // Opens the keyring, creating it where there is none; finishes an interrupted Drop.
  // DataLoss: a damaged file. FailedPrecondition: the epoch's key or its keyring is missing,
  // another process has it open, or a newer format. Nothing is destroyed unless the current epoch
  // opens whole.
  static base::StatusOr<std::unique_ptr<Keyring>> OpenDirectory(KeyringOptions options);

  // How many persons the keyring of a directory holds, each one's key unwrapped; changes nothing,
  // not even an interrupted Drop. NotFound: there is none. DataLoss, FailedPrecondition: as above.
  static base::StatusOr<std::uint64_t> Inspect(const std::filesystem::path& directory);

  // Seals the values in order; makes keys for persons not seen before. All or none.
  // InvalidArgument names the value by its position, never by its content. ResourceExhausted: disk
  // full, tried again on the next call. Unavailable: the disk failed; changes are refused until
  // reopened.
  base::StatusOr<std::vector<SealedValue>> Seal(std::span<const PlainValue> values);

  // Seals another value under the key of a person that is in the keyring. NotFound: there is none.
  base::StatusOr<std::string> SealFor(std::string_view subject_ref, std::string_view place,
                                      std::string_view value) const;

  // The value. NotFound: the person's key was dropped or never was. DataLoss: altered, or of
  // another place.
  base::StatusOr<std::string> Open(std::string_view sealed, std::string_view place) const;

  // The reference of a person; NotFound when the keyring holds none.
  base::StatusOr<std::string> FindSubject(std::int32_t subject, std::string_view tenant,
                                          std::string_view value) const;

  // Whether it holds a key under this reference.
  bool Holds(std::string_view subject_ref) const;

  // Erases persons: from memory and disk once it returns OK. Costs a rewrite of the keyring.
  // NotFound, and nothing done, when one of them is not in it. After another error the persons may
  // or may not be dropped: open the directory again, which finishes what was begun, and look.
  base::Status Drop(std::span<const std::string> subject_refs);
  base::Status Drop(std::string_view subject_ref);

  std::size_t size() const;
  // Grows by one with each Drop.
  std::uint32_t epoch() const;

 private:
  // A person's key and lookup value, unwrapped.
  struct Secrets {
    crypto::Key256 key;
    std::string lookup;
  };
  struct Files {
    crypto::Key256 epoch_key;
    KeyringContent content;
  };

  Keyring(KeyringOptions options, base::DirectoryLock lock, crypto::Key256 index_key)
      : options_(std::move(options)), lock_(std::move(lock)), index_key_(index_key) {}
  static base::StatusOr<Files> ReadFiles(const std::filesystem::path& directory,
                                         std::uint32_t epoch);
  static base::StatusOr<Secrets> UnwrapWith(const crypto::Key256& epoch_key, std::uint32_t epoch,
                                            const StoredPerson& person);
  base::Status Load(std::uint32_t epoch) REQUIRES_LOCK(mutex_);
  std::string Lookup(std::int32_t subject, std::string_view tenant, std::string_view value) const;
  base::StatusOr<Secrets> Unwrap(const StoredPerson& person) const REQUIRES_LOCK(mutex_);
  base::StatusOr<crypto::Key256> KeyOf(const std::string& subject_ref) const REQUIRES_LOCK(mutex_);
  base::Status AddPersons(const std::vector<StoredPerson>& persons) REQUIRES_LOCK(mutex_);
  // Makes the next epoch current, on disk and then here, without the dropped persons.
  base::Status StartNextEpoch(const std::unordered_set<std::string>& dropped) REQUIRES_LOCK(mutex_);

  const KeyringOptions options_;
  const base::DirectoryLock lock_;
  const crypto::Key256 index_key_;

  mutable base::Mutex mutex_;
  std::uint32_t epoch_ GUARDED_BY(mutex_) = 0;
  crypto::Key256 epoch_key_ GUARDED_BY(mutex_);
  base::AppendFile file_ GUARDED_BY(mutex_);
  base::Status refused_ GUARDED_BY(mutex_);  // why changes are refused, when they are
  // subject_ref -> wrapped key and lookup; person keys stay wrapped in memory too.
  std::unordered_map<std::string, std::string> wrapped_ GUARDED_BY(mutex_);
  // lookup -> subject_ref
  std::unordered_map<std::string, std::string> refs_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::compliance
