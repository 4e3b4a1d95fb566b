// The audit log as the role uses it: the open log, those closed before it, and the change from one
// to the next when a half-year ends.
//
// A log can only be deleted from at its end of life, so entries that must go in time live in logs
// that end: one a half-year, by the UTC date of its first entry. The change happens while serving:
// the open log gets its last checkpoint and is moved away whole (compliance/audit_anew.h), an empty
// one takes its place, and its first entry names origin, size and root of the one before, so that
// the logs are a chain. A crash between two of these steps is made good by the next start. A clock
// that is set back changes nothing.
//
// Thread safety: safe. While a change is under way appends wait; when it failed they fail, until
// the next RollIfDue succeeds.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compliance/audit_anew.h"
#include "compliance/audit_log.h"
#include "compliance/closed_logs.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "services/compliance/audit_entries.h"

namespace belgrand::compliance {

struct AuditShardsOptions {
  // `log.origin` is the configured one; that in use follows from the files.
  AuditLogOptions log;
  std::filesystem::path closed;
  // The last cosigned checkpoint (Cosigner).
  std::filesystem::path anchor;
};

class AuditShards {
 public:
  // Errors of AuditLog::Open. Borrows clock and entries.
  static base::StatusOr<std::unique_ptr<AuditShards>> Open(AuditShardsOptions options,
                                                           const base::Clock& clock,
                                                           const AuditEntries& entries);

  // The log that takes appends now. Hold it for the length of one call: index, size and proof must
  // be of the same log.
  std::shared_ptr<AuditLog> open() const EXCLUDES_LOCK(mutex_);

  // To the open log; errors of AuditLog::Append.
  base::StatusOr<std::uint64_t> Append(std::span<const std::string> entries) EXCLUDES_LOCK(mutex_);

  // Changes to the next log when the half-year of the open one is over. True: it changed. On an
  // error appends fail until it is called again with success.
  base::StatusOr<bool> RollIfDue() EXCLUDES_LOCK(mutex_);

  base::StatusOr<std::vector<ClosedLog>> Closed() const { return ListClosedLogs(options_.closed); }
  // NotFound names the numbers that there are.
  base::StatusOr<ClosedLog> FindClosed(std::uint32_t number) const;

  const AuditShardsOptions& options() const { return options_; }

 private:
  AuditShards(AuditShardsOptions options, const base::Clock& clock, const AuditEntries& entries,
              std::shared_ptr<AuditLog> log)
      : options_(std::move(options)), clock_(clock), entries_(entries), open_(std::move(log)) {}

  // The half-year of the open log; empty while it has no entry.
  base::StatusOr<std::string> Period() const REQUIRES_LOCK(mutex_);
  base::Status Roll(const std::string& half_year) REQUIRES_LOCK(mutex_);
  // Says in an empty log which one it follows.
  base::Status Link() REQUIRES_LOCK(mutex_);

  const AuditShardsOptions options_;
  const base::Clock& clock_;
  const AuditEntries& entries_;
  mutable base::Mutex mutex_;
  std::shared_ptr<AuditLog> open_ GUARDED_BY(mutex_);
};

// When an entry of the log was made; nullopt when the bytes are not an entry's.
std::optional<base::Instant> TimeOfEntry(const std::string& bytes);

}  // namespace belgrand::compliance
