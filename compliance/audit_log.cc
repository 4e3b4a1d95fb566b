#include "compliance/audit_log.h"

#include <utility>

#include "compliance/audit_recovery.h"
#include "compliance/checkpoint.h"
#include "platform/base/file.h"
#include "platform/base/log.h"

namespace belgrand::compliance {
namespace {

// A group larger than this gains nothing from sharing its sync, and makes the others wait.
constexpr std::size_t kMaxGroupEntries = 4096;

base::Status CheckEntries(std::span<const std::string> entries) {
  if (entries.empty() || entries.size() > kMaxEntriesPerCall) {
    return base::InvalidArgument("{} audit entries in one call: 1 to {} are taken", entries.size(),
                                 kMaxEntriesPerCall);
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].empty() || entries[i].size() > kMaxEntryBytes) {
      return base::InvalidArgument("audit entry {} of the call has {} bytes: 1 to {} are taken", i,
                                   entries[i].size(), kMaxEntryBytes);
    }
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(AuditLogOptions options,
                                                         const base::Clock& clock) {
  const std::filesystem::path& directory = options.directory;
  RETURN_IF_ERROR(base::MakeDirectories({}, directory));
  if (options.seed_path.has_parent_path()) {
    RETURN_IF_ERROR(base::MakeDirectories({}, options.seed_path.parent_path()));
  }
  ASSIGN_OR_RETURN(base::DirectoryLock lock, base::DirectoryLock::Acquire(directory));
  ASSIGN_OR_RETURN(NoteSigner signer,
                   LoadOrCreateKey(directory, options.seed_path, options.origin));
  ASSIGN_OR_RETURN(const compliance::Checkpoint checkpoint,
                   LoadCheckpoint(directory, signer.verifier()));
  ASSIGN_OR_RETURN(const RecoveredEntries recovered, RecoverEntries(directory, checkpoint));
  if (recovered.torn_bytes > 0) {
    base::Log(base::LogLevel::kWarning, "audit_log_torn_tail_dropped",
              {{"entries", recovered.end.index}, {"bytes", recovered.torn_bytes}});
  }
  ASSIGN_OR_RETURN(EntryBundles bundles,
                   EntryBundles::Open(directory, recovered.end, options.sync));
  ASSIGN_OR_RETURN(HashTiles tiles, HashTiles::Open(directory, checkpoint.size, options.sync));
  for (const Hash& leaf : recovered.leaves) RETURN_IF_ERROR(tiles.Append(leaf));
  RETURN_IF_ERROR(tiles.Flush());
  std::unique_ptr<AuditLog> log(new AuditLog(std::move(options), clock, std::move(signer),
                                             std::move(bundles), std::move(tiles),
                                             std::move(lock)));
  RETURN_IF_ERROR(log->Checkpoint().status());
  return log;
}

AuditLog::AuditLog(AuditLogOptions options, const base::Clock& clock, NoteSigner signer,
                   EntryBundles bundles, HashTiles tiles, base::DirectoryLock lock)
    : options_(std::move(options)),
      clock_(clock),
      signer_(std::move(signer)),
      verifier_key_(signer_.verifier().Encode()),
      lock_(std::move(lock)),
      size_(tiles.size()),
      bundles_(std::move(bundles)),
      tiles_(std::move(tiles)),
      durable_(bundles_.position()),
      checkpoint_at_(clock.Now()) {}

AuditLog::~AuditLog() {
  if (const base::Status status = Close(); !status.ok()) {
    base::Log(base::LogLevel::kError, "audit_log_close_failed", {{"error", status}});
  }
}

base::StatusOr<std::uint64_t> AuditLog::Append(std::span<const std::string> entries) {
  RETURN_IF_ERROR(CheckEntries(entries));
  Waiter self{entries, 0, base::OkStatus(), false};
  std::vector<Waiter*> group;
  {
    base::MutexLock lock(queue_mutex_);
    queue_.push_back(&self);
    while (!self.done && queue_.front() != &self) committed_.Wait(queue_mutex_);
    if (!self.done) {
      // The first in the queue leads: it commits for everyone who queued behind it.
      std::size_t count = 0;
      for (Waiter* const waiter : queue_) {
        if (!group.empty() && count + waiter->entries.size() > kMaxGroupEntries) break;
        count += waiter->entries.size();
        group.push_back(waiter);
      }
    }
  }
  if (!group.empty()) CommitGroup(group);
  if (!self.status.ok()) return self.status;
  return self.first_index;
}

void AuditLog::CommitGroup(std::span<Waiter* const> group) {
  base::Status status;
  {
    base::MutexLock lock(writer_mutex_);
    status = refused_;
    if (status.ok()) status = Write(group);
  }
  base::MutexLock lock(queue_mutex_);
  for (Waiter* const waiter : group) {
    waiter->status = status;
    waiter->done = true;
    queue_.pop_front();
  }
  committed_.NotifyAll();
}

base::Status AuditLog::WriteFiles(std::span<Waiter* const> group) {
  for (Waiter* const waiter : group) {
    waiter->first_index = bundles_.position().index;
    for (const std::string& entry : waiter->entries) {
      RETURN_IF_ERROR(bundles_.Append(entry));
      RETURN_IF_ERROR(tiles_.Append(LeafHash(entry)));
    }
  }
  RETURN_IF_ERROR(bundles_.Write());
  RETURN_IF_ERROR(tiles_.Flush());
  return bundles_.Sync();
}

base::Status AuditLog::Write(std::span<Waiter* const> group) {
  const base::Status written = WriteFiles(group);
  if (!written.ok()) {
    TakeBack(written);
    return written;
  }
  durable_ = bundles_.position();
  size_.store(durable_.index, std::memory_order_release);
  // A log that cannot sign refuses too: an entry that nothing will ever cover protects nobody.
  return CheckpointIfDue();
}

base::Status AuditLog::ReopenFiles() {
  ASSIGN_OR_RETURN(bundles_, EntryBundles::Open(options_.directory, durable_, options_.sync));
  ASSIGN_OR_RETURN(tiles_, HashTiles::Open(options_.directory, durable_.index, options_.sync));
  return base::OkStatus();
}

// Returns the files to the last durable entry. Only a full disk is forgiven: after any other error
// nobody knows what the disk holds, and a fresh look at the files (Open) must judge.
void AuditLog::TakeBack(const base::Status& cause) {
  const base::Status reopened = ReopenFiles();
  if (cause.code() == base::StatusCode::kResourceExhausted && reopened.ok()) return;
  refused_ = base::Unavailable(
      "the audit log refuses appends since an earlier failure ({}): mend the disk and restart",
      base::Message(cause));
  base::Log(base::LogLevel::kError, "audit_log_refuses_appends", {{"cause", cause}});
}

base::Status AuditLog::CheckpointIfDue() {
  const std::uint64_t unsigned_entries = durable_.index - checkpoint_size_;
  if (unsigned_entries < options_.checkpoint_entries &&
      clock_.Now() - checkpoint_at_ < options_.checkpoint_interval) {
    return base::OkStatus();
  }
  return CheckpointLocked().status();
}

base::StatusOr<std::string> AuditLog::Checkpoint() {
  base::MutexLock lock(writer_mutex_);
  return CheckpointLocked();
}

base::StatusOr<std::string> AuditLog::CheckpointLocked() {
  RETURN_IF_ERROR(refused_);
  if (!checkpoint_.empty() && checkpoint_size_ == durable_.index) return checkpoint_;
  // The tiles under a checkpoint must outlive a crash: recovery trusts them up to its size.
  if (const base::Status synced = tiles_.Sync(); !synced.ok()) {
    TakeBack(synced);
    return synced;
  }
  ASSIGN_OR_RETURN(
      std::string note,
      SignNote(FormatCheckpoint({options_.origin, tiles_.size(), tiles_.Root()}), signer_));
  RETURN_IF_ERROR(base::WriteFileAtomically(options_.directory / kCheckpointFile, note, 0644));
  checkpoint_ = std::move(note);
  checkpoint_size_ = durable_.index;
  checkpoint_at_ = clock_.Now();
  return checkpoint_;
}

base::StatusOr<std::vector<std::string>> AuditLog::Read(std::uint64_t first,
                                                        std::uint64_t count) const {
  const std::uint64_t end = size();
  if (first > end) return base::InvalidArgument("entry {} is past the log's {}", first, end);
  if (count > kMaxEntriesPerCall) {
    return base::InvalidArgument("{} entries asked: at most {} are read in one call", count,
                                 kMaxEntriesPerCall);
  }
  return ReadEntries(options_.directory, first, std::min(count, end - first));
}

base::StatusOr<std::vector<Hash>> AuditLog::ProveInclusion(std::uint64_t index,
                                                           std::uint64_t size) const {
  if (size > this->size()) {
    return base::InvalidArgument("size {} is past the log's {}", size, this->size());
  }
  return compliance::ProveInclusion(TileNodeReader(options_.directory), index, size);
}

base::StatusOr<std::vector<Hash>> AuditLog::ProveConsistency(std::uint64_t old_size,
                                                             std::uint64_t new_size) const {
  if (new_size > size()) {
    return base::InvalidArgument("size {} is past the log's {}", new_size, size());
  }
  return compliance::ProveConsistency(TileNodeReader(options_.directory), old_size, new_size);
}

base::StatusOr<Hash> AuditLog::RootAt(std::uint64_t size) const {
  if (size > this->size()) {
    return base::InvalidArgument("size {} is past the log's {}", size, this->size());
  }
  return TreeRoot(TileNodeReader(options_.directory), size);
}

base::Status AuditLog::Close() {
  base::MutexLock lock(writer_mutex_);
  if (!refused_.ok()) return base::OkStatus();  // already closed, or already reported
  const base::Status status = CheckpointLocked().status();
  refused_ = base::FailedPrecondition("the audit log is closed");
  closed_.store(true, std::memory_order_release);
  lock_ = base::DirectoryLock();
  return status;
}

}  // namespace belgrand::compliance
