// The identity half of the compliance role: the service, who a credential stands for, issuers'
// keys.
#include <gmock/gmock.h>

#include "belgrand/compliance/v1/identity.grpc.pb.h"
#include "platform/base/file.h"
#include "services/compliance/access_check.h"
#include "services/compliance/caller_check.h"
#include "services/compliance/issuer_keys.h"
#include "tests/unit/compliance/jwt_fixture.h"
#include "tests/unit/services/compliance_fixture.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::belgrand::testing::TestIssuer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr base::StatusCode kRefused = base::StatusCode::kUnauthenticated;

config::v1::Issuer City() {
  config::v1::Issuer issuer;
  issuer.set_name("city");
  issuer.set_issuer("https://login.example");
  issuer.set_audience("belgrand");
  auto& officials = *issuer.add_rules();
  officials.set_claim("groups");
  officials.set_value("health");
  officials.set_role("official");
  auto& operators = *issuer.add_rules();
  operators.set_claim("groups");
  operators.set_value("it");
  operators.set_role("operator");
  operators.set_everything(true);
  issuer.set_district_claim("districts");
  return issuer;
}

class ComplianceIdentityTest : public testing::ComplianceFixture {
 protected:
  using Identities = v1::IdentityService::Stub;

  void SetUp() override {
    access_.set_tokens(true);
    auto issuer = City();
    issuer.set_jwks_file((dir_.path() / "jwks.json").string());
    ASSERT_OK(base::WriteFileAtomically(issuer.jwks_file(), issuer_.Jwks()));
    *access_.add_issuers() = issuer;
    Begin();
  }

  template <typename Request, typename Response>
  base::Status Ask(grpc::Status (Identities::*method)(grpc::ClientContext*, const Request&,
                                                      Response*),
                   const Request& request, Response* response) {
    const auto stub = v1::IdentityService::NewStub(server_->InProcessChannel());
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(30));
    return rpc::FromGrpc(((*stub).*method)(&context, request, response));
  }

  v1::CreateIdentityResponse Create(privacy::v1::Role role = privacy::v1::HEALTH_OFFICIAL) {
    v1::CreateIdentityRequest request;
    request.set_kind(v1::Identity::TOKEN);
    request.set_owner("A. Official");
    request.set_role(role);
    request.mutable_scope()->add_district_ids("north");
    v1::CreateIdentityResponse response;
    EXPECT_OK(Ask(&Identities::CreateIdentity, request, &response));
    return response;
  }

  base::StatusOr<v1::CheckCallerResponse> Check(const v1::CheckCallerRequest& request) {
    v1::CheckCallerResponse response;
    RETURN_IF_ERROR(Ask(&Identities::CheckCaller, request, &response));
    return response;
  }
  base::StatusOr<v1::CheckCallerResponse> CheckBearer(const std::string& token) {
    v1::CheckCallerRequest request;
    request.set_bearer(token);
    return Check(request);
  }
  base::StatusOr<v1::CheckCallerResponse> CheckCertificate(const std::string& name) {
    v1::CheckCallerRequest request;
    request.set_certificate(name);
    return Check(request);
  }
  base::Status Revoke(const std::string& actor) {
    v1::RevokeIdentityRequest request;
    request.set_actor(actor);
    v1::RevokeIdentityResponse response;
    return Ask(&Identities::RevokeIdentity, request, &response);
  }
  std::string Jwt(const std::string& more) const {
    const std::int64_t now = base::ToMicros(clock_.Now()) / 1'000'000;
    return issuer_.Sign(fmt::format(
        R"({{"iss":"https://login.example","aud":"belgrand","sub":"4711","iat":{},"exp":{}{}}})",
        now, now + 600, more));
  }

  const TestIssuer issuer_;
};

TEST_F(ComplianceIdentityTest, AnIssuedTokenIsItsOwnerUntilItIsRevokedOverRestarts) {
  const auto created = Create();
  EXPECT_EQ(created.identity().owner(), "A. Official");
  for (int i = 0; i < 2; ++i) {
    const auto caller = CheckBearer(created.token());
    ASSERT_OK(caller);
    EXPECT_EQ(caller->actor(), created.identity().actor());
    EXPECT_EQ(caller->role(), privacy::v1::HEALTH_OFFICIAL);
    EXPECT_THAT(caller->scope().district_ids(), ElementsAre("north"));
    Restart();
  }
  ASSERT_OK(Revoke(created.identity().actor()));
  EXPECT_THAT(CheckBearer(created.token()), StatusIs(kRefused, HasSubstr("revoked")));
  Restart();
  EXPECT_THAT(CheckBearer(created.token()), StatusIs(kRefused, HasSubstr("revoked")));
  v1::ListIdentitiesResponse list;
  ASSERT_OK(Ask(&Identities::ListIdentities, v1::ListIdentitiesRequest(), &list));
  ASSERT_EQ(list.identities_size(), 1);
  EXPECT_TRUE(list.identities(0).has_revoked_at());
}

TEST_F(ComplianceIdentityTest, TheAuditLogNamesNoOwner) {
  const std::uint64_t before = 1;
  const auto created = Create();
  bool found = false;
  for (const auto& entry : Read(before, 100)) {
    EXPECT_EQ(entry.SerializeAsString().find("A. Official"), std::string::npos);
    EXPECT_EQ(entry.SerializeAsString().find(created.token()), std::string::npos);
    found = found || entry.object_ref() == created.identity().actor();
  }
  EXPECT_TRUE(found) << "by its random name";
}

TEST_F(ComplianceIdentityTest, ACertificateIsWhoItSaysWithTheScopeItHas) {
  EXPECT_TRUE(CheckCertificate("official:town")->scope().everything());
  EXPECT_THAT(CheckCertificate("laboratory:a")->scope().laboratory_ids(), ElementsAre("a"));
  v1::CreateIdentityRequest request;
  request.set_kind(v1::Identity::CERTIFICATE);
  request.set_certificate("official/town");
  request.set_owner("Town hall");
  request.mutable_scope()->add_district_ids("north");
  v1::CreateIdentityResponse response;
  ASSERT_OK(Ask(&Identities::CreateIdentity, request, &response));
  EXPECT_TRUE(response.token().empty());
  EXPECT_THAT(CheckCertificate("official:town")->scope().district_ids(), ElementsAre("north"));
  ASSERT_OK(Revoke("official:town"));
  ASSERT_OK(Revoke("laboratory:a"));
  EXPECT_THAT(CheckCertificate("official:town"), StatusIs(kRefused, HasSubstr("revoked")));
  EXPECT_THAT(CheckCertificate("laboratory:a"), StatusIs(kRefused, HasSubstr("revoked")));
  EXPECT_OK(CheckCertificate("laboratory:b"));
  EXPECT_THAT(CheckCertificate("mayor:x"), StatusIs(kRefused, HasSubstr("role")));
  const auto created = Create();
  EXPECT_THAT(CheckCertificate(created.identity().actor()),
              StatusIs(kRefused, HasSubstr("that of a token")));
}

TEST_F(ComplianceIdentityTest, OnlyListedCertificatesWhereThatIsConfigured) {
  End();
  access_.set_listed_certificates_only(true);
  Begin();
  EXPECT_THAT(CheckCertificate("laboratory:a"), StatusIs(kRefused, HasSubstr("not in the list")));
  EXPECT_OK(CheckCertificate("service:ingest"));
  v1::CreateIdentityRequest request;
  request.set_kind(v1::Identity::CERTIFICATE);
  request.set_certificate("laboratory/a");
  request.set_owner("Laboratory A");
  v1::CreateIdentityResponse response;
  ASSERT_OK(Ask(&Identities::CreateIdentity, request, &response));
  EXPECT_OK(CheckCertificate("laboratory:a"));
}

TEST_F(ComplianceIdentityTest, AnIssuersPersonIsWhatTheClaimsSay) {
  const auto official = CheckBearer(Jwt(R"(,"groups":["health"],"districts":["north","south"])"));
  ASSERT_OK(official);
  EXPECT_EQ(official->actor(), "city/4711");
  EXPECT_EQ(official->role(), privacy::v1::HEALTH_OFFICIAL);
  EXPECT_THAT(official->scope().district_ids(), ElementsAre("north", "south"));
  EXPECT_TRUE(official->has_expires_at());
  const auto operating = CheckBearer(Jwt(R"(,"groups":["it"])"));
  ASSERT_OK(operating);
  EXPECT_TRUE(operating->scope().everything());
  EXPECT_EQ(operating->role(), privacy::v1::SERVICE_OPERATOR);

  EXPECT_THAT(CheckBearer(Jwt(R"(,"groups":["sports"])")),
              StatusIs(kRefused, HasSubstr("no rule")));
  EXPECT_THAT(CheckBearer(Jwt(R"(,"groups":["health"])")),
              StatusIs(kRefused, HasSubstr("districts")));
  EXPECT_THAT(CheckBearer(Jwt(R"(,"groups":["health"],"districts":[])")),
              StatusIs(kRefused, HasSubstr("")));
  ASSERT_OK(Revoke("city/4711"));
  EXPECT_THAT(CheckBearer(Jwt(R"(,"groups":["it"])")), StatusIs(kRefused, HasSubstr("revoked")))
      << "whatever role the issuer gives";
}

TEST_F(ComplianceIdentityTest, TokensOfOthersAreRefused) {
  EXPECT_THAT(CheckBearer(TestIssuer('\x09').Sign(R"({"iss":"https://login.example"})")),
              StatusIs(kRefused, HasSubstr("signature")));
  EXPECT_THAT(CheckBearer(issuer_.Sign(R"({"iss":"https://elsewhere.example"})")),
              StatusIs(kRefused, HasSubstr("access.issuers")));
  EXPECT_THAT(CheckBearer("x"), StatusIs(kRefused, HasSubstr("")));
  EXPECT_THAT(Check({}), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("credential")));
}

TEST_F(ComplianceIdentityTest, RetentionCountsTheRecordsOfTokens) {
  Create();
  clock_.Advance(std::chrono::hours(24 * 500));
  v1::PlanRetentionResponse plan;
  ASSERT_OK(Call(&Stub::PlanRetention, v1::PlanRetentionRequest(), &plan));
  bool found = false;
  for (const auto& line : plan.lines()) {
    if (line.record() != "belgrand.storage.v1.IdentityRecord") continue;
    found = true;
    EXPECT_EQ(line.expired(), 1U);
  }
  EXPECT_TRUE(found);
}

// An issuer that is asked over the network, without the network.
class IssuerKeysTest : public ::testing::Test {
 protected:
  IssuerKeys::Get Web() {
    return [this](const std::string& url) -> base::StatusOr<std::string> {
      ++asked_;
      if (away_) return base::Unavailable("away");
      if (url == "https://login.example/.well-known/openid-configuration") return document_;
      if (url == "https://keys.example/set") return TestIssuer().Jwks(kid_);
      return base::NotFound("{}", url);
    };
  }
  base::FakeClock clock_{*base::ParseInstant("2026-01-01")};
  std::string document_ =
      R"({"issuer":"https://login.example","jwks_uri":"https://keys.example/set"})";
  std::string kid_ = "one";
  bool away_ = false;
  int asked_ = 0;
};

TEST_F(IssuerKeysTest, AreFetchedSeldomAndStayWhileTheIssuerIsAway) {
  IssuerKeys keys(City(), clock_, Web());
  ASSERT_OK(keys.Keys());
  ASSERT_OK(keys.Keys());
  EXPECT_EQ(asked_, 2) << "once, both documents";
  EXPECT_FALSE(keys.Renew()) << "within a minute";
  EXPECT_EQ(asked_, 2);
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_FALSE(keys.Renew()) << "nothing new";
  EXPECT_EQ(asked_, 4);
  kid_ = "two";
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_TRUE(keys.Renew());
  EXPECT_EQ(keys.Keys().value()[0].id, "two");
  away_ = true;
  clock_.Advance(std::chrono::hours(5));
  EXPECT_EQ(keys.Keys().value()[0].id, "two");
}

TEST_F(IssuerKeysTest, AreUnknownUntilTheIssuerAnswersForItself) {
  away_ = true;
  IssuerKeys keys(City(), clock_, Web());
  EXPECT_THAT(keys.Keys(), StatusIs(base::StatusCode::kUnavailable, HasSubstr("city")));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(keys.Keys().ok());
  EXPECT_EQ(asked_, 1) << "asking again and again does not ask the issuer";
  away_ = false;
  document_ = R"({"issuer":"https://other.example","jwks_uri":"https://keys.example/set"})";
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_THAT(keys.Keys(), StatusIs(base::StatusCode::kUnavailable, HasSubstr("not of issuer")));
  document_ = R"({"issuer":"https://login.example","jwks_uri":"https://keys.example/set"})";
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_OK(keys.Keys());
}

TEST(AccessCheckTest, ReportsEveryProblem) {
  EXPECT_THAT(CheckAccessConfig({}), IsEmpty());
  config::v1::Access access;
  access.set_tokens(true);
  *access.add_issuers() = City();
  EXPECT_THAT(CheckAccessConfig(access), IsEmpty());
  const auto problems = [&](auto change) {
    config::v1::Access other = access;
    change(other);
    std::string text;
    for (const auto& problem : CheckAccessConfig(other)) text += problem + "\n";
    return text;
  };
  const auto issuer = [&](auto change) {
    return problems([&](config::v1::Access& a) { change(*a.mutable_issuers(0)); });
  };
  EXPECT_THAT(problems([](auto& a) { a.set_tokens(false); }), HasSubstr("access.issuers: "));
  EXPECT_THAT(problems([](auto& a) { *a.add_issuers() = a.issuers(0); }),
              HasSubstr("access.issuers[1].name: another"));
  EXPECT_THAT(issuer([](auto& i) { i.set_name("City/1"); }), HasSubstr("issuers[0].name: "));
  EXPECT_THAT(issuer([](auto& i) { i.clear_audience(); }), HasSubstr("issuers[0].audience: "));
  EXPECT_THAT(issuer([](auto& i) { i.set_issuer("http://login.example"); }),
              HasSubstr("goes to this machine only"));
  EXPECT_THAT(issuer([](auto& i) { i.set_jwks_file("/nowhere/jwks.json"); }),
              HasSubstr("issuers[0].jwks_file: "));
  EXPECT_THAT(issuer([](auto& i) { i.mutable_max_lifetime()->set_seconds(1); }),
              HasSubstr("max_lifetime: 1 s"));
  EXPECT_THAT(issuer([](auto& i) { i.clear_rules(); }), HasSubstr("rules: is empty"));
  EXPECT_THAT(issuer([](auto& i) { i.mutable_rules(0)->set_role("service"); }),
              HasSubstr("rules[0].role: 'service'"));
  EXPECT_THAT(issuer([](auto& i) { i.mutable_rules(0)->clear_value(); }),
              HasSubstr("rules[0]: claim and value"));
  EXPECT_THAT(issuer([](auto& i) { i.clear_district_claim(); }), HasSubstr("names nothing"));
  EXPECT_THAT(issuer([](auto& i) { i.mutable_rules(1)->add_site_ids("s"); }),
              HasSubstr("everything and 1 ids"));
  EXPECT_THAT(issuer([](auto& i) { i.mutable_rules(0)->set_role("laboratory"); }),
              HasSubstr("laboratory_claim"));
}

}  // namespace
}  // namespace belgrand::compliance
