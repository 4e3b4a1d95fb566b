#include "services/compliance/access_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compliance/access_scope.h"
#include "compliance/identity_book.h"
#include "compliance/jwt.h"
#include "platform/base/file.h"
#include "platform/http/client.h"

namespace belgrand::compliance {
namespace {

constexpr std::int64_t kMinLifetimeSeconds = 60;
constexpr std::int64_t kMaxLifetimeSeconds = 7 * 86'400;

bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

class Checker {
 public:
  std::vector<std::string> Run(const config::v1::Access& access) {
    if (!access.issuers().empty() && !access.tokens()) {
      Report("access.issuers", "tokens of issuers are tokens; set access.tokens to true too");
    }
    std::set<std::string> names;
    std::set<std::string> issuers;
    for (int i = 0; i < access.issuers_size(); ++i) {
      const auto& issuer = access.issuers(i);
      const std::string field = fmt::format("access.issuers[{}]", i);
      CheckIssuer(field, issuer);
      if (!names.insert(issuer.name()).second) {
        Report(field + ".name",
               "another issuer has this name; its people would be taken for these");
      }
      if (!issuers.insert(issuer.issuer()).second) {
        Report(field + ".issuer", "another entry is for this issuer; write one with all its rules");
      }
    }
    return std::move(problems_);
  }

 private:
  void Report(const std::string& field, const std::string& what) {
    problems_.push_back(fmt::format("{}: {}", field, what));
  }

  void CheckIssuer(const std::string& field, const config::v1::Issuer& issuer) {
    if (!IsName(issuer.name())) {
      Report(field + ".name",
             fmt::format("'{}' is not 1 to 32 of a-z, 0-9 and hyphens", issuer.name()));
    }
    if (issuer.issuer().empty())
      Report(field + ".issuer", "is missing; copy it from the claim iss");
    if (issuer.audience().empty()) {
      Report(field + ".audience", "is missing; without it any token of the issuer would do");
    }
    CheckKeys(field, issuer);
    if (issuer.has_max_lifetime() && (issuer.max_lifetime().seconds() < kMinLifetimeSeconds ||
                                      issuer.max_lifetime().seconds() > kMaxLifetimeSeconds)) {
      Report(field + ".max_lifetime", fmt::format("{} s is not between one minute and seven days",
                                                  issuer.max_lifetime().seconds()));
    }
    if (issuer.rules().empty()) {
      Report(field + ".rules", "is empty; without a rule nobody has a role");
    }
    for (int i = 0; i < issuer.rules_size(); ++i) {
      CheckRule(fmt::format("{}.rules[{}]", field, i), issuer, issuer.rules(i));
    }
  }

  void CheckKeys(const std::string& field, const config::v1::Issuer& issuer) {
    if (issuer.jwks_file().empty()) {
      const base::Status url = http::CheckUrl(issuer.issuer());
      if (!url.ok()) {
        Report(field + ".issuer", fmt::format("{}; or give jwks_file", base::Message(url)));
      }
      return;
    }
    const auto text = base::ReadFile(issuer.jwks_file(), kMaxJwksBytes);
    const base::Status keys = text.ok() ? ParseJwks(*text).status() : text.status();
    if (!keys.ok()) Report(field + ".jwks_file", base::Message(keys));
  }

  void CheckRule(const std::string& field, const config::v1::Issuer& issuer,
                 const config::v1::ClaimRule& rule) {
    if (rule.claim().empty() || rule.value().empty()) {
      Report(field, "claim and value are both needed; together they say whom the rule is for");
    }
    const privacy::v1::Role role = ParseRoleWord(rule.role());
    if (role == privacy::v1::ROLE_UNSPECIFIED || role == privacy::v1::INTERNAL_SERVICE ||
        role == privacy::v1::SENSOR_GATEWAY) {
      Report(field + ".role",
             fmt::format("'{}' is none of laboratory, official, dpo, operator", rule.role()));
    }
    v1::AccessScope scope;
    scope.set_everything(rule.everything());
    *scope.mutable_laboratory_ids() = rule.laboratory_ids();
    *scope.mutable_site_ids() = rule.site_ids();
    *scope.mutable_district_ids() = rule.district_ids();
    const bool by_claim = !issuer.laboratory_claim().empty() || !issuer.site_claim().empty() ||
                          !issuer.district_claim().empty();
    const bool names_nothing = AccessScope(scope).Empty();
    if (!names_nothing || !by_claim) {
      if (const base::Status checked = CheckScope(scope); !checked.ok()) {
        Report(field, base::Message(checked));
      }
    }
    if (role != privacy::v1::LABORATORY) return;
    if (rule.everything() || (rule.laboratory_ids().empty() && issuer.laboratory_claim().empty())) {
      Report(field, "a laboratory speaks for itself; give laboratory_ids or laboratory_claim");
    }
    if (!rule.district_ids().empty() || !issuer.district_claim().empty()) {
      Report(field, "a laboratory is limited by laboratory and site, not by district");
    }
  }

  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> CheckAccessConfig(const config::v1::Access& access) {
  return Checker().Run(access);
}

}  // namespace belgrand::compliance
