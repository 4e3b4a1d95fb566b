// IdentityService: the list of identities behind gRPC.
//
// Thread safety: safe. Borrows everything.
#pragma once

#include "belgrand/compliance/v1/identity.grpc.pb.h"
#include "compliance/identity_book.h"
#include "platform/base/clock.h"
#include "services/compliance/caller_check.h"
#include "services/compliance/identity_holder.h"
#include "services/shared/guard.h"

namespace belgrand::compliance {

class IdentityServiceImpl final : public v1::IdentityService::Service {
 public:
  // An owner whom `withheld` names stands in no answer.
  IdentityServiceImpl(const base::Clock& clock, shared::Guard& guard, IdentityBook& book,
                      const CallerCheck& callers, const WithheldOwners& withheld)
      : clock_(clock), guard_(guard), book_(book), callers_(callers), withheld_(withheld) {}

  grpc::Status CreateIdentity(grpc::ServerContext* context,
                              const v1::CreateIdentityRequest* request,
                              v1::CreateIdentityResponse* response) override;
  grpc::Status ListIdentities(grpc::ServerContext* context,
                              const v1::ListIdentitiesRequest* request,
                              v1::ListIdentitiesResponse* response) override;
  grpc::Status RevokeIdentity(grpc::ServerContext* context,
                              const v1::RevokeIdentityRequest* request,
                              v1::RevokeIdentityResponse* response) override;
  grpc::Status CheckCaller(grpc::ServerContext* context, const v1::CheckCallerRequest* request,
                           v1::CheckCallerResponse* response) override;

 private:
  void ToWire(const IdentityBook::Record& record, v1::Identity& identity) const;

  const base::Clock& clock_;
  shared::Guard& guard_;
  IdentityBook& book_;
  const CallerCheck& callers_;
  const WithheldOwners& withheld_;
};

}  // namespace belgrand::compliance
