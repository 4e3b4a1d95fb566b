// An official leaves the book of alerts, by name and by the digest of the name; the alerts stay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compliance/erasure_ledger.h"
#include "services/alerting/erasure.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alerting/rules.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using compliance::v1::PersonToErase;
using ::testing::ElementsAre;
using testing::MakeSignal;
using testing::Signal;

constexpr char kNorth[] = "north/SARS-CoV-2/trend";
constexpr char kSouth[] = "south/SARS-CoV-2/trend";
const std::string kName = "A. Official";

class AlertErasureTest : public ::testing::Test {
 protected:
  AlertErasureTest() { Reopen(); }

  void Reopen() {
    book_.reset();
    store_.reset();
    auto store = OpenAlertStore(dir_.path() / "alerting");
    ASSERT_OK(store);
    store_ = *std::move(store);
    const auto rules =
        testing::Rules(R"(notices { propose { rules: "trend" } sender: "alerts@city.example" })");
    auto book = AlertBook::Open(*store_, clock_, {{{"console", {}}}, "instance", rules});
    ASSERT_OK(book);
    book_ = *std::move(book);
    ASSERT_OK(LoadRestrictions(*store_, restrictions_));
    persons_ = PersonsOf(*book_, *store_, restrictions_);
  }
  void Raise(const std::string& district, std::uint64_t feed) {
    const Signal signal = MakeSignal({.area = district, .feed = feed, .district = district});
    const Signal* const pointer = &signal;
    ASSERT_OK(book_->Apply(std::span(&pointer, 1)));
  }
  // Two alerts, acknowledged by two officials; the second one names the first.
  void Fill() {
    Raise("north", 1);
    Raise("south", 2);
    clock_.Advance(std::chrono::seconds(5));
    ASSERT_OK(book_->Acknowledge(kNorth, kName, "calling the hospital"));
    ASSERT_OK(book_->Acknowledge(kSouth, "B. Other", "told A. Official of it"));
    for (const auto& [owner, reason] :
         {std::pair(kName, std::string("pump is out")), {"B. Other", "A. Official asked for it"}}) {
      storage::v1::SilenceRecord silence;
      silence.add_district_ids("west");
      silence.set_owner(owner);
      silence.set_reason(reason);
      silence.set_ends_at_us(base::ToMicros(clock_.Now() + std::chrono::hours(1)));
      ASSERT_OK(book_->CreateSilence(silence));
    }
    ASSERT_OK(book_->EndSilence(2, kName));
    storage::v1::SilenceRecord broad;
    broad.add_targets("SARS-CoV-2");
    broad.set_owner("B. Other");
    broad.set_reason("exercise");
    broad.set_ends_at_us(base::ToMicros(clock_.Now() + std::chrono::hours(1)));
    ASSERT_OK(book_->CreateSilence(broad));
    ASSERT_OK(book_->ConsentToSilence(3, {kName}));
    // First approvals of two notices.
    Approve(1, kName, "looks right");
    Approve(2, "B. Other", "as A. Official says");
    auto delivery = book_->Pending("console", 0)->front();
    delivery.set_state(v1::DELIVERED);
    for (const std::string& recipient : {kName, std::string("B. Other")}) {
      auto& receipt = *delivery.add_receipts();
      receipt.set_recipient(recipient);
      receipt.set_state(v1::RECEIPT_ACCEPTED);
      receipt.set_at_us(base::ToMicros(clock_.Now()));
    }
    ASSERT_OK(book_->Save(delivery));
    clock_.Advance(std::chrono::seconds(5));
  }
  void Approve(std::uint64_t number, const std::string& by, const std::string& comment) {
    const auto notice = book_->GetNotice(number);
    ASSERT_OK(notice);
    ASSERT_OK(book_->ApproveNotice(number, NoticeDigest(notice->draft()), {by}, comment));
  }
  // As the dispatcher would of a recipient that refused for now.
  void TryToTell(v1::DeliveryState state) {
    auto delivery = book_->Deliveries(kSouth)->front();
    delivery.clear_receipts();
    delivery.add_receipts()->set_recipient(kName);
    delivery.set_state(state);
    ASSERT_OK(book_->Save(delivery));
  }
  enum class Name { kKnown, kForgotten };
  shared::PersonMatcher Official(Name name = Name::kKnown,
                                 const std::string& replacement = {}) const {
    PersonToErase person;
    person.set_replacement(replacement);
    person.set_subject(privacy::v1::OFFICIAL);
    person.set_name_digest(compliance::NameDigest(key_, privacy::v1::OFFICIAL, "", kName));
    *person.mutable_stored_until() = shared::ToTimestamp(clock_.Now());
    if (name == Name::kKnown) person.set_value(kName);
    auto matcher = shared::PersonMatcher::Make({person}, key_.view());
    EXPECT_OK(matcher);
    return *std::move(matcher);
  }
  static std::vector<std::uint64_t> Counts(const shared::PersonStewardship::Lines& lines) {
    EXPECT_OK(lines);
    std::vector<std::uint64_t> counts;
    for (const auto& line : *lines) counts.push_back(line.count());
    return counts;
  }
  std::uint64_t Hits(const std::string& text) const {
    const auto facts = persons_.search({text});
    EXPECT_OK(facts);
    return facts->values.hits.at(0) + facts->logs.hits.at(0) + facts->manifests.hits.at(0) +
           facts->raw.hits.at(0);
  }

  belgrand::testing::TempDir dir_;
  base::FakeClock clock_{base::FromMicros(1'700'000'000'000'000)};
  const crypto::Key256 key_ = crypto::Key256::Random();
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<AlertBook> book_;
  shared::Restrictions restrictions_;
  shared::PersonStewardship persons_;
};

TEST_F(AlertErasureTest, TheNameLeavesAlertsEventsAndFilesAndTheAlertStays) {
  Fill();
  // Alert; then of its events: by, comments (one of them of somebody else), the alert's copy; then
  // of silences: owner, reasons (one of them of somebody else), who ended it and who consented; of
  // notices: who approved, comments, the first approval that waits; of deliveries: who was told.
  EXPECT_THAT(Counts(persons_.find(Official())), ElementsAre(1, 1, 2, 1, 1, 2, 1, 1, 1, 2, 1, 1));
  ASSERT_GT(Hits(kName), 0U) << "positive control";
  EXPECT_THAT(Counts(persons_.erase(Official())), ElementsAre(1, 1, 2, 1, 1, 2, 1, 1, 1, 2, 1, 1));
  EXPECT_EQ(Hits(kName), 0U);
  EXPECT_EQ(Hits("calling the hospital"), 0U) << "what they wrote goes with them";
  EXPECT_GT(Hits("B. Other"), 0U) << "the other official stays";
  EXPECT_EQ(Hits("pump is out"), 0U);
  const auto silences = book_->Silences();
  ASSERT_OK(silences);
  EXPECT_EQ(silences->at(0).owner(), "") << "the silence stays";
  EXPECT_EQ(silences->at(1).owner(), "B. Other");
  EXPECT_EQ(silences->at(1).reason() + silences->at(1).ended_by(), "");
  Reopen();
  const auto north = book_->Get(kNorth);
  ASSERT_OK(north);
  EXPECT_EQ(north->state(), v1::ACKNOWLEDGED);
  EXPECT_EQ(north->acknowledged_by(), "");
  EXPECT_GT(north->acknowledged_at_us(), 0);
  const auto history = book_->History(kNorth);
  ASSERT_OK(history);
  EXPECT_EQ(history->size(), 2U);
  EXPECT_EQ(history->back().kind(), v1::ACKNOWLEDGED_BY);
  EXPECT_EQ(history->back().by(), "");
  EXPECT_EQ(book_->Get(kSouth)->acknowledged_by(), "B. Other");
  const auto notice = book_->GetNotice(1);
  ASSERT_OK(notice);
  EXPECT_EQ(notice->steps(1).kind(), v1::DRAFT_APPROVED) << "that somebody approved stays";
  EXPECT_EQ(ApprovalsOf(notice->draft()), 0U) << "who cannot be told from the second is not one";
  Approve(1, "B. Other", "");
  EXPECT_EQ(book_->GetNotice(1)->state(), v1::NOTICE_PROPOSED);
  EXPECT_THAT(Counts(persons_.erase(Official())), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

TEST_F(AlertErasureTest, WhoIsBeingToldIsFoundAndLeavesOnceTheDeliveryHasEnded) {
  Raise("south", 1);
  TryToTell(v1::RETRYING);
  EXPECT_EQ(Counts(persons_.find(Official())).back(), 1U);
  EXPECT_EQ(Counts(persons_.erase(Official())).back(), 0U);
  EXPECT_GT(Hits(kName), 0U) << "the search of an erasure says that it is not complete";
  TryToTell(v1::DEAD);
  EXPECT_EQ(Counts(persons_.erase(Official())).back(), 1U);
  EXPECT_EQ(Hits(kName), 0U);
  EXPECT_EQ(Counts(persons_.find(Official())).back(), 0U);
}

TEST_F(AlertErasureTest, TheDigestAloneFindsTheNameButNotWhatMentionsIt) {
  Fill();
  EXPECT_THAT(Counts(persons_.erase(Official(Name::kForgotten))),
              ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_EQ(book_->Get(kNorth)->acknowledged_by(), "");
  EXPECT_EQ(book_->History(kSouth)->back().comment(), "told A. Official of it");
}

TEST_F(AlertErasureTest, WhatIsStoredLaterIsOfSomebodyWhoCameBack) {
  Fill();
  const shared::PersonMatcher before = Official(Name::kForgotten);
  clock_.Advance(std::chrono::seconds(60));
  Raise("east", 3);
  ASSERT_OK(book_->Acknowledge("east/SARS-CoV-2/trend", kName, ""));
  EXPECT_THAT(Counts(persons_.erase(before)), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_EQ(book_->Get("east/SARS-CoV-2/trend")->acknowledged_by(), kName);
}

TEST_F(AlertErasureTest, ARectifiedNameStandsCorrectedEverywhereAndTheOldOneInNoFile) {
  Fill();
  const shared::PersonMatcher correct = Official(Name::kKnown, "A. Official-Smith");
  EXPECT_THAT(Counts(persons_.erase(correct)), ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(Counts(persons_.erase(correct)), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
      << "what is correct is not corrected again";
  EXPECT_EQ(Hits(std::string("\x0b") + kName), 0U) << "the old name as a field";
  Reopen();
  EXPECT_EQ(book_->Get(kNorth)->acknowledged_by(), "A. Official-Smith");
  EXPECT_EQ(book_->History(kNorth)->back().by(), "A. Official-Smith");
  EXPECT_EQ(book_->History(kNorth)->back().comment(), "calling the hospital") << "it stays";
  EXPECT_EQ(book_->History(kSouth)->back().comment(), "told A. Official-Smith of it");
  EXPECT_EQ(book_->Silences()->at(0).owner(), "A. Official-Smith");
  EXPECT_EQ(book_->Silences()->at(1).ended_by(), "A. Official-Smith");
  EXPECT_EQ(book_->Silences()->at(2).consented_by(), "A. Official-Smith");
  EXPECT_EQ(book_->GetNotice(1)->draft().first_approval().by(), "A. Official-Smith");
  EXPECT_EQ(book_->GetNotice(2)->steps().rbegin()->comment(), "as A. Official-Smith says");
}

TEST_F(AlertErasureTest, CollectsEveryRecordOfOneOfficial) {
  Fill();
  std::vector<std::string> found;
  ASSERT_OK(persons_.collect(Official(), [&](compliance::v1::HeldRecord record) {
    for (const auto& field : record.fields()) {
      if (field.category() == privacy::v1::IDENTITY || field.category() == privacy::v1::CONTACT) {
        found.push_back(record.record().substr(20) + "." + field.name());
      }
      EXPECT_EQ(field.value().find("B. Other"), std::string::npos);
    }
    return base::OkStatus();
  }));
  EXPECT_THAT(found,
              ElementsAre("AlertRecord.acknowledged_by", "AlertEventRecord.alert.acknowledged_by",
                          "AlertEventRecord.by", "SilenceRecord.owner", "SilenceRecord.ended_by",
                          "SilenceRecord.consented_by", "NoticeRecord.draft.first_approval.by",
                          "NoticeRecord.steps.by", "DeliveryRecord.receipts.recipient"));
}

TEST_F(AlertErasureTest, WhomItWithholdsIsKnownAfterARestart) {
  storage::v1::RestrictionsRecord record;
  record.set_name_key(std::string(key_.view()));
  auto& person = *record.add_persons();
  person.set_subject(privacy::v1::OFFICIAL);
  person.set_name_digest(compliance::NameDigest(key_, privacy::v1::OFFICIAL, "", kName));
  ASSERT_OK(persons_.restrict_to(record));
  shared::Restrictions restarted;
  ASSERT_OK(LoadRestrictions(*store_, restarted));
  EXPECT_TRUE(restarted.any());
  ASSERT_OK(persons_.restrict_to({}));
  ASSERT_OK(LoadRestrictions(*store_, restarted));
  EXPECT_FALSE(restarted.any());
}

TEST_F(AlertErasureTest, TheMarkOfErasuresOutlivesARestart) {
  EXPECT_EQ(persons_.mark()->through, 0U);
  ASSERT_OK(persons_.set_mark({std::string(16, 'l'), 3}));
  Reopen();
  EXPECT_EQ(persons_.mark()->through, 3U);
  EXPECT_EQ(persons_.mark()->ledger_id, std::string(16, 'l'));
}

}  // namespace
}  // namespace belgrand::alerting
