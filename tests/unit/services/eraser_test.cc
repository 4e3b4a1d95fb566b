// The flow of an erasure over keyring, ledger and roles, with roles in memory that fail on demand
// and come back from older copies.
#include "services/compliance/eraser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "compliance/note.h"
#include "compliance/sealed_field.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
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

constexpr char kPlace[] = "Record.field/1";

// A role: sealed values and names, on a disk that is a map.
struct Shelf {
  std::map<int, std::string> sealed;
  std::map<int, std::string> names;
  std::string ledger_id;
  std::uint64_t through = 0;
};

class MemoryHolder final : public PersonHolder {
 public:
  MemoryHolder(std::string name, Shelf& shelf, int& calls_left)
      : name_(std::move(name)), shelf_(shelf), calls_left_(calls_left) {}

  std::string_view name() const override { return name_; }

  base::StatusOr<v1::FindPersonsResponse> Find(const v1::FindPersonsRequest& request) override {
    RETURN_IF_ERROR(Tick());
    ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make(request));
    v1::FindPersonsResponse response;
    response.set_ledger_id(shelf_.ledger_id);
    response.set_erased_through(shelf_.through);
    auto& line = *response.add_lines();
    line.set_record(name_);
    line.set_field("field");
    line.set_count(Sweep(matcher, false));
    if (request.search_files()) {
      auto& searched = *response.add_searched();
      searched.set_store(name_);
      searched.set_part("values");
      if (!blind) searched.set_exact_hits(line.count());
    }
    return response;
  }

  base::StatusOr<v1::ErasePersonsResponse> Erase(const v1::ErasePersonsRequest& request) override {
    RETURN_IF_ERROR(Tick());
    ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make(request));
    v1::ErasePersonsResponse response;
    auto& line = *response.add_lines();
    line.set_record(name_);
    line.set_field("field");
    line.set_count(Sweep(matcher, true));
    if (late) {  // stored after the walk, sealed before
      shelf_.sealed.insert(*late);
      late.reset();
    }
    RETURN_IF_ERROR(Tick());  // between the walk and the mark
    shelf_.ledger_id = request.ledger_id();
    shelf_.through = request.erased_through();
    return response;
  }

  base::Status Collect(const v1::CollectPersonsRequest&, const Take&) override {
    return base::OkStatus();
  }
  base::Status Restrict(const v1::SetRestrictionsRequest&) override { return base::OkStatus(); }

  bool blind = false;
  std::optional<std::pair<int, std::string>> late;

 private:
  base::Status Tick() {
    if (calls_left_ == 0) return base::Unavailable("the role is gone");
    --calls_left_;
    return base::OkStatus();
  }
  std::uint64_t Sweep(const shared::PersonMatcher& matcher, bool clear) {
    std::uint64_t count = 0;
    const auto sweep = [&](std::map<int, std::string>& values, const auto& matches) {
      for (auto it = values.begin(); it != values.end();) {
        const bool hit = matches(it->second);
        count += hit ? 1 : 0;
        it = hit && clear ? values.erase(it) : std::next(it);
      }
    };
    sweep(shelf_.sealed, [&](const std::string& value) { return matcher.Sealed(value); });
    for (auto& [id, name] : shelf_.names) {
      const auto* person = matcher.NamedBy(privacy::v1::OFFICIAL, "", name, base::Instant());
      if (person == nullptr) continue;
      ++count;
      if (clear) name = person->replacement();
    }
    if (clear) std::erase_if(shelf_.names, [](const auto& entry) { return entry.second.empty(); });
    return count;
  }

  const std::string name_;
  Shelf& shelf_;
  int& calls_left_;
};

class EraserTest : public ::testing::Test {
 protected:
  EraserTest() { Open(); }

  void Open() {
    Close();
    keyring_ = Keyring::OpenDirectory({keys()}).value();
    ledger_ = ErasureLedger::Open(keys()).value();
    certificates_ = CertificateShelf::Open(dir_.path() / "certificates",
                                           keys() / "certificates.seed", "log/erasures")
                        .value();
    std::vector<std::unique_ptr<PersonHolder>> holders;
    samples_ = new MemoryHolder("timeseries", sample_shelf_, calls_left_);
    holders.emplace_back(samples_);
    holders.push_back(std::make_unique<MemoryHolder>("alerting", alert_shelf_, calls_left_));
    eraser_ = std::make_unique<Eraser>(
        clock_, *keyring_, *ledger_, *certificates_,
        ErasurePlaces{keys(), dir_.path() / "audit", {}, {}, dir_.path() / "search"},
        std::move(holders), [this](const std::string& id) { return replacements_[id]; });
  }
  void Close() {
    eraser_.reset();
    certificates_.reset();
    ledger_.reset();
    keyring_.reset();
  }
  fs::path keys() const { return dir_.path() / "keys"; }

  std::string Seal(const std::string& name) {
    const PlainValue value{privacy::v1::SAMPLER, "lab", name, kPlace};
    return keyring_->Seal(std::span(&value, 1)).value().front().sealed;
  }
  void Store(const std::string& name) { sample_shelf_.sealed[++last_] = Seal(name); }
  bool Opens(const std::string& sealed) const { return keyring_->Open(sealed, kPlace).ok(); }
  static v1::SubjectSelector Sampler(const std::string& name) {
    v1::SubjectSelector selector;
    selector.set_subject(privacy::v1::SAMPLER);
    selector.set_tenant("lab");
    selector.set_value(name);
    return selector;
  }
  static v1::SubjectSelector Official(const std::string& name) {
    v1::SubjectSelector selector;
    selector.set_subject(privacy::v1::OFFICIAL);
    selector.set_value(name);
    return selector;
  }

  base::StatusOr<v1::CertifyErasureResponse> Certify(const std::string& id,
                                                     bool search_again = false,
                                                     const std::string& name = {}) {
    v1::CertifyErasureRequest request;
    request.set_erasure_id(id);
    request.set_search_again(search_again);
    request.set_value(name);
    return eraser_->Certify(request);
  }

  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2031-06-01T12:00:00Z").value()};
  std::map<std::string, std::string> replacements_;  // by erasure
  Shelf sample_shelf_;
  Shelf alert_shelf_;
  int calls_left_ = -1;  // none ends them
  int last_ = 0;
  std::unique_ptr<Keyring> keyring_;
  std::unique_ptr<ErasureLedger> ledger_;
  std::unique_ptr<CertificateShelf> certificates_;
  MemoryHolder* samples_ = nullptr;
  std::unique_ptr<Eraser> eraser_;
};

TEST_F(EraserTest, ErasesCertifiesAndLeavesEverybodyElse) {
  Store("J. Snow");
  Store("W. Farr");
  const std::string snow = sample_shelf_.sealed[1];
  const auto plan = eraser_->Plan(Sampler("J. Snow"));
  ASSERT_OK(plan);
  EXPECT_TRUE(plan->has_key());
  EXPECT_TRUE(Opens(snow)) << "a plan changes nothing";
  const auto erased = eraser_->Erase(Eraser::NewId(), Sampler("J. Snow"));
  ASSERT_OK(erased);
  EXPECT_FALSE(Opens(snow));
  EXPECT_EQ(sample_shelf_.sealed.size(), 1U);
  EXPECT_TRUE(Opens(sample_shelf_.sealed[2]));
  EXPECT_TRUE(erased->erasure().clean());
  EXPECT_EQ(erased->lines(0).count(), 1U);

  const auto key = NoteVerifier::Parse(erased->verifier_key());
  ASSERT_OK(key);
  const auto note = OpenNote(erased->certificate(), std::span(&*key, 1));
  ASSERT_OK(note);
  const auto certificate = ParseCertificate(note->text);
  ASSERT_OK(certificate);
  EXPECT_TRUE(certificate->clean);
  EXPECT_TRUE(certificate->control);
  EXPECT_EQ(certificate->erasure_id, erased->erasure().id());
  EXPECT_EQ(note->text.find("Snow"), std::string::npos);
  EXPECT_THAT(note->text, HasSubstr("before \"keyring\" files: 1 files"));
  EXPECT_EQ(ledger_->newest(), 1U);
  // The same name later is another person.
  Store("J. Snow");
  EXPECT_OK(eraser_->CatchUp());
  EXPECT_EQ(sample_shelf_.sealed.size(), 2U);
}

TEST_F(EraserTest, NamesThePersonByReferenceToo) {
  Store("J. Snow");
  v1::SubjectSelector selector;
  selector.set_subject_ref(keyring_->FindSubject(privacy::v1::SAMPLER, "lab", "J. Snow").value());
  EXPECT_OK(eraser_->Erase(Eraser::NewId(), selector));
  EXPECT_TRUE(sample_shelf_.sealed.empty());
  EXPECT_THAT(eraser_->Erase(Eraser::NewId(), selector), StatusIs(base::StatusCode::kNotFound, _));
}

TEST_F(EraserTest, RefusesWhoIsNotKnownOrNotNamed) {
  Store("J. Snow");
  const auto not_found = StatusIs(base::StatusCode::kNotFound, _);
  const auto invalid = StatusIs(base::StatusCode::kInvalidArgument, _);
  EXPECT_THAT(eraser_->Erase(Eraser::NewId(), Sampler("j. snow")), not_found);
  EXPECT_THAT(eraser_->Plan(Official("J. Snow")), not_found);
  EXPECT_THAT(eraser_->Erase(Eraser::NewId(), Official("J. Snow")), not_found);
  auto selector = Sampler("J. Snow");
  selector.clear_tenant();
  EXPECT_THAT(eraser_->Plan(selector), invalid);
  selector = Official("J. Snow");
  selector.set_tenant("lab");
  EXPECT_THAT(eraser_->Plan(selector), invalid);
  selector = Sampler("");
  EXPECT_THAT(eraser_->Plan(selector), invalid);
  selector = Sampler("J. Snow");
  selector.set_subject(privacy::v1::OPERATOR);
  EXPECT_THAT(eraser_->Plan(selector), invalid) << "with a laboratory";
  selector.set_subject(privacy::v1::SUBJECT_UNSPECIFIED);
  EXPECT_THAT(eraser_->Plan(selector), invalid);
  EXPECT_EQ(ledger_->newest(), 0U);
  EXPECT_EQ(keyring_->size(), 1U);
}

TEST_F(EraserTest, ASearchThatSeesNothingErasesNothing) {
  Store("J. Snow");
  samples_->blind = true;
  EXPECT_THAT(eraser_->Erase(Eraser::NewId(), Sampler("J. Snow")),
              StatusIs(base::StatusCode::kInternal, HasSubstr("would prove nothing")));
  EXPECT_EQ(ledger_->newest(), 0U);
  EXPECT_TRUE(Opens(sample_shelf_.sealed[1]));
}

TEST_F(EraserTest, WhatWasOnItsWayIsFoundAndErasedInAnotherPass) {
  Store("J. Snow");
  samples_->late = {99, Seal("J. Snow")};
  const auto erased = eraser_->Erase(Eraser::NewId(), Sampler("J. Snow"));
  ASSERT_OK(erased);
  EXPECT_TRUE(erased->erasure().clean());
  EXPECT_EQ(erased->lines(0).count(), 2U);
  EXPECT_TRUE(sample_shelf_.sealed.empty());
}

TEST_F(EraserTest, BrokenOffAnywhereItIsFinishedAfterARestart) {
  // Calls of a whole erasure: two finds, two times walk and mark, two finds.
  for (int calls = 0; calls <= 10; ++calls) {
    SCOPED_TRACE(fmt::format("{} calls", calls));
    const std::string name = fmt::format("person {}", calls);
    Store(name);
    const std::string sealed = sample_shelf_.sealed[last_];
    const std::uint64_t before = ledger_->newest();
    calls_left_ = calls;
    const auto erased = eraser_->Erase(Eraser::NewId(), Sampler(name));
    calls_left_ = -1;
    Open();
    ASSERT_OK(eraser_->CatchUp());
    const bool begun = ledger_->newest() > before;
    EXPECT_EQ(begun, !Opens(sealed)) << "either nothing happened or all of it";
    EXPECT_EQ(begun, !sample_shelf_.sealed.contains(last_));
    if (erased.ok()) {
      EXPECT_TRUE(begun);
    }
    if (!begun) continue;
    const auto record = ledger_->Records().back();
    EXPECT_TRUE(record.finished);
    EXPECT_TRUE(record.clean);
    EXPECT_EQ(sample_shelf_.through, ledger_->newest());
    EXPECT_EQ(alert_shelf_.through, ledger_->newest());
    EXPECT_OK(Certify(eraser_->List().erasures().rbegin()->id()));
  }
  EXPECT_GT(ledger_->newest(), 3U);
}

TEST_F(EraserTest, ARoleThatCameBackFromABackupIsToldAgain) {
  Store("J. Snow");
  Store("W. Farr");
  alert_shelf_.names[1] = "A. Official";
  alert_shelf_.names[2] = "B. Other";
  const Shelf sample_backup = sample_shelf_;
  const Shelf alert_backup = alert_shelf_;
  ASSERT_OK(eraser_->Erase(Eraser::NewId(), Sampler("J. Snow")));
  ASSERT_OK(eraser_->Erase(Eraser::NewId(), Official("A. Official")));
  EXPECT_EQ(alert_shelf_.names.size(), 1U);

  sample_shelf_ = sample_backup;
  alert_shelf_ = alert_backup;
  Open();
  ASSERT_OK(eraser_->CatchUp());
  EXPECT_EQ(sample_shelf_.sealed.size(), 1U);
  EXPECT_TRUE(Opens(sample_shelf_.sealed[2]));
  EXPECT_EQ(alert_shelf_.names, (std::map<int, std::string>{{2, "B. Other"}}));
}

TEST_F(EraserTest, ARectifiedNameComesBackCorrectedFromABackup) {
  alert_shelf_.names[1] = "A. Officail";
  alert_shelf_.names[2] = "B. Other";
  const Shelf backup = alert_shelf_;
  const std::string id = Eraser::NewId();
  replacements_[crypto::ToHex(id)] = "A. Official";
  const auto rectified = eraser_->Erase(id, Official("A. Officail"), "A. Official");
  ASSERT_OK(rectified);
  EXPECT_TRUE(rectified->erasure().rectified());
  EXPECT_THAT(rectified->certificate(), HasSubstr("rectified: "));
  EXPECT_EQ(rectified->certificate().find("A. Official"), std::string::npos);
  EXPECT_EQ(alert_shelf_.names[1], "A. Official");
  alert_shelf_ = backup;
  Open();
  ASSERT_OK(eraser_->CatchUp());
  EXPECT_EQ(alert_shelf_.names[1], "A. Official");
  EXPECT_EQ(alert_shelf_.names[2], "B. Other");
  // Who is erased after that does not come back by their correct name.
  ASSERT_OK(eraser_->Erase(Eraser::NewId(), Official("A. Official")));
  replacements_.clear();  // as the case book does
  alert_shelf_ = backup;
  Open();
  ASSERT_OK(eraser_->CatchUp());
  EXPECT_EQ(alert_shelf_.names, (std::map<int, std::string>{{2, "B. Other"}}));
}

TEST_F(EraserTest, AnOldKeyringInPlaceLosesTheKeyAgain) {
  Store("J. Snow");
  const std::string sealed = sample_shelf_.sealed[1];
  Close();
  fs::copy(keys(), dir_.path() / "old");
  Open();
  ASSERT_OK(eraser_->Erase(Eraser::NewId(), Sampler("J. Snow")));
  Close();
  // Keys of before, ledger of now.
  for (const auto& entry : fs::directory_iterator(keys())) {
    if (!entry.path().filename().string().starts_with("erasures.")) fs::remove(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(dir_.path() / "old")) {
    if (entry.path().filename().string().starts_with("erasures.")) continue;
    fs::copy(entry.path(), keys() / entry.path().filename());
  }
  Open();
  EXPECT_TRUE(Opens(sealed)) << "control: the old keyring does open it";
  ASSERT_OK(eraser_->CatchUp());
  EXPECT_FALSE(Opens(sealed));
}

TEST_F(EraserTest, ALedgerThatForgotErasuresIsRefused) {
  alert_shelf_.names[1] = "A. Official";
  Close();
  const std::string before = base::ReadFile(keys() / kErasureLedgerFile).value();
  Open();
  ASSERT_OK(eraser_->Erase(Eraser::NewId(), Official("A. Official")));
  Close();
  ASSERT_OK(base::WriteFileAtomically(keys() / kErasureLedgerFile, before, 0600));
  Open();
  EXPECT_THAT(eraser_->CatchUp(),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("an older copy of it was put")));
}

TEST_F(EraserTest, CertifiesAgainWhatIsThereNow) {
  Store("J. Snow");
  const std::string sealed = sample_shelf_.sealed[1];
  const auto erased = eraser_->Erase(Eraser::NewId(), Sampler("J. Snow"));
  ASSERT_OK(erased);
  const std::string id = erased->erasure().id();
  const auto same = Certify(id);
  ASSERT_OK(same);
  EXPECT_EQ(same->certificate(), erased->certificate());
  sample_shelf_.sealed[50] = sealed;  // somebody put it back behind our back
  const auto again = Certify(id, true);
  ASSERT_OK(again);
  EXPECT_FALSE(again->erasure().clean());
  EXPECT_THAT(again->certificate(), HasSubstr("NOT CLEAN"));
  EXPECT_THAT(Certify("00"), StatusIs(base::StatusCode::kNotFound, _));
}

// Nobody keeps an official's name: who asks again says it again.
TEST_F(EraserTest, SearchesAgainForAnOfficialByTheNameThatIsGivenOnceMore) {
  alert_shelf_.names[3] = "B. Official";
  const auto erased = eraser_->Erase(Eraser::NewId(), Official("B. Official"));
  ASSERT_OK(erased);
  const std::string id = erased->erasure().id();
  EXPECT_THAT(Certify(id, true), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("value")));
  EXPECT_THAT(Certify(id, true, "C. Official"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("not the name")));
  EXPECT_EQ(Certify(id)->certificate(), erased->certificate()) << "nothing false was signed";
  const auto again = Certify(id, true, "B. Official");
  ASSERT_OK(again);
  EXPECT_TRUE(again->erasure().clean());
  EXPECT_THAT(again->certificate(), HasSubstr("verdict: clean"));
  alert_shelf_.names[3] = "B. Official";  // somebody put it back behind our back
  EXPECT_THAT(Certify(id, true, "B. Official")->certificate(), HasSubstr("NOT CLEAN"));
}

// Random stores, erasures, failures, restarts and restored copies: whoever was erased stays so.
TEST_F(EraserTest, WhoWasErasedStaysErasedThroughRandomOperations) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {} (repeat with --gtest_random_seed={})", seed, seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::map<std::string, std::string> living;  // sealed -> name
  std::vector<std::string> gone;              // sealed
  std::vector<Shelf> backups;
  for (int step = 0; step < 300; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    clock_.Advance(std::chrono::seconds(1));
    switch (pick(7)) {
      case 0:
        Open();
        ASSERT_OK(eraser_->CatchUp());
        break;
      case 1:
        backups.push_back(sample_shelf_);
        break;
      case 2:
        if (backups.empty()) break;
        sample_shelf_ = backups[static_cast<std::size_t>(pick(static_cast<int>(backups.size())))];
        Open();
        ASSERT_OK(eraser_->CatchUp());
        break;
      case 3: {
        const std::string name = fmt::format("person {}", pick(12));
        calls_left_ = pick(3) == 0 ? pick(11) : -1;
        const std::uint64_t before = ledger_->newest();
        const auto erased = eraser_->Erase(Eraser::NewId(), Sampler(name));
        calls_left_ = -1;
        if (ledger_->newest() == before) break;
        for (auto it = living.begin(); it != living.end();) {
          if (it->second == name) gone.push_back(it->first);
          it = it->second == name ? living.erase(it) : std::next(it);
        }
        if (!erased.ok()) {
          Open();
          ASSERT_OK(eraser_->CatchUp());
        }
        break;
      }
      default: {
        const std::string name = fmt::format("person {}", pick(12));
        Store(name);
        living[sample_shelf_.sealed[last_]] = name;
      }
    }
    for (const auto& [sealed, name] : living) ASSERT_TRUE(Opens(sealed));
    for (const std::string& sealed : gone) ASSERT_FALSE(Opens(sealed));
    for (const auto& [row, sealed] : sample_shelf_.sealed) {
      ASSERT_TRUE(living.contains(sealed)) << "row " << row << " holds somebody erased";
    }
  }
  EXPECT_GT(ledger_->newest(), 0U);
}

}  // namespace
}  // namespace belgrand::compliance
