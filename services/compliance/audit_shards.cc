#include "services/compliance/audit_shards.h"

#include <optional>
#include <system_error>
#include <utility>

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "platform/base/log.h"

namespace belgrand::compliance {
namespace {

bool Exists(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

base::StatusOr<std::shared_ptr<AuditLog>> OpenLog(AuditLogOptions options,
                                                  const base::Clock& clock) {
  options.origin = OriginInUse(options.directory, options.origin);
  ASSIGN_OR_RETURN(auto log, AuditLog::Open(std::move(options), clock));
  return std::shared_ptr<AuditLog>(std::move(log));
}

}  // namespace

std::optional<base::Instant> TimeOfEntry(const std::string& bytes) {
  storage::v1::AuditEntry entry;
  if (!entry.ParseFromString(bytes) || entry.at_us() == 0) return std::nullopt;
  return base::FromMicros(entry.at_us());
}

base::StatusOr<std::unique_ptr<AuditShards>> AuditShards::Open(AuditShardsOptions options,
                                                               const base::Clock& clock,
                                                               const AuditEntries& entries) {
  const std::filesystem::path& directory = options.log.directory;
  std::filesystem::path next = directory;
  next += ".anew";
  if (Exists(next / kCheckpointFile) && !Exists(directory / kVerifierKeyFile)) {
    // A crash came between two renames of a change: BeginAnew goes on from there.
    RETURN_IF_ERROR(
        BeginAnew({directory, options.log.seed_path, options.closed, options.anchor, ""}).status());
  }
  ASSIGN_OR_RETURN(std::shared_ptr<AuditLog> log, OpenLog(options.log, clock));
  std::unique_ptr<AuditShards> shards(
      new AuditShards(std::move(options), clock, entries, std::move(log)));
  const base::MutexLock lock(shards->mutex_);
  RETURN_IF_ERROR(shards->Link());
  return shards;
}

std::shared_ptr<AuditLog> AuditShards::open() const {
  const base::MutexLock lock(mutex_);
  return open_;
}

base::StatusOr<std::uint64_t> AuditShards::Append(std::span<const std::string> entries) {
  std::shared_ptr<AuditLog> log = open();
  while (true) {
    auto first = log->Append(entries);
    if (first.ok() || !log->closed()) return first;
    // Closed between two of these lines: once the change is over there is another, or it failed.
    std::shared_ptr<AuditLog> next = open();
    if (next == log) return first;
    log = std::move(next);
  }
}

base::StatusOr<ClosedLog> AuditShards::FindClosed(std::uint32_t number) const {
  ASSIGN_OR_RETURN(std::vector<ClosedLog> logs, Closed());
  for (ClosedLog& log : logs) {
    if (log.number == number) return std::move(log);
  }
  if (logs.empty()) return base::NotFound("closed_log is {}: no log was closed yet", number);
  return base::NotFound("closed_log is {}: there are {} to {}", number, logs.front().number,
                        logs.back().number);
}

base::StatusOr<std::string> AuditShards::Period() const {
  if (open_->size() == 0) return "";
  ASSIGN_OR_RETURN(const std::vector<std::string> first, open_->Read(0, 1));
  const auto at = first.empty() ? std::nullopt : TimeOfEntry(first.front());
  return at ? HalfYearOf(*at) : "";
}

base::StatusOr<bool> AuditShards::RollIfDue() {
  const base::MutexLock lock(mutex_);
  const std::string now = HalfYearOf(clock_.Now());
  // A closed one: the change was begun and failed half-way.
  if (!open_->closed()) {
    ASSIGN_OR_RETURN(const std::string period, Period());
    if (period.empty() || now <= period) return false;
    // A log that cannot sign is not put away: what follows its last checkpoint would be unproven.
    RETURN_IF_ERROR(open_->Checkpoint().status());
    RETURN_IF_ERROR(open_->Close());
  }
  RETURN_IF_ERROR(Roll(now));
  base::Log(base::LogLevel::kInfo, "audit_log_of_half_year_closed",
            {{"half_year_of_the_open_one", now}});
  return true;
}

base::Status AuditShards::Roll(const std::string& half_year) {
  const std::string& before = open_->verifier().name;
  const auto there = StoredVerifier(options_.log.directory);
  if (!there.ok() || there->name == before) {
    RETURN_IF_ERROR(
        BeginAnew({options_.log.directory, options_.log.seed_path, options_.closed, options_.anchor,
                   OriginOfHalfYear(options_.log.origin, before, half_year)})
            .status());
  }
  ASSIGN_OR_RETURN(open_, OpenLog(options_.log, clock_));
  return Link();
}

base::Status AuditShards::Link() {
  if (open_->size() > 0) return base::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<ClosedLog> closed, Closed());
  if (closed.empty()) return base::OkStatus();
  v1::AuditEvent event = FollowsEvent(closed.back().checkpoint);
  event.set_actor("service:compliance");
  event.set_role(privacy::v1::INTERNAL_SERVICE);
  event.set_method("begin_half_year");
  ASSIGN_OR_RETURN(const std::string entry, entries_.Encode(event, clock_.Now()));
  return open_->Append({&entry, 1}).status();
}

}  // namespace belgrand::compliance
