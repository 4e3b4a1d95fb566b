#include "services/compliance/audit_steward.h"

#include <algorithm>
#include <optional>

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/entry_bundles.h"
#include "compliance/expiry_plan.h"
#include "compliance/retention.h"
#include "platform/base/check.h"
#include "platform/base/log.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

struct Span {
  base::Instant oldest;
  base::Instant newest;
};

// Of the first and the last entry: the log is in the order of time, but for a clock that was set
// back. None: they are no entries, and what cannot be dated is not deleted.
base::StatusOr<std::optional<Span>> SpanOf(const ClosedLog& log) {
  const std::uint64_t size = log.checkpoint.size;
  ASSIGN_OR_RETURN(const auto first, ReadEntries(log.directory, 0, 1));
  ASSIGN_OR_RETURN(const auto last, ReadEntries(log.directory, size - 1, 1));
  const auto oldest = TimeOfEntry(first.front());
  const auto newest = TimeOfEntry(last.front());
  if (!oldest || !newest) return std::optional<Span>();
  return std::optional<Span>({std::min(*oldest, *newest), std::max(*oldest, *newest)});
}

bool IsKept(const HoldScopes& holds, const Span& span) {
  HoldScopes near = holds;
  std::erase_if(near, [&](const v1::HoldScope& hold) {
    return (hold.has_from() && span.newest < shared::ToInstant(hold.from())) ||
           (hold.has_to() && span.oldest >= shared::ToInstant(hold.to()));
  });
  const storage::v1::AuditEntry entry;
  return HoldMatcher(*entry.GetDescriptor(), near).Keeps(entry, std::nullopt);
}

}  // namespace

base::StatusOr<std::vector<v1::ExpiryLine>> AuditSteward::Plan(base::Instant now,
                                                               const HoldScopes& holds) {
  return Walk(now, holds, Mode::kPlan);
}

base::StatusOr<std::vector<v1::ExpiryLine>> AuditSteward::Apply(base::Instant now,
                                                                const HoldScopes& holds) {
  return Walk(now, holds, Mode::kApply);
}

base::StatusOr<std::vector<v1::ExpiryLine>> AuditSteward::Walk(base::Instant now,
                                                               const HoldScopes& holds, Mode mode) {
  const auto policies = RetentionPolicies(*storage::v1::AuditEntry::descriptor());
  BELGRAND_CHECK(policies.size() == 1);
  const RetentionPolicy& policy = policies.front();
  v1::ExpiryLine line;
  line.set_record(policy.message);
  line.set_retention(policy.text);
  line.set_held(shards_.open()->size());
  std::optional<Span> expired;
  ASSIGN_OR_RETURN(const std::vector<ClosedLog> closed, shards_.Closed());
  for (const ClosedLog& log : closed) {
    if (!log.state.ok()) {
      base::Log(base::LogLevel::kWarning, "closed_audit_log_kept",
                {{"directory", log.directory.string()}, {"reason", log.state}});
      continue;
    }
    if (log.pruned) {
      // A crash may have left some of it.
      if (mode == Mode::kApply) {
        RETURN_IF_ERROR(
            PruneEntries(log, shards_.options().log.seed_path, policy.text, clock_.Now()));
      }
      continue;
    }
    if (log.checkpoint.size == 0) continue;
    line.set_held(line.held() + log.checkpoint.size);
    ASSIGN_OR_RETURN(const auto span, SpanOf(log));
    if (!span || AddDuration(span->newest, policy.duration) > now) continue;
    if (IsKept(holds, *span)) {
      line.set_blocked(line.blocked() + log.checkpoint.size);
      continue;
    }
    line.set_expired(line.expired() + log.checkpoint.size);
    AddDigest(crypto::View(log.checkpoint.root), *line.mutable_digest());
    expired = expired ? Span{std::min(expired->oldest, span->oldest),
                             std::max(expired->newest, span->newest)}
                      : *span;
    if (mode == Mode::kApply) {
      RETURN_IF_ERROR(
          PruneEntries(log, shards_.options().log.seed_path, policy.text, clock_.Now()));
    }
  }
  if (expired) {
    *line.mutable_oldest() = shared::ToTimestamp(expired->oldest);
    *line.mutable_newest() = shared::ToTimestamp(expired->newest);
  }
  return std::vector<v1::ExpiryLine>{line};
}

}  // namespace belgrand::compliance
