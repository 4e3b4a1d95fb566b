// Retention of the audit log: a closed log loses its entries when the newest of them is past the
// period that the schema gives to AuditEntry.
//
// So an entry lives for that period at least, and for at most the period and the half-year of its
// log. A legal hold that names these entries, or their time, keeps the whole log that has one of
// them. The open log is never touched. Thread safety: safe; one Apply at a time (RetentionRunner).
#pragma once

#include <vector>

#include "services/compliance/audit_shards.h"
#include "services/compliance/retention_runner.h"

namespace belgrand::compliance {

class AuditSteward final : public Steward {
 public:
  // Borrows both.
  AuditSteward(const AuditShards& shards, const base::Clock& clock)
      : shards_(shards), clock_(clock) {}

  std::string_view name() const override { return "audit log"; }
  base::StatusOr<std::vector<v1::ExpiryLine>> Plan(base::Instant now,
                                                   const HoldScopes& holds) override;
  base::StatusOr<std::vector<v1::ExpiryLine>> Apply(base::Instant now,
                                                    const HoldScopes& holds) override;

 private:
  enum class Mode { kPlan, kApply };
  base::StatusOr<std::vector<v1::ExpiryLine>> Walk(base::Instant now, const HoldScopes& holds,
                                                   Mode mode);

  const AuditShards& shards_;
  const base::Clock& clock_;
};

}  // namespace belgrand::compliance
