// Who a credential stands for: a token of the list of identities, a token of a configured issuer,
// or the name in a certificate, and whether anything is known against it.
//
// Thread safety: safe. Borrows the book and the clock.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "belgrand/compliance/v1/identity.pb.h"
#include "belgrand/config/v1/config.pb.h"
#include "compliance/identity_book.h"
#include "platform/base/clock.h"
#include "services/compliance/issuer_keys.h"

namespace belgrand::compliance {

class CallerCheck {
 public:
  CallerCheck(const config::v1::Access& access, const IdentityBook& book, const base::Clock& clock,
              const IssuerKeys::Get& get = nullptr);

  // Unauthenticated: nobody, or not any more. Unavailable: the keys of the issuer are not known.
  base::StatusOr<v1::CheckCallerResponse> Check(const v1::CheckCallerRequest& request) const;

 private:
  struct Issuer {
    config::v1::Issuer config;
    std::unique_ptr<IssuerKeys> keys;
  };
  base::StatusOr<v1::CheckCallerResponse> CheckBearer(const std::string& token) const;
  base::StatusOr<v1::CheckCallerResponse> CheckJwt(const Issuer& issuer,
                                                   const std::string& token) const;
  base::StatusOr<v1::CheckCallerResponse> CheckCertificate(const std::string& name) const;

  const bool listed_certificates_only_;
  const IdentityBook& book_;
  const base::Clock& clock_;
  std::vector<Issuer> issuers_;
};

// What the claims of a token mean by the issuer's rules: role and scope. Unauthenticated: nothing.
base::StatusOr<v1::CheckCallerResponse> ApplyClaimRules(const config::v1::Issuer& issuer,
                                                        const JwtClaims& claims);

}  // namespace belgrand::compliance
