// RightsService behind gRPC: who may, the intent in the audit log before anything is changed.
//
// Thread safety: safe after Connect.
#pragma once

#include <functional>
#include <string>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "belgrand/compliance/v1/rights.grpc.pb.h"
#include "services/compliance/eraser.h"
#include "services/compliance/rights.h"
#include "services/compliance/subject_export.h"
#include "services/shared/guard.h"

namespace belgrand::compliance {

class RightsServiceImpl final : public v1::RightsService::Service {
 public:
  // On disk when it returns OK.
  using AppendAudit = std::function<base::Status(const v1::AuditEvent&)>;

  RightsServiceImpl(shared::Guard& guard, AppendAudit append)
      : guard_(guard), append_(std::move(append)) {}

  // Before the first call.
  void Connect(Rights* rights, Eraser* eraser, const SubjectExport* exporter) {
    rights_ = rights;
    eraser_ = eraser;
    exporter_ = exporter;
  }

  grpc::Status OpenCase(grpc::ServerContext* context, const v1::OpenCaseRequest* request,
                        v1::OpenCaseResponse* response) override;
  grpc::Status ListCases(grpc::ServerContext* context, const v1::ListCasesRequest* request,
                         v1::ListCasesResponse* response) override;
  grpc::Status ExtendCase(grpc::ServerContext* context, const v1::ExtendCaseRequest* request,
                          v1::ExtendCaseResponse* response) override;
  grpc::Status DecideCase(grpc::ServerContext* context, const v1::DecideCaseRequest* request,
                          v1::DecideCaseResponse* response) override;
  grpc::Status LiftRestriction(grpc::ServerContext* context,
                               const v1::LiftRestrictionRequest* request,
                               v1::LiftRestrictionResponse* response) override;
  grpc::Status ExportSubject(grpc::ServerContext* context, const v1::ExportSubjectRequest* request,
                             grpc::ServerWriter<v1::ExportSubjectResponse>* writer) override;
  grpc::Status RectifySubject(grpc::ServerContext* context,
                              const v1::RectifySubjectRequest* request,
                              v1::RectifySubjectResponse* response) override;
  grpc::Status ListOrders(grpc::ServerContext* context, const v1::ListOrdersRequest* request,
                          v1::ListOrdersResponse* response) override;
  grpc::Status AcknowledgeOrder(grpc::ServerContext* context,
                                const v1::AcknowledgeOrderRequest* request,
                                v1::AcknowledgeOrderResponse* response) override;

 private:
  using Body = std::function<base::Status(shared::CallReport&)>;
  // A call about one case, by its id.
  grpc::Status OnCase(grpc::ServerContext& context, const char* method, const std::string& case_id,
                      const Body& body);
  base::Status AppendIntent(const shared::Caller& caller, const char* method,
                            const shared::CallReport& report);

  shared::Guard& guard_;
  const AppendAudit append_;
  Rights* rights_ = nullptr;
  Eraser* eraser_ = nullptr;
  const SubjectExport* exporter_ = nullptr;
};

}  // namespace belgrand::compliance
