// Owners of tokens and listed certificates, erased with the person.
#include "services/compliance/identity_holder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "compliance/access_scope.h"
#include "compliance/erasure_ledger.h"
#include "services/compliance/eraser.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr base::Duration kDay = std::chrono::hours(24);
constexpr char kName[] = "F. Nightingale";

class IdentityHolderTest : public ::testing::Test {
 protected:
  IdentityHolderTest() { Open(); }
  void Open() {
    holder_.reset();
    book_ = IdentityBook::Open(dir_.path() / "identities.bin").value();
    holds_ = HoldBook::Open(dir_.path() / "holds.bin").value();
    holder_ = std::make_unique<IdentityHolder>(*book_, *holds_, clock_, withheld_);
  }
  IdentityBook::Issued Issue(const std::string& owner, privacy::v1::Role role,
                             const v1::AccessScope& scope) {
    return book_->IssueToken(owner, role, scope, kDay, clock_.Now()).value();
  }
  static v1::AccessScope Everything() { return compliance::AccessScope::Everything().proto(); }
  static v1::AccessScope Laboratory(const std::string& id) {
    v1::AccessScope scope;
    scope.add_laboratory_ids(id);
    return scope;
  }
  bool IsGood(const IdentityBook::Issued& issued) const {
    return book_->CheckToken(issued.token, clock_.Now()).ok();
  }

  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2031-06-01T12:00:00Z").value()};
  std::unique_ptr<IdentityBook> book_;
  std::unique_ptr<HoldBook> holds_;
  WithheldOwners withheld_;
  std::unique_ptr<IdentityHolder> holder_;
};

// The whole way, with this holder alone.
TEST_F(IdentityHolderTest, AnErasedOfficialHasNoTokenAndNoNameLeft) {
  const auto official = Issue(kName, privacy::v1::HEALTH_OFFICIAL, Everything());
  const auto officer = Issue(kName, privacy::v1::DATA_PROTECTION_OFFICER, Everything());
  const auto other = Issue("F. Nightingale-Shore", privacy::v1::HEALTH_OFFICIAL, Everything());
  v1::AccessScope north;
  north.add_district_ids("north");
  ASSERT_OK(book_->ListCertificate("official/north", kName, north, clock_.Now()));
  v1::PlaceHoldRequest hold;
  hold.set_authority("court");
  hold.set_reason("what F. Nightingale wrote");
  *hold.mutable_review_by() = shared::ToTimestamp(clock_.Now() + kDay);
  hold.mutable_scope()->add_district_ids("north");
  ASSERT_OK(holds_->Place(hold, clock_.Now()));
  auto keyring = Keyring::OpenDirectory({dir_.path()}).value();
  auto ledger = ErasureLedger::Open(dir_.path()).value();
  auto certificates = CertificateShelf::Open(dir_.path() / "certificates",
                                             dir_.path() / "certificates.seed", "log/erasures")
                          .value();
  std::vector<std::unique_ptr<PersonHolder>> holders;
  holders.push_back(std::make_unique<IdentityHolder>(*book_, *holds_, clock_, withheld_));
  Eraser eraser(clock_, *keyring, *ledger, *certificates,
                ErasurePlaces{dir_.path(), dir_.path() / "audit", {}, {}, dir_.path() / "search"},
                std::move(holders));
  v1::SubjectSelector selector;
  selector.set_subject(privacy::v1::OFFICIAL);
  selector.set_value(kName);
  const auto plan = eraser.Plan(selector);
  ASSERT_OK(plan);
  ASSERT_EQ(plan->lines_size(), 2);
  EXPECT_EQ(plan->lines(0).record(), "belgrand.storage.v1.IdentityRecord");
  EXPECT_EQ(plan->lines(0).count(), 3U);
  EXPECT_EQ(plan->lines(1).record(), "belgrand.storage.v1.HoldRecord");
  EXPECT_EQ(plan->lines(1).count(), 1U);
  EXPECT_TRUE(IsGood(official)) << "a plan changes nothing";

  clock_.Advance(std::chrono::seconds(1));
  const auto erased = eraser.Erase(Eraser::NewId(), selector);
  ASSERT_OK(erased);
  EXPECT_TRUE(erased->erasure().clean());
  EXPECT_THAT(erased->certificate(), HasSubstr("before \"identities\" values: 2 files"));
  EXPECT_FALSE(IsGood(official));
  EXPECT_FALSE(IsGood(officer));
  EXPECT_TRUE(IsGood(other)) << "a longer name";
  const auto stored = book_->ReadStored();
  ASSERT_OK(stored);
  std::size_t unnamed = 0;
  for (const auto& record : *stored) unnamed += record.owner().empty() ? 1 : 0;
  EXPECT_EQ(unnamed, 3U);
  EXPECT_EQ(holds_->List()[0].reason(), "");
  EXPECT_EQ(holds_->InForce().size(), 1U);
  const auto limited = book_->CheckActor("official:north", clock_.Now());
  ASSERT_OK(limited);
  ASSERT_TRUE(limited->has_value());
  EXPECT_EQ((*limited)->scope().district_ids(0), "north") << "the limit stays";
  EXPECT_EQ(eraser.CatchUp(), base::OkStatus());

  // The same name later is another person, also after the list comes back from an older copy.
  clock_.Advance(kDay);
  const auto later = Issue(kName, privacy::v1::HEALTH_OFFICIAL, Everything());
  std::filesystem::remove(dir_.path() / "identities.erased");
  EXPECT_OK(eraser.CatchUp());
  EXPECT_TRUE(IsGood(later));
}

TEST_F(IdentityHolderTest, StaffIsThatOfItsLaboratory) {
  const auto a = Issue(kName, privacy::v1::LABORATORY, Laboratory("lab-a"));
  const auto b = Issue(kName, privacy::v1::LABORATORY, Laboratory("lab-b"));
  const auto official = Issue(kName, privacy::v1::HEALTH_OFFICIAL, Everything());
  v1::FindPersonsRequest find;
  auto& person = *find.add_persons();
  person.set_subject(privacy::v1::LAB_STAFF);
  person.set_tenant("lab-a");
  person.set_value(kName);
  find.set_search_files(true);
  auto found = holder_->Find(find);
  ASSERT_OK(found);
  EXPECT_EQ(found->lines(0).count(), 1U);
  EXPECT_EQ(found->searched(0).exact_hits(), 1U);
  v1::ErasePersonsRequest erase;
  *erase.mutable_persons() = find.persons();
  erase.set_ledger_id(std::string(16, '\x0a'));
  erase.set_erased_through(7);
  ASSERT_OK(holder_->Erase(erase));
  EXPECT_FALSE(IsGood(a));
  EXPECT_TRUE(IsGood(b));
  EXPECT_TRUE(IsGood(official));
  Open();
  found = holder_->Find(find);
  ASSERT_OK(found);
  EXPECT_EQ(found->erased_through(), 7U) << "over a restart";
  EXPECT_EQ(found->ledger_id(), erase.ledger_id());
  EXPECT_EQ(found->lines(0).count(), 0U);
  EXPECT_EQ(found->searched(0).exact_hits(), 0U);
  EXPECT_GT(found->searched(0).loose_hits(), 0U) << "others of that name";
}

TEST_F(IdentityHolderTest, AnErasureIsRepeatedWithoutTheNameByItsDigest) {
  const auto old = Issue(kName, privacy::v1::SERVICE_OPERATOR, Everything());
  const crypto::Key256 key = crypto::Key256::FromBytes(std::string(32, '\x0b')).value();
  v1::ErasePersonsRequest erase;
  auto& person = *erase.add_persons();
  person.set_subject(privacy::v1::OPERATOR);
  person.set_name_digest(NameDigest(key, privacy::v1::OPERATOR, "", kName));
  *person.mutable_stored_until() = shared::ToTimestamp(clock_.Now());
  erase.set_name_key(std::string(key.view()));
  erase.set_ledger_id(std::string(16, '\x0a'));
  clock_.Advance(kDay / 2);
  const auto later = Issue(kName, privacy::v1::SERVICE_OPERATOR, Everything());
  ASSERT_OK(holder_->Erase(erase));
  EXPECT_THAT(book_->CheckToken(old.token, clock_.Now()),
              StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("revoked")));
  EXPECT_TRUE(IsGood(later)) << "who came back";
}

TEST_F(IdentityHolderTest, WhoIsRectifiedKeepsTheirTokensUnderTheCorrectName) {
  const auto token = Issue("F. Nightingail", privacy::v1::HEALTH_OFFICIAL, Everything());
  v1::ErasePersonsRequest erase;
  auto& person = *erase.add_persons();
  person.set_subject(privacy::v1::OFFICIAL);
  person.set_value("F. Nightingail");
  person.set_replacement(kName);
  ASSERT_OK(holder_->Erase(erase));
  Open();
  EXPECT_TRUE(IsGood(token));
  EXPECT_EQ(book_->List().front().owner(), kName);
}

TEST_F(IdentityHolderTest, APersonIsGivenTheirIdentitiesAndNoOthers) {
  const auto theirs = Issue(kName, privacy::v1::HEALTH_OFFICIAL, Everything());
  Issue("W. Farr", privacy::v1::HEALTH_OFFICIAL, Everything());
  v1::CollectPersonsRequest request;
  request.set_name_key(std::string(32, '\x0b'));
  request.mutable_person()->set_subject(privacy::v1::OFFICIAL);
  request.mutable_person()->set_value(kName);
  std::vector<v1::HeldRecord> records;
  ASSERT_OK(holder_->Collect(request, [&](v1::HeldRecord record) {
    records.push_back(std::move(record));
    return base::OkStatus();
  }));
  ASSERT_EQ(records.size(), 1U);
  std::map<std::string, std::string> values;
  for (const auto& field : records[0].fields()) values[field.name()] = field.value();
  EXPECT_EQ(values["owner"], kName);
  EXPECT_EQ(values["actor"], theirs.record.actor());
  EXPECT_FALSE(values.contains("secret_sha256"));
  request.mutable_person()->set_value("F. Nightingale-Shore");
  ASSERT_OK(holder_->Collect(
      request, [](const v1::HeldRecord&) { return base::Internal("nobody has this name"); }));
}

TEST_F(IdentityHolderTest, OwnersAreWithheldUntilTheyAreNotRestrictedAnyMore) {
  Issue(kName, privacy::v1::HEALTH_OFFICIAL, Everything());
  const auto record = book_->List().front();
  EXPECT_FALSE(withheld_.Withholds(record));
  const crypto::Key256 key = crypto::Key256::FromBytes(std::string(32, '\x0b')).value();
  v1::SetRestrictionsRequest request;
  request.set_name_key(std::string(key.view()));
  auto& person = *request.add_persons();
  person.set_subject(privacy::v1::OFFICIAL);
  person.set_name_digest(NameDigest(key, privacy::v1::OFFICIAL, "", kName));
  ASSERT_OK(holder_->Restrict(request));
  EXPECT_TRUE(withheld_.Withholds(record));
  person.set_name_digest("short");
  EXPECT_FALSE(holder_->Restrict(request).ok());
  EXPECT_TRUE(withheld_.Withholds(record)) << "what was refused changes nothing";
  ASSERT_OK(holder_->Restrict({}));
  EXPECT_FALSE(withheld_.Withholds(record));
}

}  // namespace
}  // namespace belgrand::compliance
