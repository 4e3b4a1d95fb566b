#include "services/compliance/compliance_service.h"

#include <chrono>

#include "compliance/audit_log.h"
#include "compliance/checkpoint.h"
#include "compliance/sealed_field.h"
#include "compliance/tlog_proof.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/secret.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

using shared::Caller;
using shared::CallReport;

constexpr char kService[] = "belgrand.compliance.v1.ComplianceService.";

std::string Method(const char* name) { return std::string(kService) + name; }

// Entries under a note of this log's own; 0 for an empty text.
std::uint64_t SizeOf(const std::string& note) {
  const auto checkpoint = ParseCheckpoint(note.substr(0, note.rfind("\n\n") + 1));
  return checkpoint.ok() ? checkpoint->size : 0;
}

std::uint64_t Deleted(const v1::ApplyRetentionResponse& response) {
  std::uint64_t deleted = 0;
  for (const v1::ExpiryLine& line : response.lines()) deleted += line.expired();
  return deleted;
}

}  // namespace

base::StatusOr<std::uint64_t> ComplianceServiceImpl::Append(
    std::span<const v1::AuditEvent> events) {
  const base::Instant now = clock_.Now();
  std::vector<std::string> entries;
  entries.reserve(events.size());
  for (const v1::AuditEvent& event : events) {
    ASSIGN_OR_RETURN(entries.emplace_back(), entries_.Encode(event, now));
  }
  const auto started = std::chrono::steady_clock::now();
  // A log that was proven to be an older copy must not grow into a second history.
  const base::Status verdict = cosigner_.verdict();
  base::StatusOr<std::uint64_t> first =
      verdict.ok() ? log_.Append(entries) : base::StatusOr<std::uint64_t>(verdict);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  metrics_.append_seconds.Observe(took.count());
  if (first.status().code() != base::StatusCode::kInvalidArgument) {  // that is the caller's fault
    const base::MutexLock lock(refusal_mutex_);
    refusal_ = first.status();
  }
  if (!first.ok()) {
    metrics_.audit_failures.Increment();
    return first;
  }
  metrics_.audit_entries.Increment(static_cast<double>(entries.size()));
  return first;
}

base::StatusOr<std::uint64_t> ComplianceServiceImpl::AppendRequest(
    const v1::AppendAuditRequest& request) {
  if (request.events().empty() || request.events_size() > kMaxAuditEvents) {
    return base::InvalidArgument("{} events: send 1 to {}", request.events_size(), kMaxAuditEvents);
  }
  const std::vector<v1::AuditEvent> events(request.events().begin(), request.events().end());
  return Append(events);
}

base::Status ComplianceServiceImpl::AppendAudit(const v1::AppendAuditRequest& request) {
  return AppendRequest(request).status();
}

grpc::Status ComplianceServiceImpl::AppendAudit(grpc::ServerContext* context,
                                                const v1::AppendAuditRequest* request,
                                                v1::AppendAuditResponse* response) {
  return guard_.Unary(*context, Method("AppendAudit"),
                      [&](const Caller&, CallReport&) -> base::Status {
                        ASSIGN_OR_RETURN(const std::uint64_t first, AppendRequest(*request));
                        response->set_first_index(first);
                        return base::OkStatus();
                      });
}

grpc::Status ComplianceServiceImpl::GetCheckpoint(grpc::ServerContext* context,
                                                  const v1::GetCheckpointRequest*,
                                                  v1::GetCheckpointResponse* response) {
  return guard_.Unary(*context, Method("GetCheckpoint"),
                      [&](const Caller&, CallReport&) -> base::Status {
                        const auto log = log_.open();
                        ASSIGN_OR_RETURN(*response->mutable_checkpoint(), log->Checkpoint());
                        response->set_verifier_key(log->verifier_key());
                        response->set_cosigned_checkpoint(cosigner_.cosigned());
                        return base::OkStatus();
                      });
}

base::StatusOr<std::vector<std::string>> ComplianceServiceImpl::ReadEntriesOf(
    const v1::ReadAuditRequest& request, v1::ReadAuditResponse& response) const {
  const std::shared_ptr<AuditLog> open = log_.open();
  std::uint64_t size = open->size();
  std::filesystem::path directory;
  if (request.closed_log() != 0) {
    ASSIGN_OR_RETURN(const ClosedLog closed, log_.FindClosed(request.closed_log()));
    if (closed.pruned) {
      return base::FailedPrecondition(
          "closed_log {} lost its entries on {}: they were kept for {} after the last of them; "
          "its hashes and its root are still there",
          closed.number, base::FormatInstant(closed.pruned->pruned_at), closed.pruned->retention);
    }
    RETURN_IF_ERROR(closed.state);
    size = closed.checkpoint.size;
    directory = closed.directory;
  }
  response.set_tree_size(size);
  if (request.first_index() > size) {
    return base::InvalidArgument("first_index is {} and the log has {} entries",
                                 request.first_index(), size);
  }
  if (directory.empty()) return open->Read(request.first_index(), request.count());
  return ReadEntries(directory, request.first_index(),
                     std::min<std::uint64_t>(request.count(), size - request.first_index()));
}

grpc::Status ComplianceServiceImpl::ReadAudit(grpc::ServerContext* context,
                                              const v1::ReadAuditRequest* request,
                                              v1::ReadAuditResponse* response) {
  return guard_.Unary(
      *context, Method("ReadAudit"), [&](const Caller&, CallReport& report) -> base::Status {
        report.object_kind = "audit";
        report.object_ref = fmt::format("{}+{}", request->first_index(), request->count());
        if (request->closed_log() != 0) {
          report.object_ref += fmt::format(" of closed log {}", request->closed_log());
        }
        if (request->count() == 0 || request->count() > kMaxReadEntries) {
          return base::InvalidArgument("count is {}: ask for 1 to {} entries", request->count(),
                                       kMaxReadEntries);
        }
        ASSIGN_OR_RETURN(std::vector<std::string> entries, ReadEntriesOf(*request, *response));
        report.record_count = entries.size();
        for (std::string& entry : entries) response->add_entries(std::move(entry));
        return base::OkStatus();
      });
}

grpc::Status ComplianceServiceImpl::ProveAuditEntry(grpc::ServerContext* context,
                                                    const v1::ProveAuditEntryRequest* request,
                                                    v1::ProveAuditEntryResponse* response) {
  return guard_.Unary(*context, Method("ProveAuditEntry"),
                      [&](const Caller&, CallReport& report) -> base::Status {
                        report.object_kind = "audit";
                        report.object_ref = fmt::format("{}", request->index());
                        const auto log = log_.open();
                        if (request->index() >= log->size()) {
                          return base::InvalidArgument("index is {} and the log has {} entries",
                                                       request->index(), log->size());
                        }
                        TlogProof proof;
                        proof.index = request->index();
                        proof.checkpoint = cosigner_.cosigned();
                        std::uint64_t size = SizeOf(proof.checkpoint);
                        if (size <= proof.index) {
                          ASSIGN_OR_RETURN(proof.checkpoint, log->Checkpoint());
                          size = SizeOf(proof.checkpoint);
                        }
                        ASSIGN_OR_RETURN(proof.hashes, log->ProveInclusion(proof.index, size));
                        ASSIGN_OR_RETURN(std::vector<std::string> entry, log->Read(proof.index, 1));
                        if (entry.empty())
                          return base::DataLoss("entry {} cannot be read", proof.index);
                        response->set_entry(std::move(entry.front()));
                        response->set_proof(FormatTlogProof(proof));
                        report.record_count = 1;
                        return base::OkStatus();
                      });
}

grpc::Status ComplianceServiceImpl::ProveAuditConsistency(
    grpc::ServerContext* context, const v1::ProveAuditConsistencyRequest* request,
    v1::ProveAuditConsistencyResponse* response) {
  return guard_.Unary(*context, Method("ProveAuditConsistency"),
                      [&](const Caller&, CallReport&) -> base::Status {
                        const auto log = log_.open();
                        AddCheckpoint proof;
                        proof.old_size = request->old_size();
                        ASSIGN_OR_RETURN(proof.checkpoint, log->Checkpoint());
                        const std::uint64_t size = SizeOf(proof.checkpoint);
                        if (proof.old_size == 0 || proof.old_size > size) {
                          return base::InvalidArgument("old_size is {}: give 1 to the log's {}",
                                                       proof.old_size, size);
                        }
                        ASSIGN_OR_RETURN(proof.hashes, log->ProveConsistency(proof.old_size, size));
                        response->set_proof(FormatAddCheckpoint(proof));
                        return base::OkStatus();
                      });
}

base::StatusOr<v1::SealFieldsResponse> ComplianceServiceImpl::LookUp(
    std::vector<PlainValue>& values) const {
  v1::SealFieldsResponse response;
  for (PlainValue& value : values) {
    base::StatusOr<std::string> reference =
        keyring_.FindSubject(value.subject, value.tenant, value.value);
    crypto::Cleanse(value.value);
    v1::SealedField& field = *response.add_fields();
    if (reference.ok()) {
      field.set_subject_ref(*std::move(reference));
    } else if (reference.status().code() != base::StatusCode::kNotFound) {
      return reference.status();
    }
  }
  return response;
}

base::StatusOr<v1::SealFieldsResponse> ComplianceServiceImpl::SealFields(
    const v1::SealFieldsRequest& request) {
  if (request.fields_size() > kMaxSealFields) {
    return base::InvalidArgument("{} fields: send at most {}", request.fields_size(),
                                 kMaxSealFields);
  }
  std::vector<PlainValue> values;
  values.reserve(static_cast<std::size_t>(request.fields_size()));
  for (const v1::PlainField& field : request.fields()) {
    values.push_back({field.subject(), field.tenant(), field.value(), field.place()});
  }
  if (request.look_up_only()) return LookUp(values);
  base::StatusOr<std::vector<SealedValue>> sealed = keyring_.Seal(values);
  for (PlainValue& value : values) crypto::Cleanse(value.value);
  RETURN_IF_ERROR(sealed.status());
  v1::SealFieldsResponse response;
  for (SealedValue& value : *sealed) {
    v1::SealedField& field = *response.add_fields();
    field.set_sealed(std::move(value.sealed));
    field.set_subject_ref(std::move(value.subject_ref));
  }
  metrics_.sealed.Increment(static_cast<double>(sealed->size()));
  return response;
}

grpc::Status ComplianceServiceImpl::SealFields(grpc::ServerContext* context,
                                               const v1::SealFieldsRequest* request,
                                               v1::SealFieldsResponse* response) {
  return guard_.Unary(*context, Method("SealFields"),
                      [&](const Caller&, CallReport&) -> base::Status {
                        ASSIGN_OR_RETURN(*response, SealFields(*request));
                        return base::OkStatus();
                      });
}

grpc::Status ComplianceServiceImpl::OpenFields(grpc::ServerContext* context,
                                               const v1::OpenFieldsRequest* request,
                                               v1::OpenFieldsResponse* response) {
  return guard_.Unary(
      *context, Method("OpenFields"), [&](const Caller&, CallReport& report) -> base::Status {
        report.object_kind = "field";
        report.record_count = static_cast<std::uint64_t>(request->items_size());
        if (request->items().empty() || request->items_size() > kMaxOpenItems) {
          return base::InvalidArgument("{} items: ask for 1 to {}", request->items_size(),
                                       kMaxOpenItems);
        }
        const auto restricted = restricted_();
        for (const v1::OpenFieldsRequest::Item& item : request->items()) {
          const auto reference = SubjectRefOf(item.sealed());
          if (reference.ok() && restricted.contains(*reference)) {
            response->add_results()->set_status_code(
                static_cast<int>(base::StatusCode::kPermissionDenied));
            continue;
          }
          base::StatusOr<std::string> value = keyring_.Open(item.sealed(), item.place());
          v1::OpenFieldsResponse::Result& result = *response->add_results();
          result.set_status_code(static_cast<int>(value.status().code()));
          if (value.ok()) {
            result.set_value(*std::move(value));
            metrics_.opened.Increment();
          } else if (value.status().code() == base::StatusCode::kNotFound) {
            metrics_.key_dropped.Increment();
          } else if (value.status().code() == base::StatusCode::kDataLoss) {
            metrics_.altered.Increment();
          } else {
            return value.status();
          }
        }
        return base::OkStatus();
      });
}

grpc::Status ComplianceServiceImpl::RecordRelease(grpc::ServerContext* context,
                                                  const v1::RecordReleaseRequest* request,
                                                  v1::RecordReleaseResponse*) {
  // Its entry is all that it leaves.
  return guard_.Unary(
      *context, Method("RecordRelease"), [&](const Caller&, CallReport& report) -> base::Status {
        report.object_kind = "release";
        if (request->number() == 0) {
          return base::InvalidArgument("number is 0: releases are numbered from 1");
        }
        constexpr std::size_t kHexDigits = 64;
        if (request->record_sha256().size() != kHexDigits ||
            !crypto::FromHex(request->record_sha256()).ok()) {
          return base::InvalidArgument(
              "record_sha256 is not 64 hexadecimal digits: send the hash of the ledger's record");
        }
        report.object_ref = fmt::format("{}/{}", request->number(), request->record_sha256());
        report.record_count = request->cells();
        return base::OkStatus();
      });
}

grpc::Status ComplianceServiceImpl::PlanRetention(grpc::ServerContext* context,
                                                  const v1::PlanRetentionRequest* request,
                                                  v1::PlanRetentionResponse* response) {
  return guard_.Unary(*context, Method("PlanRetention"),
                      [&](const Caller&, CallReport& report) -> base::Status {
                        report.object_kind = "retention";
                        std::optional<base::Instant> now;
                        if (request->has_now()) now = shared::ToInstant(request->now());
                        ASSIGN_OR_RETURN(*response, retention_->Plan(now));
                        report.object_ref = response->plan_hash();
                        return base::OkStatus();
                      });
}

grpc::Status ComplianceServiceImpl::ApplyRetention(grpc::ServerContext* context,
                                                   const v1::ApplyRetentionRequest* request,
                                                   v1::ApplyRetentionResponse* response) {
  return guard_.Unary(
      *context, Method("ApplyRetention"),
      [&](const Caller& caller, CallReport& report) -> base::Status {
        if (request->plan_hash().empty() || !request->has_now()) {
          return base::InvalidArgument(
              "plan_hash and now are both needed: send back what PlanRetention answered");
        }
        if (request->plan_hash().size() != 64 ||
            request->plan_hash().find_first_not_of("0123456789abcdef") != std::string::npos) {
          return base::InvalidArgument(
              "plan_hash is not 64 hex digits: send back what PlanRetention answered");
        }
        report.object_kind = "retention";
        report.object_ref = request->plan_hash();
        report.request_id = shared::Guard::NewRequestId();
        // The intent first: nothing may be deleted that the log does not know of. The guard adds
        // the outcome under the same request id.
        v1::AuditEvent intent;
        intent.set_actor(caller.actor);
        intent.set_role(caller.roles.size() == 1 ? caller.roles.front()
                                                 : privacy::v1::ROLE_UNSPECIFIED);
        intent.set_method(Method("ApplyRetention"));
        intent.set_purpose(caller.purpose);
        intent.set_decision(v1::ALLOWED);
        intent.set_request_id(report.request_id);
        intent.set_object_kind("retention_intent");
        intent.set_object_ref(request->plan_hash());
        RETURN_IF_ERROR(Append({&intent, 1}).status());
        ASSIGN_OR_RETURN(*response,
                         retention_->Apply(request->plan_hash(), shared::ToInstant(request->now()),
                                           caller.actor));
        report.record_count = Deleted(*response);
        metrics_.retention_runs.Increment();
        metrics_.retention_deleted.Increment(static_cast<double>(report.record_count));
        metrics_.retention_last_run.Set(static_cast<double>(base::ToMicros(clock_.Now())) / 1e6);
        return base::OkStatus();
      });
}

}  // namespace belgrand::compliance
