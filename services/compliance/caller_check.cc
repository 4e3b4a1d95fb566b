#include "services/compliance/caller_check.h"

#include <algorithm>
#include <utility>

#include "compliance/access_scope.h"
#include "compliance/token.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

constexpr base::Duration kDefaultLifetime = std::chrono::hours(24);

base::Status Refused(std::string_view why) {
  return base::MakeStatus(base::StatusCode::kUnauthenticated, why);
}

base::Duration MaxLifetime(const config::v1::Issuer& issuer) {
  if (!issuer.has_max_lifetime()) return kDefaultLifetime;
  return std::chrono::seconds(issuer.max_lifetime().seconds());
}

v1::CheckCallerResponse ToResponse(const IdentityBook::Record& record) {
  v1::CheckCallerResponse response;
  response.set_actor(record.actor());
  response.set_role(static_cast<privacy::v1::Role>(record.role()));
  *response.mutable_scope() = record.scope();
  if (record.expires_us() != 0) {
    *response.mutable_expires_at() = shared::ToTimestamp(base::FromMicros(record.expires_us()));
  }
  return response;
}

}  // namespace

base::StatusOr<v1::CheckCallerResponse> ApplyClaimRules(const config::v1::Issuer& issuer,
                                                        const JwtClaims& claims) {
  const auto rule = std::find_if(
      issuer.rules().begin(), issuer.rules().end(),
      [&](const config::v1::ClaimRule& one) { return claims.Has(one.claim(), one.value()); });
  if (rule == issuer.rules().end()) {
    return Refused("no rule of access.issuers gives the owner of this token a role");
  }
  v1::CheckCallerResponse response;
  response.set_role(ParseRoleWord(rule->role()));
  v1::AccessScope& scope = *response.mutable_scope();
  scope.set_everything(rule->everything());
  *scope.mutable_laboratory_ids() = rule->laboratory_ids();
  *scope.mutable_site_ids() = rule->site_ids();
  *scope.mutable_district_ids() = rule->district_ids();
  for (const auto& [name, ids] :
       {std::pair(&issuer.laboratory_claim(), scope.mutable_laboratory_ids()),
        std::pair(&issuer.site_claim(), scope.mutable_site_ids()),
        std::pair(&issuer.district_claim(), scope.mutable_district_ids())}) {
    // Who has no limit by the rule needs no claim that names one.
    if (name->empty() || rule->everything()) continue;
    const auto found = claims.texts.find(*name);
    if (found == claims.texts.end() || found->second.empty()) {
      return Refused(fmt::format("the token has no claim {} that names an id", *name));
    }
    for (const std::string& id : found->second) ids->Add(std::string(id));
  }
  if (!CheckScope(scope).ok()) return Refused("the claims of the token name no scope");
  if (response.role() == privacy::v1::LABORATORY && scope.laboratory_ids().empty()) {
    return Refused("the claims of the token name no laboratory");
  }
  return response;
}

CallerCheck::CallerCheck(const config::v1::Access& access, const IdentityBook& book,
                         const base::Clock& clock, const IssuerKeys::Get& get)
    : listed_certificates_only_(access.listed_certificates_only()), book_(book), clock_(clock) {
  for (const config::v1::Issuer& issuer : access.issuers()) {
    issuers_.push_back({issuer, std::make_unique<IssuerKeys>(issuer, clock, get)});
  }
}

base::StatusOr<v1::CheckCallerResponse> CallerCheck::Check(
    const v1::CheckCallerRequest& request) const {
  switch (request.credential_case()) {
    case v1::CheckCallerRequest::kBearer:
      return CheckBearer(request.bearer());
    case v1::CheckCallerRequest::kCertificate:
      return CheckCertificate(request.certificate());
    case v1::CheckCallerRequest::kActor: {
      RETURN_IF_ERROR(book_.CheckActor(request.actor(), clock_.Now()).status());
      v1::CheckCallerResponse response;
      response.set_actor(request.actor());
      return response;
    }
    case v1::CheckCallerRequest::CREDENTIAL_NOT_SET:
      break;
  }
  return base::InvalidArgument("no credential: send a token, a certificate's name or an actor");
}

base::StatusOr<v1::CheckCallerResponse> CallerCheck::CheckBearer(const std::string& token) const {
  if (token.starts_with(kTokenPrefix)) {
    ASSIGN_OR_RETURN(const IdentityBook::Record record, book_.CheckToken(token, clock_.Now()));
    return ToResponse(record);
  }
  if (issuers_.empty()) return Refused("what was sent is no token of this service");
  ASSIGN_OR_RETURN(const std::string name, UnverifiedIssuer(token));
  const auto issuer = std::find_if(issuers_.begin(), issuers_.end(),
                                   [&](const Issuer& one) { return one.config.issuer() == name; });
  if (issuer == issuers_.end()) return Refused("the issuer of the token is not in access.issuers");
  return CheckJwt(*issuer, token);
}

base::StatusOr<v1::CheckCallerResponse> CallerCheck::CheckJwt(const Issuer& issuer,
                                                              const std::string& token) const {
  const JwtExpectations expected{.issuer = issuer.config.issuer(),
                                 .audience = issuer.config.audience(),
                                 .max_lifetime = MaxLifetime(issuer.config)};
  ASSIGN_OR_RETURN(auto keys, issuer.keys->Keys());
  auto claims = VerifyJwt(token, keys, expected, clock_.Now());
  if (!claims.ok() && issuer.keys->Renew()) {
    ASSIGN_OR_RETURN(keys, issuer.keys->Keys());
    claims = VerifyJwt(token, keys, expected, clock_.Now());
  }
  RETURN_IF_ERROR(claims.status());
  ASSIGN_OR_RETURN(v1::CheckCallerResponse response, ApplyClaimRules(issuer.config, *claims));
  response.set_actor(issuer.config.name() + "/" + claims->subject);
  RETURN_IF_ERROR(book_.CheckActor(response.actor(), clock_.Now()).status());
  *response.mutable_expires_at() = shared::ToTimestamp(claims->expires_at);
  return response;
}

base::StatusOr<v1::CheckCallerResponse> CallerCheck::CheckCertificate(
    const std::string& name) const {
  ASSIGN_OR_RETURN(const auto listed, book_.CheckActor(name, clock_.Now()));
  // A certificate that bears the name of a token is not the token.
  if (listed && listed->kind() != v1::Identity::CERTIFICATE) {
    return Refused("the certificate's name is that of a token");
  }
  if (listed) return ToResponse(*listed);
  const std::size_t colon = name.find(':');
  const privacy::v1::Role role = ParseRoleWord(std::string_view(name).substr(0, colon));
  if (colon == name.npos || role == privacy::v1::ROLE_UNSPECIFIED) {
    return Refused("the certificate's name has no role");
  }
  if (listed_certificates_only_ && role != privacy::v1::INTERNAL_SERVICE) {
    return Refused("the certificate is not in the list (access.listed_certificates_only)");
  }
  v1::CheckCallerResponse response;
  response.set_actor(name);
  response.set_role(role);
  if (role == privacy::v1::LABORATORY) {
    response.mutable_scope()->add_laboratory_ids(name.substr(colon + 1));
  } else {
    response.mutable_scope()->set_everything(true);
  }
  return response;
}

}  // namespace belgrand::compliance
