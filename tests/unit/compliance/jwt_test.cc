#include "compliance/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/compliance/jwt_fixture.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::belgrand::testing::TestIssuer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr base::StatusCode kRefused = base::StatusCode::kUnauthenticated;
// 2026-01-01
constexpr std::int64_t kNow = 1'767'225'600;

class JwtTest : public ::testing::Test {
 protected:
  static std::string Claims(std::string_view more = "", std::int64_t expires_in = 600,
                            std::int64_t issued_ago = 10) {
    return fmt::format(
        R"({{"iss":"https://login.example","aud":"belgrand","sub":"4711","iat":{},"exp":{}{}}})",
        kNow - issued_ago, kNow + expires_in, more);
  }
  base::StatusOr<JwtClaims> Verify(const std::string& token) const {
    return VerifyJwt(token, keys_, expected_, now_);
  }

  const TestIssuer issuer_;
  std::vector<JwtKey> keys_ = ParseJwks(issuer_.Jwks()).value();
  JwtExpectations expected_{.issuer = "https://login.example", .audience = "belgrand"};
  base::Instant now_{std::chrono::seconds(kNow)};
};

TEST_F(JwtTest, TellsWhoItIsAndUntilWhen) {
  const auto claims = Verify(issuer_.Sign(
      Claims(R"(,"groups":["a","b"],"realm_access":{"roles":["official"]},"n":[1],"name":"x")")));
  ASSERT_OK(claims);
  EXPECT_EQ(claims->subject, "4711");
  EXPECT_EQ(claims->expires_at, now_ + std::chrono::seconds(600));
  EXPECT_THAT(claims->texts.at("groups"), ElementsAre("a", "b"));
  EXPECT_TRUE(claims->Has("realm_access.roles", "official"));
  EXPECT_FALSE(claims->Has("realm_access.roles", "offici"));
  EXPECT_TRUE(claims->Has("name", "x"));
  EXPECT_FALSE(claims->texts.contains("n"));
}

TEST_F(JwtTest, TheHeaderCannotChooseHowItIsVerified) {
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"none","kid":"one"})", R"({"alg":"HS256","kid":"one"})",
        R"({"alg":"RS256","kid":"one"})", R"({"alg":"eddsa","kid":"one"})", R"({"kid":"one"})",
        R"({"alg":"EdDSA","kid":"two"})", R"({"alg":"EdDSA","kid":1})",
        R"({"alg":"EdDSA","kid":"one","crit":["exp"]})", R"({"alg":"EdDSA","typ":"JWE"})",
        R"({"alg":"EdDSA","alg":"EdDSA"})", "[]", "{", ""}) {
    EXPECT_THAT(Verify(issuer_.Sign(Claims(), header)), StatusIs(kRefused, HasSubstr("")))
        << header;
  }
  EXPECT_OK(Verify(issuer_.Sign(Claims(), R"({"alg":"EdDSA"})"))) << "the issuer has one key";
}

TEST_F(JwtTest, AnotherKeyAndEveryChangedCharacterAreRefused) {
  EXPECT_FALSE(Verify(TestIssuer('\x08').Sign(Claims())).ok());
  const std::string token = issuer_.Sign(Claims());
  ASSERT_OK(Verify(token));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string other = token;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(Verify(other).ok()) << "character " << i;
    EXPECT_FALSE(Verify(token.substr(0, i)).ok()) << "cut at " << i;
  }
  EXPECT_FALSE(Verify(token + "=").ok());
  EXPECT_FALSE(Verify(token + ".").ok());
  EXPECT_FALSE(Verify(token + ".x").ok());
  EXPECT_THAT(Verify(std::string(kMaxJwtBytes + 1, 'x')), StatusIs(kRefused, HasSubstr("8 KiB")));
}

TEST_F(JwtTest, IsForThisServiceFromThisIssuerOnly) {
  expected_.audience = "other";
  EXPECT_THAT(Verify(issuer_.Sign(Claims())), StatusIs(kRefused, HasSubstr("audience")));
  EXPECT_OK(Verify(issuer_.Sign(fmt::format(
      R"({{"iss":"https://login.example","aud":["a","other"],"sub":"1","iat":{0},"exp":{1}}})",
      kNow, kNow + 60))));
  EXPECT_FALSE(
      Verify(
          issuer_.Sign(fmt::format(
              R"({{"iss":"https://login.example","aud":[["other"]],"sub":"1","iat":{0},"exp":{1}}})",
              kNow, kNow + 60)))
          .ok());
  expected_ = {.issuer = "https://login.example/", .audience = "belgrand"};
  EXPECT_THAT(Verify(issuer_.Sign(Claims())), StatusIs(kRefused, HasSubstr("another issuer")));
}

TEST_F(JwtTest, HoldsOnlyBetweenItsDates) {
  EXPECT_THAT(Verify(issuer_.Sign(Claims("", 0))), StatusIs(kRefused, HasSubstr("expired")));
  EXPECT_OK(Verify(issuer_.Sign(Claims("", 1))));
  EXPECT_OK(Verify(issuer_.Sign(Claims("", 600, -30)))) << "clocks differ a little";
  EXPECT_THAT(Verify(issuer_.Sign(Claims("", 600, -31))), StatusIs(kRefused, HasSubstr("future")));
  EXPECT_THAT(Verify(issuer_.Sign(Claims(fmt::format(R"(,"nbf":{})", kNow + 31)))),
              StatusIs(kRefused, HasSubstr("not valid yet")));
  EXPECT_OK(Verify(issuer_.Sign(Claims(fmt::format(R"(,"nbf":{})", kNow + 30)))));
  EXPECT_THAT(Verify(issuer_.Sign(Claims(R"(,"nbf":"soon")"))),
              StatusIs(kRefused, HasSubstr("nbf")));
  EXPECT_THAT(Verify(issuer_.Sign(Claims("", 86'400, 1))),
              StatusIs(kRefused, HasSubstr("max_lifetime")));
  EXPECT_OK(Verify(issuer_.Sign(Claims("", 86'400, 0))));
  for (const char* exp : {R"("never")", "1e300", "-1", "null", "true"}) {
    EXPECT_THAT(
        Verify(issuer_.Sign(fmt::format(
            R"({{"iss":"https://login.example","aud":"belgrand","sub":"1","iat":{},"exp":{}}})",
            kNow, exp))),
        StatusIs(kRefused, HasSubstr("exp")))
        << exp;
  }
}

TEST_F(JwtTest, RefusesNamesThatStandTwiceAndSubjectsThatCannotBeNamed) {
  EXPECT_FALSE(Verify(issuer_.Sign(Claims(R"(,"sub":"4712")"))).ok());
  EXPECT_FALSE(Verify(issuer_.Sign(Claims(R"(,"a":{"b":1,"b":2})"))).ok());
  EXPECT_FALSE(
      Verify(issuer_.Sign(Claims(",\"a\":" + std::string(20, '[') + std::string(20, ']')))).ok())
      << "too deep";
  for (const std::string& subject :
       std::vector<std::string>{"", " ", "a b", "é", std::string(129, 'x')}) {
    EXPECT_THAT(
        Verify(issuer_.Sign(fmt::format(
            R"({{"iss":"https://login.example","aud":"belgrand","sub":"{}","iat":{},"exp":{}}})",
            subject, kNow, kNow + 60))),
        StatusIs(kRefused, HasSubstr("sub")))
        << subject;
  }
}

TEST_F(JwtTest, SaysWhoseKeysToAskFor) {
  EXPECT_EQ(UnverifiedIssuer(issuer_.Sign(Claims())).value(), "https://login.example");
  EXPECT_FALSE(UnverifiedIssuer(issuer_.Sign("{}")).ok());
  EXPECT_FALSE(UnverifiedIssuer("a.b.c").ok());
}

TEST(JwksTest, TakesTheKeysThatVerifyAndPassesOverOthers) {
  const auto keys = ParseJwks(
      R"({"keys":[
        {"kty":"oct","k":"AAAA","kid":"secret"},
        {"kty":"EC","crv":"P-384","x":"AA","y":"AA"},
        {"kty":"EC","crv":"P-256","kid":"enc","use":"enc","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty":"OKP","crv":"Ed25519","alg":"RS256","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  ASSERT_OK(keys);
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0].key.algorithm(), crypto::SignatureAlgorithm::kEs256);
  EXPECT_EQ((*keys)[1].key.algorithm(), crypto::SignatureAlgorithm::kEdDsa);
}

TEST(JwksTest, RefusesSetsThatCannotBeUsed) {
  const std::string key =
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
  for (const std::string& set :
       {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"keys":1})"),
        std::string(R"({"keys":[]})"), std::string(R"({"keys":[1]})"),
        R"({"keys":[)" + key + "," + key + "]}",
        R"({"keys":[)" + key + R"(],"keys":[)" + key + "]}", std::string(kMaxJwksBytes + 1, ' ')}) {
    EXPECT_THAT(ParseJwks(set), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("key set")))
        << set.substr(0, 80);
  }
}

}  // namespace
}  // namespace belgrand::compliance
