#include "services/compliance/hold_service.h"

#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

using shared::Caller;
using shared::CallReport;

std::string Method(const char* name) {
  return std::string("belgrand.compliance.v1.HoldService.") + name;
}

}  // namespace

base::Status HoldServiceImpl::ChangeHold(const Change& change, CallReport& report, v1::Hold& hold) {
  report.object_kind = "hold";
  return retention_->WhileIdle([&]() -> base::Status {
    ASSIGN_OR_RETURN(const HoldBook::Record record, change());
    report.object_ref = record.hold_id();
    report.record_count = 1;
    hold = ToWire(record);
    return base::OkStatus();
  });
}

grpc::Status HoldServiceImpl::PlaceHold(grpc::ServerContext* context,
                                        const v1::PlaceHoldRequest* request,
                                        v1::PlaceHoldResponse* response) {
  return guard_.Unary(*context, Method("PlaceHold"), [&](const Caller&, CallReport& report) {
    return ChangeHold([&] { return holds_.Place(*request, clock_.Now()); }, report,
                      *response->mutable_hold());
  });
}

grpc::Status HoldServiceImpl::ReviewHold(grpc::ServerContext* context,
                                         const v1::ReviewHoldRequest* request,
                                         v1::ReviewHoldResponse* response) {
  return guard_.Unary(
      *context, Method("ReviewHold"), [&](const Caller&, CallReport& report) -> base::Status {
        if (!request->has_review_by()) {
          return base::InvalidArgument("review_by is missing: say when somebody looks at it again");
        }
        return ChangeHold(
            [&] {
              return holds_.Review(request->hold_id(), shared::ToInstant(request->review_by()),
                                   clock_.Now());
            },
            report, *response->mutable_hold());
      });
}

grpc::Status HoldServiceImpl::ReleaseHold(grpc::ServerContext* context,
                                          const v1::ReleaseHoldRequest* request,
                                          v1::ReleaseHoldResponse* response) {
  return guard_.Unary(*context, Method("ReleaseHold"), [&](const Caller&, CallReport& report) {
    return ChangeHold([&] { return holds_.Release(request->hold_id(), clock_.Now()); }, report,
                      *response->mutable_hold());
  });
}

grpc::Status HoldServiceImpl::ListHolds(grpc::ServerContext* context, const v1::ListHoldsRequest*,
                                        v1::ListHoldsResponse* response) {
  return guard_.Unary(*context, Method("ListHolds"),
                      [&](const Caller&, CallReport& report) -> base::Status {
                        report.object_kind = "hold";
                        for (const auto& record : holds_.List()) {
                          *response->add_holds() = ToWire(record);
                        }
                        report.record_count = static_cast<std::uint64_t>(response->holds_size());
                        return base::OkStatus();
                      });
}

grpc::Status HoldServiceImpl::ApproveRetention(grpc::ServerContext* context,
                                               const v1::ApproveRetentionRequest* request,
                                               v1::ApproveRetentionResponse* response) {
  return guard_.Unary(
      *context, Method("ApproveRetention"),
      [&](const Caller& caller, CallReport& report) -> base::Status {
        report.object_kind = "retention";
        if (request->plan_hash().size() != 64 ||
            request->plan_hash().find_first_not_of("0123456789abcdef") != std::string::npos ||
            !request->has_now()) {
          return base::InvalidArgument(
              "plan_hash and now are both needed: send back what PlanRetention answered");
        }
        report.object_ref = request->plan_hash();
        ASSIGN_OR_RETURN(const base::Instant expires,
                         retention_->Approve(request->plan_hash(),
                                             shared::ToInstant(request->now()), caller.actor));
        *response->mutable_expires_at() = shared::ToTimestamp(expires);
        return base::OkStatus();
      });
}

}  // namespace belgrand::compliance
