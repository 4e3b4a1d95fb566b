#include "services/compliance/rights_service.h"

#include <algorithm>

#include "platform/crypto/encoding.h"

namespace belgrand::compliance {
namespace {

using shared::Caller;
using shared::CallReport;

constexpr std::size_t kIdDigits = 32;

std::string Method(const char* name) {
  return std::string("belgrand.compliance.v1.RightsService.") + name;
}

// For the audit log: nothing that a caller made up.
std::string Reference(const std::string& id) {
  return id.size() == kIdDigits && crypto::FromHex(id).ok() ? id : std::string("not an id");
}

bool Holds(const Caller& caller, privacy::v1::Role role) {
  return std::find(caller.roles.begin(), caller.roles.end(), role) != caller.roles.end();
}

// Orders name persons: only a scope that names their laboratory holds them, but for an officer of
// everything.
bool HoldsOrdersOf(const Caller& caller, const std::string& laboratory_id) {
  if (caller.scope.everything()) return Holds(caller, privacy::v1::DATA_PROTECTION_OFFICER);
  return caller.scope.LimitsLaboratories() && caller.scope.HoldsLaboratory(laboratory_id);
}

}  // namespace

base::Status RightsServiceImpl::AppendIntent(const Caller& caller, const char* method,
                                             const CallReport& report) {
  v1::AuditEvent intent;
  intent.set_actor(caller.actor);
  intent.set_role(caller.roles.size() == 1 ? caller.roles.front() : privacy::v1::ROLE_UNSPECIFIED);
  intent.set_method(Method(method));
  intent.set_decision(v1::ALLOWED);
  intent.set_request_id(report.request_id);
  intent.set_object_kind("case_intent");
  intent.set_object_ref(report.object_ref);
  return append_(intent);
}

grpc::Status RightsServiceImpl::OnCase(grpc::ServerContext& context, const char* method,
                                       const std::string& case_id, const Body& body) {
  return guard_.Unary(context, Method(method),
                      [&](const Caller& caller, CallReport& report) -> base::Status {
                        report.object_kind = "case";
                        if (!case_id.empty()) report.object_ref = Reference(case_id);
                        report.record_count = 1;
                        // The guard adds the outcome under the same request id.
                        report.request_id = shared::Guard::NewRequestId();
                        RETURN_IF_ERROR(AppendIntent(caller, method, report));
                        return body(report);
                      });
}

grpc::Status RightsServiceImpl::OpenCase(grpc::ServerContext* context,
                                         const v1::OpenCaseRequest* request,
                                         v1::OpenCaseResponse* response) {
  return OnCase(*context, "OpenCase", "", [&](CallReport& report) -> base::Status {
    ASSIGN_OR_RETURN(*response, rights_->Open(*request));
    report.object_ref = response->opened().case_id();
    return base::OkStatus();
  });
}

grpc::Status RightsServiceImpl::ListCases(grpc::ServerContext* context,
                                          const v1::ListCasesRequest* request,
                                          v1::ListCasesResponse* response) {
  return guard_.Unary(*context, Method("ListCases"),
                      [&](const Caller&, CallReport& report) -> base::Status {
                        report.object_kind = "case";
                        *response = rights_->List(request->open_only());
                        report.record_count = static_cast<std::uint64_t>(response->cases_size());
                        return base::OkStatus();
                      });
}

grpc::Status RightsServiceImpl::ExtendCase(grpc::ServerContext* context,
                                           const v1::ExtendCaseRequest* request,
                                           v1::ExtendCaseResponse* response) {
  return OnCase(*context, "ExtendCase", request->case_id(), [&](CallReport&) -> base::Status {
    ASSIGN_OR_RETURN(*response->mutable_extended(), rights_->Extend(*request));
    return base::OkStatus();
  });
}

grpc::Status RightsServiceImpl::DecideCase(grpc::ServerContext* context,
                                           const v1::DecideCaseRequest* request,
                                           v1::DecideCaseResponse* response) {
  return OnCase(*context, "DecideCase", request->case_id(), [&](CallReport&) -> base::Status {
    ASSIGN_OR_RETURN(*response->mutable_decided(), rights_->Decide(*request));
    return base::OkStatus();
  });
}

grpc::Status RightsServiceImpl::LiftRestriction(grpc::ServerContext* context,
                                                const v1::LiftRestrictionRequest* request,
                                                v1::LiftRestrictionResponse* response) {
  return OnCase(*context, "LiftRestriction", request->case_id(), [&](CallReport&) -> base::Status {
    ASSIGN_OR_RETURN(*response->mutable_lifted(), rights_->Lift(*request));
    return base::OkStatus();
  });
}

grpc::Status RightsServiceImpl::ExportSubject(
    grpc::ServerContext* context, const v1::ExportSubjectRequest* request,
    grpc::ServerWriter<v1::ExportSubjectResponse>* writer) {
  CallReport report;
  report.object_kind = "case";
  report.object_ref = Reference(request->case_id());
  return guard_.Stream(
      *context, Method("ExportSubject"), report, [&](const Caller&) -> base::Status {
        ASSIGN_OR_RETURN(const auto person, rights_->PersonOf(request->case_id(), v1::ACCESS));
        ASSIGN_OR_RETURN(const v1::Case of_case, rights_->Find(request->case_id()));
        return exporter_->Run(of_case, rights_->CollectRequest(person),
                              [&](const v1::ExportSubjectResponse& page) -> base::Status {
                                // What the case book says must not lag behind what the officer has.
                                if (page.complete())
                                  RETURN_IF_ERROR(rights_->NoteExport(request->case_id()));
                                if (writer->Write(page)) return base::OkStatus();
                                return base::MakeStatus(base::StatusCode::kCancelled,
                                                        "the client went away");
                              });
      });
}

grpc::Status RightsServiceImpl::RectifySubject(grpc::ServerContext* context,
                                               const v1::RectifySubjectRequest* request,
                                               v1::RectifySubjectResponse* response) {
  return OnCase(
      *context, "RectifySubject", request->case_id(), [&](CallReport& report) -> base::Status {
        const std::string id = Eraser::NewId();
        const std::string id_hex = crypto::ToHex(id);
        ASSIGN_OR_RETURN(const auto person, rights_->PrepareRectification(*request, id_hex));
        ASSIGN_OR_RETURN(auto erased, eraser_->Erase(id, person, request->corrected_name()));
        RETURN_IF_ERROR(rights_->Complete(id_hex));
        ASSIGN_OR_RETURN(*response->mutable_rectified(), rights_->Find(request->case_id()));
        *response->mutable_erasure() = erased.erasure();
        *response->mutable_lines() = erased.lines();
        response->set_certificate(erased.certificate());
        response->set_verifier_key(erased.verifier_key());
        for (const auto& line : response->lines()) report.record_count += line.count();
        return base::OkStatus();
      });
}

grpc::Status RightsServiceImpl::ListOrders(grpc::ServerContext* context,
                                           const v1::ListOrdersRequest* request,
                                           v1::ListOrdersResponse* response) {
  return guard_.Unary(
      *context, Method("ListOrders"),
      [&](const Caller& caller, CallReport& report) -> base::Status {
        report.object_kind = "order";
        const std::string& asked = request->laboratory_id();
        if (!asked.empty() && !HoldsOrdersOf(caller, asked)) {
          return guard_.Deny(caller, Method("ListOrders"),
                             base::NotFound("there are no orders for laboratory '{}'", asked));
        }
        *response = rights_->Orders(
            [&](const std::string& laboratory) {
              return (asked.empty() || laboratory == asked) && HoldsOrdersOf(caller, laboratory);
            },
            request->pending_only());
        report.record_count = static_cast<std::uint64_t>(response->orders_size());
        return base::OkStatus();
      });
}

grpc::Status RightsServiceImpl::AcknowledgeOrder(grpc::ServerContext* context,
                                                 const v1::AcknowledgeOrderRequest* request,
                                                 v1::AcknowledgeOrderResponse* response) {
  return guard_.Unary(
      *context, Method("AcknowledgeOrder"),
      [&](const Caller& caller, CallReport& report) -> base::Status {
        report.object_kind = "order";
        report.object_ref = Reference(request->order_id());
        report.record_count = 1;
        ASSIGN_OR_RETURN(const std::string laboratory,
                         rights_->LaboratoryOfOrder(request->order_id()));
        if (!HoldsOrdersOf(caller, laboratory)) {
          return guard_.Deny(caller, Method("AcknowledgeOrder"), NoOrder(request->order_id()));
        }
        ASSIGN_OR_RETURN(*response->mutable_acknowledged(), rights_->Acknowledge(*request));
        return base::OkStatus();
      });
}

}  // namespace belgrand::compliance
