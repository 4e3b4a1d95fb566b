// Who was erased, in a file that only grows and names nobody: what a restored backup is held
// against.
//
// An erasure is begun here before anything is dropped or deleted, and ended here when all is done.
// So a crash in between is found and finished at the next start, and a database that comes back
// from an older backup can be told of every erasure that it missed. Entries hold the keyring's
// random reference, and for persons whose name is stored in clear a keyed digest of it. Each entry
// carries the digest of the one before: a line taken out or altered does not open. Cutting whole
// entries off the end is not noticed here; the audit log has them.
//
// Lies beside the keyring: outside RocksDB, and in no backup of the data. Bytes:
// docs/formats/erasure.md.
//
// Thread safety: safe. One process at a time: the keyring's lock on the directory covers it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/append_file.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/base/time.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {

inline constexpr std::size_t kErasureIdBytes = 16;
inline constexpr char kErasureLedgerFile[] = "erasures.ledger";
inline constexpr char kErasureKeyFile[] = "erasures.key";

// HMAC-SHA256 under the ledger's key of a person whose name is stored in clear.
std::string NameDigest(const crypto::Key256& key, std::int32_t subject, std::string_view tenant,
                       std::string_view name);

struct ErasedPerson {
  std::int32_t subject = 0;  // number of belgrand.privacy.v1.Subject
  std::string subject_ref;   // empty: had no key
  std::string name_digest;   // empty: the data holds no name of such a person in clear
  bool rectified = false;    // the case book has what takes the name's place
};

struct ErasureRecord {
  std::uint64_t sequence = 0;
  std::string id;
  ErasedPerson person;
  base::Instant begun;
  std::optional<base::Instant> finished;  // the first time
  bool clean = false;                     // at the last search
};

// What a ledger file holds.
struct LedgerContent {
  std::string ledger_id;
  std::vector<ErasureRecord> records;  // oldest first
  std::string last_digest;             // of the payload of the last frame
  // Bytes of whole frames; what follows in the file is an unfinished append.
  std::uint64_t whole_bytes = 0;
};
// DataLoss names the frame that is damaged, altered or does not follow the one before.
// FailedPrecondition: a newer format.
base::StatusOr<LedgerContent> ParseLedger(std::string_view bytes);

class ErasureLedger {
 public:
  // Opens the ledger, or makes it with its key; drops an unfinished last entry that a crash left.
  // DataLoss: damaged, altered, or a line is missing. FailedPrecondition: its key is missing, or a
  // newer format. `sync` null: fdatasync.
  static base::StatusOr<std::unique_ptr<ErasureLedger>> Open(const std::filesystem::path& directory,
                                                             base::SyncFunction sync = nullptr);

  // On disk when it returns; the number of the erasure, from 1. InvalidArgument: the id is not 16
  // bytes or is taken, or the person has neither reference nor digest. ResourceExhausted: disk
  // full, tried again on the next call. Unavailable: the disk failed; refused until reopened.
  base::StatusOr<std::uint64_t> Begin(std::string_view id, const ErasedPerson& person,
                                      base::Instant now);
  // May come again, after another search. NotFound: no such erasure.
  base::Status Finish(std::string_view id, bool clean, base::Instant now);

  // Oldest first.
  std::vector<ErasureRecord> Records() const;
  std::optional<ErasureRecord> Find(std::string_view id) const;
  // Number of the newest; 0: none.
  std::uint64_t newest() const;
  // 16 random bytes.
  const std::string& ledger_id() const { return ledger_id_; }
  const crypto::Key256& name_key() const { return name_key_; }

 private:
  ErasureLedger(crypto::Key256 name_key, base::SyncFunction sync)
      : name_key_(name_key), sync_(sync) {}
  base::Status Load(const std::filesystem::path& path) REQUIRES_LOCK(mutex_);
  base::Status Append(const std::string& payload) REQUIRES_LOCK(mutex_);
  ErasureRecord* Look(std::string_view id) REQUIRES_LOCK(mutex_);

  const crypto::Key256 name_key_;
  const base::SyncFunction sync_;
  std::string ledger_id_;
  mutable base::Mutex mutex_;
  base::AppendFile file_ GUARDED_BY(mutex_);
  std::string last_digest_ GUARDED_BY(mutex_);  // of the newest frame's payload
  std::vector<ErasureRecord> records_ GUARDED_BY(mutex_);
  base::Status refused_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::compliance
