#include "services/compliance/identity_service.h"

#include "services/shared/restrictions.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

using shared::Caller;
using shared::CallReport;

constexpr base::Duration kDefaultLifetime = std::chrono::hours(30 * 24);

std::string Method(std::string_view name) {
  return fmt::format("belgrand.compliance.v1.IdentityService.{}", name);
}

base::Duration LifetimeOf(const v1::CreateIdentityRequest& request) {
  if (!request.has_lifetime()) return kDefaultLifetime;
  // Beyond a year it is over the limit anyway, and must not overflow.
  constexpr std::int64_t kYear = 366LL * 86'400;
  return std::chrono::seconds(std::clamp<std::int64_t>(request.lifetime().seconds(), -1, kYear));
}

}  // namespace

void IdentityServiceImpl::ToWire(const IdentityBook::Record& record, v1::Identity& identity) const {
  identity.set_actor(record.actor());
  identity.set_kind(static_cast<v1::Identity::Kind>(record.kind()));
  identity.set_owner(withheld_.Withholds(record) ? std::string(shared::kWithheldText)
                                                 : record.owner());
  identity.set_role(static_cast<privacy::v1::Role>(record.role()));
  *identity.mutable_scope() = record.scope();
  const auto set = [](std::int64_t us, auto* (v1::Identity::*field)(), v1::Identity& out) {
    if (us != 0) *(out.*field)() = shared::ToTimestamp(base::FromMicros(us));
  };
  set(record.created_us(), &v1::Identity::mutable_created_at, identity);
  set(record.expires_us(), &v1::Identity::mutable_expires_at, identity);
  set(record.revoked_us(), &v1::Identity::mutable_revoked_at, identity);
}

grpc::Status IdentityServiceImpl::CreateIdentity(grpc::ServerContext* context,
                                                 const v1::CreateIdentityRequest* request,
                                                 v1::CreateIdentityResponse* response) {
  return guard_.Unary(
      *context, Method("CreateIdentity"), [&](const Caller&, CallReport& report) -> base::Status {
        report.object_kind = "identity";
        switch (request->kind()) {
          case v1::Identity::TOKEN: {
            ASSIGN_OR_RETURN(auto issued,
                             book_.IssueToken(request->owner(), request->role(), request->scope(),
                                              LifetimeOf(*request), clock_.Now()));
            ToWire(issued.record, *response->mutable_identity());
            response->set_token(std::move(issued.token));
            break;
          }
          case v1::Identity::CERTIFICATE: {
            ASSIGN_OR_RETURN(const auto record,
                             book_.ListCertificate(request->certificate(), request->owner(),
                                                   request->scope(), clock_.Now()));
            ToWire(record, *response->mutable_identity());
            break;
          }
          default:
            return base::InvalidArgument("kind is neither TOKEN nor CERTIFICATE");
        }
        report.record_count = 1;
        // Of a token the random name is no person's; a certificate's may be.
        if (request->kind() == v1::Identity::TOKEN)
          report.object_ref = response->identity().actor();
        return base::OkStatus();
      });
}

grpc::Status IdentityServiceImpl::ListIdentities(grpc::ServerContext* context,
                                                 const v1::ListIdentitiesRequest*,
                                                 v1::ListIdentitiesResponse* response) {
  return guard_.Unary(
      *context, Method("ListIdentities"), [&](const Caller&, CallReport& report) -> base::Status {
        report.object_kind = "identity";
        for (const auto& record : book_.List()) {
          ToWire(record, *response->add_identities());
        }
        report.record_count = static_cast<std::uint64_t>(response->identities_size());
        return base::OkStatus();
      });
}

grpc::Status IdentityServiceImpl::RevokeIdentity(grpc::ServerContext* context,
                                                 const v1::RevokeIdentityRequest* request,
                                                 v1::RevokeIdentityResponse* response) {
  return guard_.Unary(
      *context, Method("RevokeIdentity"), [&](const Caller&, CallReport& report) -> base::Status {
        report.object_kind = "identity";
        ASSIGN_OR_RETURN(const auto record, book_.Revoke(request->actor(), clock_.Now()));
        ToWire(record, *response->mutable_identity());
        report.record_count = 1;
        if (record.kind() == v1::Identity::TOKEN) report.object_ref = record.actor();
        return base::OkStatus();
      });
}

grpc::Status IdentityServiceImpl::CheckCaller(grpc::ServerContext* context,
                                              const v1::CheckCallerRequest* request,
                                              v1::CheckCallerResponse* response) {
  return guard_.Unary(*context, Method("CheckCaller"),
                      [&](const Caller&, CallReport&) -> base::Status {
                        ASSIGN_OR_RETURN(*response, callers_.Check(*request));
                        return base::OkStatus();
                      });
}

}  // namespace belgrand::compliance
