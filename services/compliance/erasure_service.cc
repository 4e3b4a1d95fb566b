#include "services/compliance/erasure_service.h"

#include "platform/crypto/encoding.h"

namespace belgrand::compliance {
namespace {

using shared::Caller;
using shared::CallReport;

std::string Method(const char* name) {
  return std::string("belgrand.compliance.v1.ErasureService.") + name;
}

}  // namespace

base::Status ErasureServiceImpl::AppendIntent(const Caller& caller, const CallReport& report) {
  v1::AuditEvent intent;
  intent.set_actor(caller.actor);
  intent.set_role(caller.roles.size() == 1 ? caller.roles.front() : privacy::v1::ROLE_UNSPECIFIED);
  intent.set_method(Method("EraseSubject"));
  intent.set_purpose(caller.purpose);
  intent.set_decision(v1::ALLOWED);
  intent.set_request_id(report.request_id);
  intent.set_object_kind("erasure_intent");
  intent.set_object_ref(report.object_ref);
  return append_(intent);
}

grpc::Status ErasureServiceImpl::PlanErasure(grpc::ServerContext* context,
                                             const v1::PlanErasureRequest* request,
                                             v1::PlanErasureResponse* response) {
  return guard_.Unary(*context, Method("PlanErasure"),
                      [&](const Caller&, CallReport& report) -> base::Status {
                        report.object_kind = "erasure";
                        ASSIGN_OR_RETURN(*response, eraser_->Plan(request->person()));
                        for (const auto& line : response->lines()) {
                          report.record_count += line.count();
                        }
                        return base::OkStatus();
                      });
}

grpc::Status ErasureServiceImpl::EraseSubject(grpc::ServerContext* context,
                                              const v1::EraseSubjectRequest* request,
                                              v1::EraseSubjectResponse* response) {
  return guard_.Unary(
      *context, Method("EraseSubject"),
      [&](const Caller& caller, CallReport& report) -> base::Status {
        const std::string id = Eraser::NewId();
        report.object_kind = "erasure";
        report.object_ref = crypto::ToHex(id);
        // The guard adds the outcome under the same request id.
        report.request_id = shared::Guard::NewRequestId();
        RETURN_IF_ERROR(AppendIntent(caller, report));
        // Who is not known has no case and no order.
        RETURN_IF_ERROR(eraser_->Plan(request->person()).status());
        ASSIGN_OR_RETURN(const Rights::Prepared prepared,
                         rights_->PrepareErasure(request->person(), report.object_ref));
        ASSIGN_OR_RETURN(*response, eraser_->Erase(id, request->person()));
        RETURN_IF_ERROR(rights_->Complete(report.object_ref));
        response->set_case_id(prepared.case_id);
        response->mutable_order_ids()->Assign(prepared.order_ids.begin(), prepared.order_ids.end());
        for (const auto& line : response->lines()) {
          report.record_count += line.count();
        }
        erasures_.Increment();
        return base::OkStatus();
      });
}

grpc::Status ErasureServiceImpl::ListErasures(grpc::ServerContext* context,
                                              const v1::ListErasuresRequest*,
                                              v1::ListErasuresResponse* response) {
  return guard_.Unary(*context, Method("ListErasures"),
                      [&](const Caller&, CallReport& report) -> base::Status {
                        report.object_kind = "erasure";
                        *response = eraser_->List();
                        report.record_count = static_cast<std::uint64_t>(response->erasures_size());
                        return base::OkStatus();
                      });
}

grpc::Status ErasureServiceImpl::CertifyErasure(grpc::ServerContext* context,
                                                const v1::CertifyErasureRequest* request,
                                                v1::CertifyErasureResponse* response) {
  return guard_.Unary(*context, Method("CertifyErasure"),
                      [&](const Caller&, CallReport& report) -> base::Status {
                        report.object_kind = "erasure";
                        report.object_ref = request->erasure_id();
                        ASSIGN_OR_RETURN(*response, eraser_->Certify(*request));
                        return base::OkStatus();
                      });
}

}  // namespace belgrand::compliance
