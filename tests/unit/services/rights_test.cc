// The officer's side of persons' rights, over a real keyring, book and eraser; the roles are maps.
#include "services/compliance/rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "compliance/sealed_field.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "services/compliance/case_keeper.h"
#include "services/compliance/eraser.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOk;
using ::belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

// A role that remembers whom it was told to withhold.
struct Told {
  std::set<std::string> digests;
  bool away = false;
};

class ToldHolder final : public PersonHolder {
 public:
  explicit ToldHolder(Told& told) : told_(told) {}
  std::string_view name() const override { return "alerting"; }
  base::StatusOr<v1::FindPersonsResponse> Find(const v1::FindPersonsRequest&) override {
    return v1::FindPersonsResponse();
  }
  base::StatusOr<v1::ErasePersonsResponse> Erase(const v1::ErasePersonsRequest&) override {
    return v1::ErasePersonsResponse();
  }
  base::Status Collect(const v1::CollectPersonsRequest&, const Take&) override {
    return base::OkStatus();
  }
  base::Status Restrict(const v1::SetRestrictionsRequest& request) override {
    if (told_.away) return base::Unavailable("the role is gone");
    told_.digests.clear();
    for (const auto& person : request.persons()) told_.digests.insert(person.name_digest());
    return base::OkStatus();
  }

 private:
  Told& told_;
};

v1::SubjectSelector Person(const std::string& name) {
  v1::SubjectSelector person;
  person.set_subject(privacy::v1::SAMPLER);
  person.set_tenant("lab-a");
  person.set_value(name);
  return person;
}

class RightsTest : public ::testing::Test {
 protected:
  RightsTest() { Open(); }

  void Open() {
    rights_.reset();
    eraser_.reset();
    certificates_.reset();
    ledger_.reset();
    book_.reset();
    keyring_.reset();
    keyring_ = Keyring::OpenDirectory({keys()}).value();
    book_ = CaseBook::Open(dir_.path() / kCaseBookFile).value();
    ledger_ = ErasureLedger::Open(keys()).value();
    certificates_ = CertificateShelf::Open(dir_.path() / "certificates",
                                           keys() / "certificates.seed", "log/erasures")
                        .value();
    std::vector<std::unique_ptr<PersonHolder>> holders;
    holders.push_back(MakeCaseHolder(*book_, *keyring_, name_key_));
    eraser_ = std::make_unique<Eraser>(
        clock_, *keyring_, *ledger_, *certificates_,
        ErasurePlaces{keys(), dir_.path() / "audit", {}, {}, dir_.path() / "search"},
        std::move(holders),
        [this](const std::string& id) { return ReplacementOf(*book_, *keyring_, id); });
    std::vector<std::unique_ptr<PersonHolder>> told;
    told.push_back(std::make_unique<ToldHolder>(told_));
    rights_ =
        std::make_unique<Rights>(clock_, *keyring_, *book_, name_key_, std::move(told),
                                 [this](const std::string& id) { return eraser_->StateOf(id); });
  }
  fs::path keys() const { return dir_.path() / "keys"; }

  base::StatusOr<v1::OpenCaseResponse> OpenCase(v1::CaseKind kind, const std::string& name) {
    v1::OpenCaseRequest request;
    request.set_kind(kind);
    *request.mutable_person() = Person(name);
    return rights_->Open(request);
  }
  base::StatusOr<v1::Case> Decide(const std::string& id, v1::CaseState decision,
                                  const std::string& note = "because") {
    v1::DecideCaseRequest request;
    request.set_case_id(id);
    request.set_decision(decision);
    request.set_note(note);
    return rights_->Decide(request);
  }
  base::StatusOr<v1::Case> Lift(const std::string& id) {
    v1::LiftRestrictionRequest request;
    request.set_case_id(id);
    request.set_person_informed(true);
    return rights_->Lift(request);
  }
  base::Status Rectify(const std::string& id, const std::string& corrected) {
    v1::RectifySubjectRequest request;
    request.set_case_id(id);
    request.set_corrected_name(corrected);
    const std::string erasure = Eraser::NewId();
    ASSIGN_OR_RETURN(const auto person,
                     rights_->PrepareRectification(request, crypto::ToHex(erasure)));
    RETURN_IF_ERROR(eraser_->Erase(erasure, person, corrected).status());
    return rights_->Complete(crypto::ToHex(erasure));
  }
  base::StatusOr<Rights::Prepared> Erase(const std::string& name) {
    const std::string erasure = Eraser::NewId();
    ASSIGN_OR_RETURN(auto prepared, rights_->PrepareErasure(Person(name), crypto::ToHex(erasure)));
    RETURN_IF_ERROR(eraser_->Erase(erasure, Person(name)).status());
    RETURN_IF_ERROR(rights_->Complete(crypto::ToHex(erasure)));
    return prepared;
  }
  v1::ListOrdersResponse Orders(const std::string& laboratory) const {
    return rights_->Orders([&](const std::string& one) { return one == laboratory; }, true);
  }
  // What a rectification is repeated with.
  std::string Replacement(const std::string& case_id) const {
    return ReplacementOf(*book_, *keyring_, rights_->Find(case_id)->erasure_id());
  }
  std::string Digest(const std::string& name) const {
    return NameDigest(name_key_, privacy::v1::SAMPLER, "lab-a", name);
  }
  std::string BookBytes() const { return base::ReadFile(dir_.path() / kCaseBookFile).value_or(""); }

  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2031-06-10T12:00:00Z").value()};
  const crypto::Key256 name_key_ = crypto::Key256::Random();
  Told told_;
  std::unique_ptr<Keyring> keyring_;
  std::unique_ptr<CaseBook> book_;
  std::unique_ptr<ErasureLedger> ledger_;
  std::unique_ptr<CertificateShelf> certificates_;
  std::unique_ptr<Eraser> eraser_;
  std::unique_ptr<Rights> rights_;
};

TEST_F(RightsTest, ACaseIsOneForAPersonAndAKindAndItsNameIsInNoFile) {
  const auto opened = OpenCase(v1::ACCESS, "J. Snow");
  ASSERT_OK(opened);
  EXPECT_FALSE(opened->existing());
  EXPECT_EQ(opened->opened().name(), "J. Snow");
  EXPECT_EQ(shared::ToInstant(opened->opened().due_at()), base::ParseInstant("2031-07-11").value());
  const auto again = OpenCase(v1::ACCESS, "J. Snow");
  ASSERT_OK(again);
  EXPECT_TRUE(again->existing());
  EXPECT_EQ(again->opened().case_id(), opened->opened().case_id());
  EXPECT_NE(OpenCase(v1::OBJECTION, "J. Snow")->opened().case_id(), opened->opened().case_id());
  EXPECT_NE(OpenCase(v1::ACCESS, "W. Farr")->opened().case_id(), opened->opened().case_id());
  EXPECT_EQ(BookBytes().find("Snow"), std::string::npos);
  Open();
  EXPECT_EQ(rights_->List(true).cases_size(), 3);
  EXPECT_EQ(rights_->Find(opened->opened().case_id())->name(), "J. Snow");
}

TEST_F(RightsTest, RefusesWhoIsNotNamedAndWhatIsNotThere) {
  const auto invalid = StatusIs(base::StatusCode::kInvalidArgument, _);
  EXPECT_THAT(OpenCase(v1::CASE_KIND_UNSPECIFIED, "J. Snow"), invalid);
  EXPECT_THAT(OpenCase(v1::ACCESS, ""), invalid);
  EXPECT_THAT(OpenCase(v1::ACCESS, "\xff\xff"), invalid);
  v1::OpenCaseRequest by_reference;
  by_reference.set_kind(v1::ACCESS);
  by_reference.mutable_person()->set_subject_ref(std::string(16, 'r'));
  EXPECT_THAT(rights_->Open(by_reference), invalid);
  EXPECT_THAT(Decide("no such case", v1::GRANTED),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("no such case")));
  EXPECT_THAT(Lift("no such case"), StatusIs(base::StatusCode::kNotFound, _));
  EXPECT_THAT(rights_->Acknowledge({}), StatusIs(base::StatusCode::kNotFound, _));
  EXPECT_THAT(rights_->LaboratoryOfOrder("none"), StatusIs(base::StatusCode::kNotFound, _));
}

TEST_F(RightsTest, AccessIsGrantedOnceSomethingWasExported) {
  const std::string id = OpenCase(v1::ACCESS, "J. Snow")->opened().case_id();
  EXPECT_THAT(Decide(id, v1::GRANTED),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("nothing was exported")));
  EXPECT_OK(rights_->NoteExport(id));
  EXPECT_OK(Decide(id, v1::GRANTED, ""));
  EXPECT_THAT(rights_->PersonOf(id, v1::ACCESS),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("decided")));
  const std::string erase = OpenCase(v1::ERASURE, "J. Snow")->opened().case_id();
  EXPECT_THAT(Decide(erase, v1::GRANTED),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("carrying it out")));
}

TEST_F(RightsTest, RolesAreToldAtOnceAndThoseThatWereAwayLater) {
  told_.away = true;
  const auto opened = OpenCase(v1::RESTRICTION, "J. Snow");
  ASSERT_OK(opened);
  EXPECT_THAT(opened->not_restricted_yet(), ::testing::ElementsAre("alerting"));
  told_.away = false;
  rights_->Follow();
  EXPECT_EQ(told_.digests, (std::set<std::string>{Digest("J. Snow")}));
  EXPECT_EQ(rights_->RestrictedReferences().size(), 1U);
  told_.digests.clear();  // its database came back from a backup
  Open();
  rights_->Follow();
  EXPECT_EQ(told_.digests.size(), 1U);
  ASSERT_OK(Lift(opened->opened().case_id()));
  EXPECT_TRUE(told_.digests.empty());
  EXPECT_TRUE(rights_->RestrictedReferences().empty());
}

TEST_F(RightsTest, LaboratoriesHearOfWhatConcernsTheirFilesAndTheNameGoesWithTheAnswer) {
  const std::string id = OpenCase(v1::RESTRICTION, "J. Snow")->opened().case_id();
  ASSERT_OK(Lift(id));
  const auto prepared = Erase("W. Farr");
  ASSERT_OK(prepared);
  ASSERT_EQ(prepared->order_ids.size(), 1U);
  const auto orders = Orders("lab-a");
  ASSERT_EQ(orders.orders_size(), 3);
  EXPECT_EQ(orders.orders(0).name(), "J. Snow");
  EXPECT_FALSE(orders.orders(0).lifted());
  EXPECT_TRUE(orders.orders(1).lifted());
  EXPECT_EQ(orders.orders(2).kind(), v1::ERASURE);
  EXPECT_EQ(orders.orders(2).name(), "W. Farr") << "the laboratory must know whom";
  EXPECT_EQ(Orders("lab-b").orders_size(), 0);
  v1::AcknowledgeOrderRequest request;
  request.set_order_id(prepared->order_ids[0]);
  EXPECT_EQ(rights_->LaboratoryOfOrder(request.order_id()).value(), "lab-a");
  clock_.Advance(std::chrono::hours(48));
  EXPECT_EQ(rights_->Count().orders_pending, 3U);
  EXPECT_EQ(rights_->Count().oldest_order, std::chrono::hours(48));
  Open();
  const auto acknowledged = rights_->Acknowledge(request);
  ASSERT_OK(acknowledged);
  EXPECT_EQ(acknowledged->name(), "");
  EXPECT_TRUE(acknowledged->has_acknowledged_at());
  EXPECT_OK(rights_->Acknowledge(request)) << "sent again";
  EXPECT_EQ(Orders("lab-a").orders_size(), 2);
  EXPECT_EQ(rights_->Orders([](const std::string&) { return true; }, false).orders_size(), 3);
}

TEST_F(RightsTest, ErasingAPersonLeavesTheirCasesWithoutThem) {
  const std::string access = OpenCase(v1::ACCESS, "J. Snow")->opened().case_id();
  ASSERT_OK(rights_->NoteExport(access));
  ASSERT_OK(Decide(access, v1::GRANTED, "handed to J. Snow in person"));
  const std::string objection = OpenCase(v1::OBJECTION, "J. Snow")->opened().case_id();
  const std::string other = OpenCase(v1::ACCESS, "W. Farr")->opened().case_id();
  const std::string reference =
      keyring_->FindSubject(privacy::v1::SAMPLER, "lab-a", "J. Snow").value();
  ASSERT_NE(BookBytes().find(reference), std::string::npos) << "positive control";
  const auto prepared = Erase("J. Snow");
  ASSERT_OK(prepared);
  EXPECT_EQ(BookBytes().find(reference), std::string::npos);
  EXPECT_EQ(BookBytes().find("J. Snow"), std::string::npos);
  EXPECT_EQ(rights_->Find(access)->name(), "");
  EXPECT_EQ(rights_->Find(access)->note(), "");
  EXPECT_EQ(rights_->Find(prepared->case_id)->state(), v1::GRANTED);
  EXPECT_EQ(rights_->Find(objection)->state(), v1::OPEN) << "it still wants an answer";
  EXPECT_EQ(rights_->Find(other)->name(), "W. Farr");
  rights_->TellRoles();
  EXPECT_TRUE(told_.digests.empty()) << "nobody is left to withhold";
  EXPECT_TRUE(eraser_->List().erasures(0).clean());
}

TEST_F(RightsTest, ARectificationCorrectsTheCasesToo) {
  const std::string id = OpenCase(v1::RECTIFICATION, "J. Snwo")->opened().case_id();
  EXPECT_THAT(Rectify(id, "J. Snwo"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("what is stored")));
  EXPECT_THAT(Rectify(id, ""), StatusIs(base::StatusCode::kInvalidArgument, _));
  ASSERT_OK(OpenCase(v1::RESTRICTION, "J. Snwo"));
  ASSERT_OK(Rectify(id, "J. Snow"));
  const auto rectified = rights_->Find(id);
  EXPECT_EQ(rectified->name(), "J. Snow");
  EXPECT_EQ(rectified->state(), v1::GRANTED);
  EXPECT_FALSE(keyring_->FindSubject(privacy::v1::SAMPLER, "lab-a", "J. Snwo").ok());
  rights_->TellRoles();
  EXPECT_EQ(told_.digests, (std::set<std::string>{Digest("J. Snow")})) << "still withheld";
  const auto order = Orders("lab-a").orders(1);
  EXPECT_EQ(order.name() + " -> " + order.corrected_name(), "J. Snwo -> J. Snow");
}

TEST_F(RightsTest, TheCorrectNameIsKeptForARestoredBackupWhileItsPersonIs) {
  const std::string id = OpenCase(v1::RECTIFICATION, "J. Snwo")->opened().case_id();
  EXPECT_EQ(ReplacementOf(*book_, *keyring_, ""), "");
  ASSERT_OK(Rectify(id, "J. Snow"));
  Open();
  EXPECT_EQ(Replacement(id), "J. Snow");
  EXPECT_EQ(BookBytes().find("Snow"), std::string::npos);
  const std::string second = OpenCase(v1::RECTIFICATION, "J. Snow")->opened().case_id();
  ASSERT_OK(Rectify(second, "John Snow"));
  EXPECT_EQ(Replacement(id), "John Snow") << "what was stored first is wrong twice";
  EXPECT_EQ(Replacement(second), "John Snow");
  const std::string reference =
      keyring_->FindSubject(privacy::v1::SAMPLER, "lab-a", "John Snow").value();
  ASSERT_OK(Erase("John Snow"));
  EXPECT_EQ(Replacement(id), "");
  EXPECT_EQ(BookBytes().find(reference), std::string::npos);
}

TEST_F(RightsTest, ASecondTryDoesNotTakeWhatTheFirstNeedsToBeFinished) {
  const std::string id = OpenCase(v1::RECTIFICATION, "J. Snwo")->opened().case_id();
  ASSERT_OK(OpenCase(v1::OBJECTION, "J. Snwo"));
  v1::RectifySubjectRequest request;
  request.set_case_id(id);
  request.set_corrected_name("J. Snaw");
  ASSERT_OK(rights_->PrepareRectification(request, crypto::ToHex(Eraser::NewId())));
  // Roles may hold the one name or the other from now on.
  EXPECT_EQ(told_.digests, (std::set<std::string>{Digest("J. Snwo"), Digest("J. Snaw")}));
  // Nothing had begun: the order says what the second try says, and is one.
  request.set_corrected_name("J. Snow");
  const std::string erasure = Eraser::NewId();
  ASSERT_OK(rights_->PrepareRectification(request, crypto::ToHex(erasure)));
  ASSERT_EQ(Orders("lab-a").orders_size(), 2) << "that of the objection, and";
  EXPECT_EQ(Orders("lab-a").orders(1).corrected_name(), "J. Snow");
  const std::string reference =
      keyring_->FindSubject(privacy::v1::SAMPLER, "lab-a", "J. Snwo").value();
  ASSERT_OK(ledger_->Begin(erasure, {privacy::v1::SAMPLER, reference, "", true}, clock_.Now()));
  request.set_corrected_name("Jon Snow");
  EXPECT_THAT(rights_->PrepareRectification(request, crypto::ToHex(Eraser::NewId())),
              StatusIs(base::StatusCode::kAborted, HasSubstr("goes on with it by itself")));
  ASSERT_OK(eraser_->CatchUp());
  rights_->Follow();
  EXPECT_EQ(rights_->Find(id)->name(), "J. Snow");
  EXPECT_EQ(rights_->Find(id)->state(), v1::GRANTED);
  EXPECT_EQ(told_.digests, (std::set<std::string>{Digest("J. Snow")}));
}

TEST_F(RightsTest, WhatTheBookHoldsOfAPersonIsTheirsToKnow) {
  const std::string id = OpenCase(v1::RECTIFICATION, "J. Snwo")->opened().case_id();
  ASSERT_OK(OpenCase(v1::RESTRICTION, "W. Farr"));
  ASSERT_OK(Rectify(id, "J. Snow"));
  const auto holder = MakeCaseHolder(*book_, *keyring_, name_key_);
  std::map<std::string, std::string> values;
  ASSERT_OK(holder->Collect(
      rights_->CollectRequest(Person("J. Snow")), [&](v1::HeldRecord record) -> base::Status {
        for (const auto& field : record.fields()) {
          if (field.sealed().empty()) continue;
          auto value = keyring_->Open(field.sealed(), field.places(0));
          RETURN_IF_ERROR(value.status());
          EXPECT_TRUE(values.emplace(record.record() + "." + field.name(), *value).second);
        }
        return base::OkStatus();
      }));
  const std::map<std::string, std::string> expected = {
      {"belgrand.storage.v1.CaseRecord.name_sealed", "J. Snow"},
      {"belgrand.storage.v1.CaseRecord.replacement_sealed", "J. Snow"},
      {"belgrand.storage.v1.OrderRecord.name_sealed", "J. Snwo"},
      {"belgrand.storage.v1.OrderRecord.corrected_sealed", "J. Snow"}};
  EXPECT_EQ(values, expected) << "and nothing of anybody else";
}

TEST_F(RightsTest, ACaseWhoseErasureEndsAfterACrashIsGrantedThen) {
  const std::string erasure = Eraser::NewId();
  const auto prepared = rights_->PrepareErasure(Person("J. Snow"), crypto::ToHex(erasure));
  ASSERT_OK(prepared);
  rights_->Follow();
  EXPECT_EQ(rights_->Find(prepared->case_id)->state(), v1::OPEN);
  // Tried again before that: the same case, and no second order.
  const auto again = rights_->PrepareErasure(Person("J. Snow"), crypto::ToHex(erasure));
  ASSERT_OK(again);
  EXPECT_EQ(again->case_id, prepared->case_id);
  EXPECT_EQ(again->order_ids, prepared->order_ids);
  ASSERT_OK(eraser_->Erase(erasure, Person("J. Snow")));
  Open();  // before the service could say so
  rights_->Follow();
  EXPECT_EQ(rights_->Find(prepared->case_id)->state(), v1::GRANTED);
}

TEST_F(RightsTest, RetentionTakesWhatIsClosedForFiveYearsAndNothingElse) {
  const auto steward = MakeCaseSteward(*book_);
  const std::string closed = OpenCase(v1::OBJECTION, "J. Snow")->opened().case_id();
  ASSERT_OK(Decide(closed, v1::REFUSED));
  const std::string standing = OpenCase(v1::RESTRICTION, "J. Snow")->opened().case_id();
  ASSERT_OK(Decide(standing, v1::GRANTED));
  clock_.Advance(std::chrono::hours(24 * 366 * 5));
  std::uint64_t expired = 0;
  const auto plan = steward->Plan(clock_.Now(), {});
  ASSERT_OK(plan);
  for (const auto& line : *plan) expired += line.expired();
  EXPECT_EQ(expired, 1U);
  EXPECT_OK(rights_->Find(closed)) << "a plan changes nothing";
  ASSERT_OK(steward->Apply(clock_.Now(), {}));
  EXPECT_THAT(rights_->Find(closed), StatusIs(base::StatusCode::kNotFound, _));
  EXPECT_OK(rights_->Find(standing));
  Open();
  EXPECT_EQ(rights_->List(false).cases_size(), 1);
}

// What a model says of one case.
struct Expected {
  v1::CaseKind kind;
  std::string name;  // empty: erased
  v1::CaseState state = v1::OPEN;
  bool restricts = false;
};

// Random requests, decisions, liftings, rectifications, erasures, acknowledgements and restarts
// against a map: state, names, whom roles withhold, and pending orders.
TEST_F(RightsTest, FollowsAModelThroughRandomOperationsAndRestarts) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {} (repeat with --gtest_random_seed={})", seed, seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::map<std::string, Expected> cases;
  std::set<std::string> pending;
  const auto note_orders = [&] {
    const auto orders = Orders("lab-a");
    for (const auto& order : orders.orders()) pending.insert(order.order_id());
  };
  const auto rename = [&](const std::string& from, const std::string& to) {
    for (auto& [id, known] : cases) {
      if (known.name == from) known.name = to;
    }
  };
  int next_name = 0;
  for (int step = 0; step < 250; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    clock_.Advance(std::chrono::minutes(pick(600)));
    const std::size_t orders_before = pending.size();
    const auto any = [&]() -> std::string {
      if (cases.empty()) return "none";
      return std::next(cases.begin(), pick(static_cast<int>(cases.size())))->first;
    };
    switch (pick(9)) {
      case 0:
        Open();
        rights_->Follow();
        break;
      case 1:
      case 2:
      case 3: {
        const auto kind = static_cast<v1::CaseKind>(1 + pick(5));
        const std::string name = fmt::format("person {}", pick(6));
        const auto opened = OpenCase(kind, name);
        ASSERT_OK(opened);
        const bool known = std::any_of(cases.begin(), cases.end(), [&](const auto& entry) {
          return entry.second.kind == kind && entry.second.name == name &&
                 entry.second.state == v1::OPEN;
        });
        ASSERT_EQ(opened->existing(), known);
        if (known) break;
        const bool restricts = kind == v1::RESTRICTION || kind == v1::OBJECTION;
        cases[opened->opened().case_id()] = {kind, name, v1::OPEN, restricts};
        note_orders();
        ASSERT_EQ(pending.size(), orders_before + (restricts ? 1 : 0));
        break;
      }
      case 4: {
        const std::string id = any();
        const auto refused = Decide(id, v1::REFUSED);
        const bool open = cases.contains(id) && cases[id].state == v1::OPEN;
        ASSERT_EQ(refused.ok(), open);
        if (!open) break;
        cases[id].state = v1::REFUSED;
        // Who is erased has no name to order anything with.
        const bool ordered = cases[id].restricts && !cases[id].name.empty();
        cases[id].restricts = false;
        note_orders();
        ASSERT_EQ(pending.size(), orders_before + (ordered ? 1 : 0));
        break;
      }
      case 5: {
        const std::string id = any();
        const auto lifted = Lift(id);
        if (lifted.ok()) cases[id].restricts = false;
        note_orders();
        break;
      }
      case 6: {
        const std::string id = any();
        const std::string name = fmt::format("corrected {}", ++next_name);
        const base::Status done = Rectify(id, name);
        const bool may = cases.contains(id) && cases[id].state == v1::OPEN &&
                         cases[id].kind == v1::RECTIFICATION && !cases[id].name.empty();
        ASSERT_EQ(done.ok(), may) << done;
        if (!may) break;
        rename(std::string(cases[id].name), name);
        cases[id].state = v1::GRANTED;
        note_orders();
        ASSERT_EQ(pending.size(), orders_before + 1);
        break;
      }
      case 7: {
        const std::string name = fmt::format("person {}", pick(6));
        const bool asked = std::any_of(cases.begin(), cases.end(), [&](const auto& entry) {
          return entry.second.kind == v1::ERASURE && entry.second.name == name &&
                 entry.second.state == v1::OPEN;
        });
        const auto prepared = Erase(name);
        ASSERT_OK(prepared);
        ASSERT_EQ(asked, cases.contains(prepared->case_id));
        cases[prepared->case_id].kind = v1::ERASURE;
        cases[prepared->case_id].state = v1::GRANTED;
        rename(name, "");
        cases[prepared->case_id].name = "";
        note_orders();
        ASSERT_EQ(pending.size(), orders_before + 1);
        break;
      }
      default: {
        if (pending.empty()) break;
        v1::AcknowledgeOrderRequest request;
        request.set_order_id(*std::next(pending.begin(), pick(static_cast<int>(pending.size()))));
        ASSERT_OK(rights_->Acknowledge(request));
        pending.erase(request.order_id());
      }
    }
    rights_->TellRoles();
    std::set<std::string> withheld;
    for (const auto& [id, known] : cases) {
      const auto found = rights_->Find(id);
      ASSERT_OK(found);
      ASSERT_EQ(found->name(), known.name);
      ASSERT_EQ(found->state(), known.state);
      if (known.restricts && !known.name.empty()) withheld.insert(Digest(known.name));
    }
    ASSERT_EQ(told_.digests, withheld);
    ASSERT_EQ(Orders("lab-a").orders_size(), static_cast<int>(pending.size()));
    ASSERT_EQ(rights_->List(false).cases_size(), static_cast<int>(cases.size()));
  }
  EXPECT_GT(cases.size(), 10U);
}

}  // namespace
}  // namespace belgrand::compliance
