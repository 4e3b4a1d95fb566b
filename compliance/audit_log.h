// The append-only audit log: what was read and written, by whom, that cannot be rewritten
// unnoticed.
//
// A directory holds a Merkle log in the C2SP tlog-tiles layout (docs/formats/audit_log.md): entry
// bundles and hash tiles that grow in place, `checkpoint`, a signed note over size and root, and
// `log.vkey`, the key that verifies it. The signing seed lies elsewhere (Options::seed_path).
// Anyone with a copy of the directory and the verifier key can check it offline:
// compliance/audit_verify.h.
//
// Thread safety: safe. Concurrent Append calls are committed together: one caller writes and syncs
// for all that wait. Invariants: (1) Append returns OK only after its entries are durable. (2) A
// checkpoint never covers an entry that is not durable. (3) After any failed write the log either
// took the torn part back or refuses appends until it is opened again. A checkpoint is written by
// Append when Options::checkpoint_entries entries or checkpoint_interval passed since the last, by
// Close, and by Checkpoint(), which a service should also call on a timer: entries after the last
// checkpoint are durable, but not yet protected against being rewritten. Not provided: a guard
// against the whole directory and its seed being replaced by an older copy; that takes a witness
// outside the machine.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compliance/entry_bundles.h"
#include "compliance/hash_tiles.h"
#include "compliance/note.h"
#include "platform/base/append_file.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"

namespace belgrand::compliance {

inline constexpr std::size_t kMaxEntriesPerCall = 10'000;
inline constexpr char kCheckpointFile[] = "checkpoint";
inline constexpr char kVerifierKeyFile[] = "log.vkey";

struct AuditLogOptions {
  std::filesystem::path directory;
  // Name of the log and of its key, e.g. "audit.example.org/belgrand/2026": no spaces, no '+'.
  std::string origin;
  // 32 random bytes, made with mode 0600 when the log is created; outside `directory`.
  std::filesystem::path seed_path;
  std::chrono::microseconds checkpoint_interval = std::chrono::seconds(10);
  std::uint64_t checkpoint_entries = 1024;
  // Null: fdatasync. Tests pass one that fails.
  base::SyncFunction sync = nullptr;
};

class AuditLog {
 public:
  // Opens the log, creating it where neither seed nor entries exist, and drops an unfinished last
  // entry that a crash left. `clock` must outlive the log. DataLoss: stored data contradicts the
  // last checkpoint (entries removed or altered, an older copy restored, the checkpoint missing).
  // FailedPrecondition: another process has it open, the seed is missing, or the log has another
  // origin. Nothing is changed on these.
  static base::StatusOr<std::unique_ptr<AuditLog>> Open(AuditLogOptions options,
                                                        const base::Clock& clock);
  // As Close; a failure is logged.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Appends the entries side by side and returns the index of the first. Blocks for a disk sync.
  // InvalidArgument: none or over kMaxEntriesPerCall entries, an empty one, or one over 65,535
  // bytes. ResourceExhausted: the disk is full; tried again on the next call. Unavailable: the disk
  // failed; the log refuses appends until it is opened again. After an error entries of this call
  // may be stored.
  base::StatusOr<std::uint64_t> Append(std::span<const std::string> entries);

  // The signed note over all entries appended so far; writes it to the checkpoint file if it is
  // new.
  base::StatusOr<std::string> Checkpoint();

  // Up to `count` (at most kMaxEntriesPerCall) entries from `first` on, exactly as appended; fewer
  // at the end of the log. InvalidArgument when first > size(), DataLoss when the files lack an
  // entry.
  base::StatusOr<std::vector<std::string>> Read(std::uint64_t first, std::uint64_t count) const;

  // Proofs over the first `size` entries; InvalidArgument when size > size().
  base::StatusOr<std::vector<Hash>> ProveInclusion(std::uint64_t index, std::uint64_t size) const;
  base::StatusOr<std::vector<Hash>> ProveConsistency(std::uint64_t old_size,
                                                     std::uint64_t new_size) const;

  // Root of the first `size` entries; InvalidArgument when size > size().
  base::StatusOr<Hash> RootAt(std::uint64_t size) const;

  // Entries that are durable.
  std::uint64_t size() const { return size_.load(std::memory_order_acquire); }
  // "name+hash+base64", as in log.vkey.
  const std::string& verifier_key() const { return verifier_key_; }
  const NoteVerifier& verifier() const { return signer_.verifier(); }

  // Writes a last checkpoint; later appends fail. Idempotent.
  base::Status Close();
  // Whether Close was called: appends then fail for no other reason.
  bool closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  // One Append call that waits for its commit.
  struct Waiter {
    std::span<const std::string> entries;
    std::uint64_t first_index = 0;
    base::Status status;
    bool done = false;
  };

  AuditLog(AuditLogOptions options, const base::Clock& clock, NoteSigner signer,
           EntryBundles bundles, HashTiles tiles, base::DirectoryLock lock);
  void CommitGroup(std::span<Waiter* const> group) EXCLUDES_LOCK(queue_mutex_);
  base::Status Write(std::span<Waiter* const> group) REQUIRES_LOCK(writer_mutex_);
  base::Status WriteFiles(std::span<Waiter* const> group) REQUIRES_LOCK(writer_mutex_);
  // Opens the files anew at the last durable entry, which cuts off what lies behind it.
  base::Status ReopenFiles() REQUIRES_LOCK(writer_mutex_);
  void TakeBack(const base::Status& cause) REQUIRES_LOCK(writer_mutex_);
  base::Status CheckpointIfDue() REQUIRES_LOCK(writer_mutex_);
  base::StatusOr<std::string> CheckpointLocked() REQUIRES_LOCK(writer_mutex_);

  const AuditLogOptions options_;
  const base::Clock& clock_;
  const NoteSigner signer_;
  const std::string verifier_key_;
  base::DirectoryLock lock_;
  std::atomic<std::uint64_t> size_;
  std::atomic<bool> closed_ = false;

  base::Mutex queue_mutex_;
  base::CondVar committed_;
  std::deque<Waiter*> queue_ GUARDED_BY(queue_mutex_);

  base::Mutex writer_mutex_;
  EntryBundles bundles_ GUARDED_BY(writer_mutex_);
  HashTiles tiles_ GUARDED_BY(writer_mutex_);
  EntryBundles::Position durable_ GUARDED_BY(writer_mutex_);
  base::Status refused_ GUARDED_BY(writer_mutex_);  // why appends are refused, when they are
  std::string checkpoint_ GUARDED_BY(writer_mutex_);
  std::uint64_t checkpoint_size_ GUARDED_BY(writer_mutex_) = 0;
  base::Instant checkpoint_at_ GUARDED_BY(writer_mutex_);
};

}  // namespace belgrand::compliance
