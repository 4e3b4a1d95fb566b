// ComplianceService: the audit log, the keyring and retention behind gRPC.
//
// Fails closed: a call that cannot be logged, sealed or opened gets the error and nothing else.
//
// Thread safety: safe after Connect.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "compliance/keyring.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "services/compliance/audit_entries.h"
#include "services/compliance/audit_shards.h"
#include "services/compliance/caller_check.h"
#include "services/compliance/compliance_metrics.h"
#include "services/compliance/cosigner.h"
#include "services/compliance/retention_runner.h"
#include "services/shared/compliance_access.h"
#include "services/shared/guard.h"

namespace belgrand::compliance {

// Most events, fields and entries of one call.
inline constexpr int kMaxAuditEvents = 10'000;
inline constexpr int kMaxSealFields = 200'000;
inline constexpr int kMaxOpenItems = 1'000;
inline constexpr std::uint32_t kMaxReadEntries = 1'000;
inline constexpr std::size_t kMaxPersonBytes = 320;

class ComplianceServiceImpl final : public v1::ComplianceService::Service,
                                    public shared::ComplianceAccess {
 public:
  ComplianceServiceImpl(const base::Clock& clock, shared::Guard& guard, ComplianceMetrics& metrics,
                        AuditShards& log, const Cosigner& cosigner, const AuditEntries& entries,
                        Keyring& keyring, const CallerCheck& callers)
      : clock_(clock),
        guard_(guard),
        metrics_(metrics),
        log_(log),
        cosigner_(cosigner),
        entries_(entries),
        keyring_(keyring),
        callers_(callers) {}

  // References of persons whose values are opened for nobody.
  using Restricted = std::function<std::set<std::string, std::less<>>()>;
  // Before the first call from outside.
  void Connect(RetentionRunner* retention, Restricted restricted) {
    retention_ = retention;
    restricted_ = std::move(restricted);
  }

  // Why the audit log refuses to write; OK while it does not.
  base::Status WriteStatus() const {
    if (base::Status verdict = cosigner_.verdict(); !verdict.ok()) return verdict;
    const base::MutexLock lock(refusal_mutex_);
    return refusal_;
  }

  // Appends durably and counts; also for the role's own entries.
  base::StatusOr<std::uint64_t> Append(std::span<const v1::AuditEvent> events);

  // For this process.
  base::Status AppendAudit(const v1::AppendAuditRequest& request) override;
  base::StatusOr<v1::SealFieldsResponse> SealFields(const v1::SealFieldsRequest& request) override;
  base::StatusOr<v1::CheckCallerResponse> CheckCaller(
      const v1::CheckCallerRequest& request) override {
    return callers_.Check(request);
  }

  grpc::Status AppendAudit(grpc::ServerContext* context, const v1::AppendAuditRequest* request,
                           v1::AppendAuditResponse* response) override;
  grpc::Status GetCheckpoint(grpc::ServerContext* context, const v1::GetCheckpointRequest* request,
                             v1::GetCheckpointResponse* response) override;
  grpc::Status ReadAudit(grpc::ServerContext* context, const v1::ReadAuditRequest* request,
                         v1::ReadAuditResponse* response) override;
  grpc::Status ProveAuditEntry(grpc::ServerContext* context,
                               const v1::ProveAuditEntryRequest* request,
                               v1::ProveAuditEntryResponse* response) override;
  grpc::Status ProveAuditConsistency(grpc::ServerContext* context,
                                     const v1::ProveAuditConsistencyRequest* request,
                                     v1::ProveAuditConsistencyResponse* response) override;
  grpc::Status SealFields(grpc::ServerContext* context, const v1::SealFieldsRequest* request,
                          v1::SealFieldsResponse* response) override;
  grpc::Status OpenFields(grpc::ServerContext* context, const v1::OpenFieldsRequest* request,
                          v1::OpenFieldsResponse* response) override;
  grpc::Status RecordRelease(grpc::ServerContext* context, const v1::RecordReleaseRequest* request,
                             v1::RecordReleaseResponse* response) override;
  grpc::Status PlanRetention(grpc::ServerContext* context, const v1::PlanRetentionRequest* request,
                             v1::PlanRetentionResponse* response) override;
  grpc::Status ApplyRetention(grpc::ServerContext* context,
                              const v1::ApplyRetentionRequest* request,
                              v1::ApplyRetentionResponse* response) override;

 private:
  base::StatusOr<v1::SealFieldsResponse> LookUp(std::vector<PlainValue>& values) const;
  base::StatusOr<std::vector<std::string>> ReadEntriesOf(const v1::ReadAuditRequest& request,
                                                         v1::ReadAuditResponse& response) const;
  base::StatusOr<std::uint64_t> AppendRequest(const v1::AppendAuditRequest& request);

  const base::Clock& clock_;
  shared::Guard& guard_;
  ComplianceMetrics& metrics_;
  AuditShards& log_;
  const Cosigner& cosigner_;
  const AuditEntries& entries_;
  Keyring& keyring_;
  const CallerCheck& callers_;
  RetentionRunner* retention_ = nullptr;
  Restricted restricted_;
  mutable base::Mutex refusal_mutex_;
  base::Status refusal_ GUARDED_BY(refusal_mutex_);
};

}  // namespace belgrand::compliance
