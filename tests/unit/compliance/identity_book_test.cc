#include "compliance/identity_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "compliance/access_scope.h"
#include "compliance/retention.h"
#include "compliance/token.h"
#include "platform/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using privacy::v1::HEALTH_OFFICIAL;
using privacy::v1::LABORATORY;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr base::StatusCode kRefused = base::StatusCode::kUnauthenticated;
constexpr base::Duration kDay = std::chrono::hours(24);

v1::AccessScope District(const std::string& id) {
  v1::AccessScope scope;
  scope.add_district_ids(id);
  return scope;
}
v1::AccessScope Laboratory(const std::string& id) {
  v1::AccessScope scope;
  scope.add_laboratory_ids(id);
  return scope;
}

class IdentityBookTest : public ::testing::Test {
 protected:
  IdentityBookTest() { Reopen(); }
  void Reopen() {
    book_.reset();
    auto opened = IdentityBook::Open(file_);
    ASSERT_OK(opened);
    book_ = *std::move(opened);
  }
  IdentityBook::Issued Issue(base::Duration lifetime = kDay) {
    return book_->IssueToken("A. Official", HEALTH_OFFICIAL, District("north"), lifetime, now_)
        .value();
  }

  const belgrand::testing::TempDir directory_;
  const std::filesystem::path file_ = directory_.path() / "identities.bin";
  base::Instant now_ = *base::ParseInstant("2026-01-01");
  std::unique_ptr<IdentityBook> book_;
};

TEST_F(IdentityBookTest, ATokenIsGoodUntilItExpiresAndOverRestarts) {
  const auto issued = Issue();
  for (int i = 0; i < 2; ++i) {
    const auto record = book_->CheckToken(issued.token, now_ + kDay - base::Duration(1));
    ASSERT_OK(record);
    EXPECT_EQ(record->role(), HEALTH_OFFICIAL);
    EXPECT_EQ(record->scope().district_ids(0), "north");
    EXPECT_THAT(book_->CheckToken(issued.token, now_ + kDay),
                StatusIs(kRefused, HasSubstr("expired")));
    Reopen();
  }
}

TEST_F(IdentityBookTest, NothingOnDiskIsAToken) {
  const auto issued = Issue();
  const std::string bytes = base::ReadFile(file_).value();
  const Token token = ParseToken(issued.token).value();
  EXPECT_THAT(bytes, Not(HasSubstr(token.secret)));
  EXPECT_THAT(bytes, Not(HasSubstr(issued.token.substr(26, 20)))) << "nor in hexadecimal";
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(IdentityBookTest, ARevokedTokenIsRefusedAtOnceAndForEver) {
  const auto issued = Issue();
  const auto other = Issue();
  ASSERT_OK(book_->Revoke(issued.record.actor(), now_));
  ASSERT_OK(book_->Revoke(issued.record.actor(), now_ + kDay));
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(book_->CheckToken(issued.token, now_), StatusIs(kRefused, HasSubstr("revoked")));
    EXPECT_THAT(book_->CheckActor(issued.record.actor(), now_), StatusIs(kRefused, HasSubstr("")));
    EXPECT_OK(book_->CheckToken(other.token, now_));
    Reopen();
  }
}

TEST_F(IdentityBookTest, CertificatesAndIssuersPeopleAreRevokedByName) {
  EXPECT_FALSE(book_->CheckActor("laboratory:north", now_).value().has_value());
  ASSERT_OK(book_->Revoke("laboratory:north", now_));
  ASSERT_OK(book_->Revoke("city/4711", now_));
  Reopen();
  EXPECT_FALSE(book_->CheckActor("laboratory:north", now_ + 5000 * kDay).ok());
  EXPECT_FALSE(book_->CheckActor("city/4711", now_).ok());
  EXPECT_OK(book_->CheckActor("city/4712", now_));
  ASSERT_OK(book_->ApplyExpiry(now_ + 5000 * kDay));
  EXPECT_FALSE(book_->CheckActor("laboratory:north", now_).ok()) << "it could still be shown";
}

TEST_F(IdentityBookTest, RefusesWhatIsNoActor) {
  for (const char* actor :
       {"", "north", "mayor:x", "laboratory:", ":x", "/x", "city/", "a b:c", "laboratory:no rth"}) {
    EXPECT_THAT(book_->Revoke(actor, now_),
                StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("")))
        << actor;
  }
  EXPECT_THAT(book_->Revoke("official:0123456789abcdef", now_),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("no token")));
}

TEST_F(IdentityBookTest, RefusesTokensThatNobodyShouldHave) {
  const auto issue = [&](std::string_view owner, privacy::v1::Role role,
                         const v1::AccessScope& scope, base::Duration lifetime) {
    return book_->IssueToken(owner, role, scope, lifetime, now_).status().code();
  };
  constexpr auto kBad = base::StatusCode::kInvalidArgument;
  v1::AccessScope all;
  all.set_everything(true);
  EXPECT_EQ(issue("", HEALTH_OFFICIAL, all, kDay), kBad);
  EXPECT_EQ(issue(std::string(201, 'x'), HEALTH_OFFICIAL, all, kDay), kBad);
  EXPECT_EQ(issue("x", HEALTH_OFFICIAL, {}, kDay), kBad) << "no scope";
  EXPECT_EQ(issue("x", HEALTH_OFFICIAL, all, kDay * 91), kBad);
  EXPECT_EQ(issue("x", HEALTH_OFFICIAL, all, std::chrono::seconds(59)), kBad);
  EXPECT_EQ(issue("x", HEALTH_OFFICIAL, all, -kDay), kBad);
  EXPECT_EQ(issue("x", privacy::v1::INTERNAL_SERVICE, all, kDay), kBad);
  EXPECT_EQ(issue("x", privacy::v1::ROLE_UNSPECIFIED, all, kDay), kBad);
  EXPECT_EQ(issue("x", LABORATORY, all, kDay), kBad) << "it would speak for all";
  EXPECT_EQ(issue("x", LABORATORY, District("north"), kDay), kBad);
  auto both = Laboratory("a");
  both.set_everything(true);
  EXPECT_EQ(issue("x", HEALTH_OFFICIAL, both, kDay), kBad);
  EXPECT_TRUE(book_->List().empty());
  EXPECT_EQ(issue("x", LABORATORY, Laboratory("a"), kDay), base::StatusCode::kOk);
}

TEST_F(IdentityBookTest, ACertificateOfALaboratorySpeaksForItselfOnly) {
  EXPECT_FALSE(book_->ListCertificate("laboratory/a", "x", Laboratory("b"), now_).ok());
  const auto record = book_->ListCertificate("laboratory/a", "x", {}, now_);
  ASSERT_OK(record);
  EXPECT_EQ(record->scope().laboratory_ids(0), "a");
  EXPECT_THAT(book_->ListCertificate("laboratory/a", "x", {}, now_),
              StatusIs(base::StatusCode::kAlreadyExists, HasSubstr("")));
  for (const char* name : {"laboratory", "laboratory/", "/a", "mayor/a", "official/a/b", ""}) {
    EXPECT_FALSE(book_->ListCertificate(name, "x", District("d"), now_).ok()) << name;
  }
}

TEST_F(IdentityBookTest, RecordsOfTokensGoAYearAfterTheyEnded) {
  const auto issued = Issue();
  EXPECT_EQ(book_->PlanExpiry(now_ + 365 * kDay).value()[0].expired(), 0U);
  EXPECT_EQ(book_->PlanExpiry(now_ + 367 * kDay).value()[0].expired(), 1U);
  EXPECT_EQ(book_->ApplyExpiry(now_ + 367 * kDay).value()[0].expired(), 1U);
  EXPECT_EQ(book_->ApplyExpiry(now_ + 367 * kDay).value()[0].expired(), 0U);
  Reopen();
  EXPECT_TRUE(book_->List().empty());
  EXPECT_THAT(book_->CheckToken(issued.token, now_), StatusIs(kRefused, HasSubstr("unknown")));
}

TEST_F(IdentityBookTest, ARevocationIsInForceThoughTheDiskRefuses) {
  const auto issued = Issue();
  std::filesystem::permissions(
      directory_.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  if (base::WriteFileAtomically(directory_.path() / "probe", "x").ok()) {
    // A super-user writes everywhere; put a directory where the file goes instead.
    std::filesystem::permissions(directory_.path(), std::filesystem::perms::owner_all);
    std::filesystem::remove(file_);
    std::filesystem::create_directory(file_);
    std::filesystem::create_directory(file_ / "full");
  }
  EXPECT_FALSE(book_->Revoke(issued.record.actor(), now_).ok());
  EXPECT_FALSE(book_->CheckToken(issued.token, now_).ok());
  std::filesystem::permissions(directory_.path(), std::filesystem::perms::owner_all);
  std::filesystem::remove_all(file_);
  ASSERT_OK(book_->Revoke(issued.record.actor(), now_)) << "again, when the disk is well";
  Reopen();
  EXPECT_THAT(book_->CheckToken(issued.token, now_), StatusIs(kRefused, HasSubstr("revoked")));
}

TEST_F(IdentityBookTest, ADamagedFileIsRefusedWhole) {
  Issue();
  const std::string bytes = base::ReadFile(file_).value();
  ASSERT_OK(DecodeIdentities(bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string other = bytes;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(DecodeIdentities(other).ok()) << "byte " << i;
    EXPECT_FALSE(DecodeIdentities(bytes.substr(0, i)).ok()) << "cut at " << i;
  }
  EXPECT_FALSE(DecodeIdentities(bytes + "x").ok());
  book_.reset();
  ASSERT_OK(base::WriteFileAtomically(file_, bytes.substr(1)));
  EXPECT_THAT(IdentityBook::Open(file_),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("identities.bin")));
}

TEST(TokenTest, HasOneSpelling) {
  const std::string text = FormatToken(NewToken());
  EXPECT_TRUE(text.starts_with("belgrand_"));
  EXPECT_EQ(FormatToken(ParseToken(text).value()), text);
  EXPECT_NE(text, FormatToken(NewToken()));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = other[i] == '0' ? '1' : '0';
    EXPECT_THAT(ParseToken(other), StatusIs(kRefused, Not(HasSubstr(other.substr(30, 20))))) << i;
    EXPECT_FALSE(ParseToken(text.substr(0, i)).ok()) << i;
  }
  EXPECT_FALSE(ParseToken(text + "0").ok());
  EXPECT_FALSE(ParseToken(" " + text).ok());
}

TEST(AccessScopeTest, HoldsWhatItNamesAndNothingWithoutAName) {
  const AccessScope nothing;
  EXPECT_FALSE(nothing.HoldsLaboratory("a"));
  EXPECT_FALSE(nothing.HoldsPlace("s", {}));
  EXPECT_FALSE(nothing.HoldsDistrict("d"));
  const AccessScope all = AccessScope::Everything();
  EXPECT_TRUE(all.HoldsLaboratory("a") && all.HoldsPlace("s", {}) && all.HoldsDistrict("d"));

  const std::vector<std::string> north = {"north"};
  const std::vector<std::string> both = {"south", "north"};
  v1::AccessScope proto = District("north");
  const AccessScope district(proto);
  EXPECT_TRUE(district.HoldsPlace("s", north) && district.HoldsPlace("s", both));
  EXPECT_FALSE(district.HoldsPlace("s", {}));
  EXPECT_FALSE(district.HoldsPlace("north", {})) << "a site of the same name is not the district";
  EXPECT_TRUE(district.HoldsDistrict("north") && district.HoldsLaboratory("any"));
  EXPECT_FALSE(district.HoldsDistrict("south"));

  proto.add_site_ids("s1");
  proto.add_laboratory_ids("a");
  const AccessScope mixed(proto);
  EXPECT_TRUE(mixed.HoldsPlace("s1", {}) && mixed.HoldsPlace("s2", north));
  EXPECT_FALSE(mixed.HoldsPlace("s2", {}));
  EXPECT_TRUE(mixed.HoldsLaboratory("a"));
  EXPECT_FALSE(mixed.HoldsLaboratory("b"));
  EXPECT_FALSE(mixed.HoldsDistrict("north")) << "a district's state is made of every laboratory";
  EXPECT_EQ(mixed.OnlyLaboratory(), "a");
}

// Random operations against maps in memory, with restarts: the book is the model, at every instant.
TEST_F(IdentityBookTest, IsTheModelOverRandomOperationsAndRestarts) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  struct Known {
    std::string token;
    base::Instant expires;
    base::Instant ended;
    bool revoked = false;
  };
  std::map<std::string, Known> tokens;
  std::set<std::string> revoked_names;
  std::set<std::string> nameless;
  std::vector<std::string> gone;  // tokens whose record was dropped
  const auto pick = [&] {
    auto it = tokens.begin();
    std::advance(it, static_cast<long>(random() % tokens.size()));
    return it;
  };
  for (int step = 0; step < 600; ++step) {
    switch (random() % 9) {
      case 0:
      case 1: {
        const auto lifetime = kDay * (1 + static_cast<int>(random() % 90));
        const auto issued = Issue(lifetime);
        ASSERT_TRUE(tokens
                        .emplace(issued.record.actor(),
                                 Known{issued.token, now_ + lifetime, now_ + lifetime})
                        .second);
        break;
      }
      case 2: {
        if (tokens.empty()) break;
        const auto it = pick();
        ASSERT_OK(book_->Revoke(it->first, now_));
        if (!it->second.revoked) it->second.ended = std::min(now_, it->second.expires);
        it->second.revoked = true;
        break;
      }
      case 3: {
        const std::string name = "laboratory:l" + std::to_string(random() % 20);
        ASSERT_OK(book_->Revoke(name, now_));
        revoked_names.insert(name);
        break;
      }
      case 4:
        now_ += kDay * static_cast<int>(random() % 20);
        break;
      case 5:
        Reopen();
        break;
      case 7: {  // the owner of one token is erased, and nobody else
        if (tokens.empty()) break;
        const auto it = pick();
        const auto forgotten = book_->ForgetOwners(
            [&](const IdentityBook::Record& record) { return record.actor() == it->first; }, now_);
        ASSERT_OK(forgotten);
        ASSERT_EQ(*forgotten, nameless.insert(it->first).second ? 1U : 0U);
        if (*forgotten == 0) break;
        if (!it->second.revoked) it->second.ended = std::min(now_, it->second.expires);
        it->second.revoked = true;
        break;
      }
      case 6: {
        const auto lines = book_->ApplyExpiry(now_);
        ASSERT_OK(lines);
        std::uint64_t expected = 0;
        for (auto it = tokens.begin(); it != tokens.end();) {
          const auto a_year = AddDuration(it->second.ended, CalendarDuration{.months = 12});
          if (a_year <= now_) {
            ++expected;
            gone.push_back(it->second.token);
            it = tokens.erase(it);
          } else {
            ++it;
          }
        }
        ASSERT_EQ((*lines)[0].expired(), expected);
        break;
      }
      default:
        for (const auto& [actor, known] : tokens) {
          const bool good = !known.revoked && now_ < known.expires;
          ASSERT_EQ(book_->CheckToken(known.token, now_).ok(), good) << actor;
          ASSERT_EQ(book_->CheckActor(actor, now_).ok(), good) << actor;
        }
        for (const std::string& token : gone) ASSERT_FALSE(book_->CheckToken(token, now_).ok());
        for (int i = 0; i < 20; ++i) {
          const std::string name = "laboratory:l" + std::to_string(i);
          ASSERT_EQ(book_->CheckActor(name, now_).ok(), !revoked_names.contains(name)) << name;
        }
        ASSERT_EQ(book_->List().size(), tokens.size() + revoked_names.size());
        for (const auto& record : book_->List()) {
          if (!tokens.contains(record.actor())) continue;
          ASSERT_EQ(record.owner().empty(), nameless.contains(record.actor()));
        }
    }
  }
}

}  // namespace
}  // namespace belgrand::compliance
