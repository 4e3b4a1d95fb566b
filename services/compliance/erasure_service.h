// ErasureService behind gRPC: the eraser, with the intent in the audit log before anything is
// dropped.
//
// Thread safety: safe after Connect.
#pragma once

#include <functional>
#include <string>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "belgrand/compliance/v1/erasure.grpc.pb.h"
#include "platform/metrics/registry.h"
#include "services/compliance/eraser.h"
#include "services/compliance/rights.h"
#include "services/shared/guard.h"

namespace belgrand::compliance {

class ErasureServiceImpl final : public v1::ErasureService::Service {
 public:
  // On disk when it returns OK.
  using AppendAudit = std::function<base::Status(const v1::AuditEvent&)>;

  ErasureServiceImpl(shared::Guard& guard, metrics::Registry& metrics, AppendAudit append)
      : guard_(guard),
        append_(std::move(append)),
        erasures_(metrics.AddCounter("belgrand_compliance_erasures_total", "Persons erased.")) {}

  // Before the first call.
  void Connect(Eraser* eraser, Rights* rights) {
    eraser_ = eraser;
    rights_ = rights;
  }

  grpc::Status PlanErasure(grpc::ServerContext* context, const v1::PlanErasureRequest* request,
                           v1::PlanErasureResponse* response) override;
  grpc::Status EraseSubject(grpc::ServerContext* context, const v1::EraseSubjectRequest* request,
                            v1::EraseSubjectResponse* response) override;
  grpc::Status ListErasures(grpc::ServerContext* context, const v1::ListErasuresRequest* request,
                            v1::ListErasuresResponse* response) override;
  grpc::Status CertifyErasure(grpc::ServerContext* context,
                              const v1::CertifyErasureRequest* request,
                              v1::CertifyErasureResponse* response) override;

 private:
  // That a person is about to be erased: nothing may be dropped that the log does not know of.
  base::Status AppendIntent(const shared::Caller& caller, const shared::CallReport& report);

  shared::Guard& guard_;
  const AppendAudit append_;
  metrics::Counter& erasures_;
  Eraser* eraser_ = nullptr;
  Rights* rights_ = nullptr;
};

}  // namespace belgrand::compliance
