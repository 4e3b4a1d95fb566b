// The keyring, the audit log and the identities of this very process, without a call over gRPC: the
// same promises as those of belgrand.compliance.v1.ComplianceService, which callers in other
// processes use.
//
// Thread safety: safe.
#pragma once

#include "belgrand/compliance/v1/compliance.pb.h"
#include "belgrand/compliance/v1/identity.pb.h"
#include "platform/base/error.h"

namespace belgrand::shared {

class ComplianceAccess {
 public:
  virtual ~ComplianceAccess() = default;
  // On disk when it returns OK.
  virtual base::Status AppendAudit(const compliance::v1::AppendAuditRequest& request) = 0;
  virtual base::StatusOr<compliance::v1::SealFieldsResponse> SealFields(
      const compliance::v1::SealFieldsRequest& request) = 0;
  // Unauthenticated: the credential stands for nobody.
  virtual base::StatusOr<compliance::v1::CheckCallerResponse> CheckCaller(
      const compliance::v1::CheckCallerRequest& request) = 0;
};

}  // namespace belgrand::shared
