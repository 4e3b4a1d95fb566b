#include "alerting/book.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/shelf.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using belgrand::testing::IsOkAndHolds;
using belgrand::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeSignal;
using testing::Shelf;
using testing::Signal;
using testing::SignalSpec;
using ::testing::SizeIs;

std::vector<Route> Routes() { return {{"console", {}}, {"north-mail", {"north"}}, {"hook", {}}}; }

std::vector<std::uint64_t> PendingNumbers(AlertBook& book, std::string_view receiver) {
  const auto pending = book.Pending(receiver, 0);
  EXPECT_OK(pending);
  std::vector<std::uint64_t> numbers;
  for (const auto& delivery : *pending) numbers.push_back(delivery.event_sequence());
  return numbers;
}

TEST(AlertBookTest, WritesAnAlertItsEventAndADeliveryPerReceiverConcerned) {
  Shelf shelf(Routes());
  ASSERT_THAT(shelf.Apply({MakeSignal({}), MakeSignal({.area = "south", .district = "south"})}),
              belgrand::testing::IsOkAndHolds(2U));
  shelf.Restart();
  EXPECT_EQ(shelf->newest_sequence(), 2U);
  EXPECT_EQ(shelf->instance_id(), "instance1") << "the name of the database stays";
  EXPECT_THAT(PendingNumbers(*shelf, "console"), ElementsAre(1, 2));
  EXPECT_THAT(PendingNumbers(*shelf, "north-mail"), ElementsAre(1));
  EXPECT_THAT(PendingNumbers(*shelf, "nobody"), IsEmpty());
  const auto history = shelf->History("north/SARS-CoV-2/trend");
  ASSERT_OK(history);
  ASSERT_THAT(*history, SizeIs(1));
  EXPECT_EQ(history->front().kind(), v1::OPENED);
  EXPECT_EQ(shelf->CountByState()[v1::OPEN], 2U);
}

TEST(AlertBookTest, AnUnusableSignalLeavesTheWholeBatchOut) {
  Shelf shelf(Routes());
  Signal broken = MakeSignal({});
  broken.clear_target();
  EXPECT_THAT(shelf.Apply({MakeSignal({}), broken}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("signals[1]: target")));
  EXPECT_EQ(shelf->newest_sequence(), 0U);
}

TEST(AlertBookTest, ListsNewestChangeFirstAndFilters) {
  Shelf shelf(Routes());
  for (const char* district : {"a", "ab", "b"}) {
    ASSERT_OK(shelf.Apply({MakeSignal({.area = district, .district = district})}));
    shelf.clock().Advance(std::chrono::seconds(1));
  }
  ASSERT_OK(
      shelf.Apply({MakeSignal({.level = detection::v1::SITE, .area = "s", .district = "c"})}));
  ASSERT_OK(shelf->Acknowledge("a/SARS-CoV-2/trend", "A. Official", "seen"));
  const auto ids = [&](const AlertFilter& filter) {
    std::vector<std::string> out;
    const auto alerts = shelf->List(filter);
    EXPECT_OK(alerts);
    for (const auto& alert : *alerts) out.push_back(alert.district_id());
    return out;
  };
  EXPECT_THAT(ids({}), ElementsAre("a", "b", "ab")) << "never-opened records are not shown";
  EXPECT_THAT(ids({.district_id = "a", .states = {}}), ElementsAre("a"));
  EXPECT_THAT(ids({.district_id = "", .states = {v1::OPEN}}), ElementsAre("b", "ab"));
  EXPECT_THAT(shelf->Get("c/SARS-CoV-2/trend"),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("no alert")));
}

TEST(AlertBookTest, AcknowledgementIsInTheHistoryWithNameAndComment) {
  Shelf shelf(Routes());
  ASSERT_OK(shelf.Apply({MakeSignal({})}));
  ASSERT_OK(shelf->Acknowledge("north/SARS-CoV-2/trend", "A. Official", "calling the hospital"));
  ASSERT_OK(shelf->Acknowledge("north/SARS-CoV-2/trend", "B. Other", "again"));
  shelf.Restart();
  const auto history = shelf->History("north/SARS-CoV-2/trend");
  ASSERT_OK(history);
  ASSERT_THAT(*history, SizeIs(2));
  EXPECT_EQ(history->back().by(), "A. Official");
  EXPECT_EQ(history->back().comment(), "calling the hospital");
  EXPECT_EQ(history->back().alert().state(), v1::ACKNOWLEDGED);
  EXPECT_EQ(shelf->CountByState()[v1::ACKNOWLEDGED], 1U);
}

TEST(AlertBookTest, AFailedDeliveryIsToldToTheOthersAndNeverInACircle) {
  Shelf shelf(Routes());
  ASSERT_OK(shelf.Apply({MakeSignal({})}));
  auto hook = shelf->Pending("hook", 0);
  ASSERT_OK(hook);
  hook->front().set_last_result("HTTP 410");
  hook->front().set_attempts(3);
  ASSERT_OK(shelf->Bury(hook->front()));
  shelf.Restart();
  EXPECT_THAT(PendingNumbers(*shelf, "hook"), IsEmpty());
  EXPECT_THAT(PendingNumbers(*shelf, "north-mail"), ElementsAre(1, 2));
  const auto event = shelf->Event(2);
  ASSERT_OK(event);
  EXPECT_EQ(event->kind(), v1::DELIVERY_FAILED);
  EXPECT_EQ(event->comment(), "Event 1 did not reach receiver 'hook' after 3 attempts: HTTP 410");
  const auto mails = shelf->Pending("north-mail", 1);
  ASSERT_OK(mails);
  ASSERT_OK(shelf->Bury(mails->front()));
  EXPECT_EQ(shelf->newest_sequence(), 2U) << "the failure to tell of a failure tells nobody";
  const auto dead = shelf->DeadLetters();
  ASSERT_OK(dead);
  EXPECT_THAT(*dead, SizeIs(2));
}

TEST(AlertBookTest, AReceiverThatLeftTheConfigurationKeepsItsReceiptsAndOthersHear) {
  Shelf shelf(Routes());
  ASSERT_OK(shelf.Apply({MakeSignal({})}));
  auto mail = shelf->Pending("north-mail", 0);
  ASSERT_OK(mail);
  mail->front().set_state(v1::DELIVERED);
  ASSERT_OK(shelf->Save(mail->front()));
  ASSERT_OK(shelf->Acknowledge("north/SARS-CoV-2/trend", "A. Official", ""));
  shelf.SetRoutes({{"console", {}}});
  shelf.Restart();
  EXPECT_THAT(shelf->RetireReceivers(), belgrand::testing::IsOkAndHolds(3U));
  EXPECT_THAT(shelf->RetireReceivers(), belgrand::testing::IsOkAndHolds(0U));
  const auto deliveries = shelf->Deliveries("north/SARS-CoV-2/trend");
  ASSERT_OK(deliveries);
  int delivered = 0;
  for (const auto& delivery : *deliveries) {
    if (delivery.receiver() != "console") {
      EXPECT_TRUE(delivery.state() == v1::DEAD || delivery.state() == v1::DELIVERED);
    }
    delivered += delivery.state() == v1::DELIVERED ? 1 : 0;
  }
  EXPECT_EQ(delivered, 1);
  // hook and north-mail each left one alert untold.
  EXPECT_EQ(shelf->newest_sequence(), 4U);
  EXPECT_THAT(PendingNumbers(*shelf, "console"), ElementsAre(1, 2, 3, 4));
}

TEST(AlertBookTest, AStreamThatNobodyConfirmsIsGivenUpToldOfAndStillConfirmedLater) {
  Shelf shelf(Routes());
  ASSERT_OK(shelf.Apply({MakeSignal({}), MakeSignal({.area = "b", .district = "b"})}));
  const base::Instant first = shelf.clock().Now();
  shelf.clock().Advance(std::chrono::hours(1));
  ASSERT_OK(shelf->Acknowledge("north/SARS-CoV-2/trend", "A. Official", "seen"));
  EXPECT_THAT(shelf->GiveUpStream("console", first - std::chrono::microseconds(1)),
              IsOkAndHolds(0U));
  EXPECT_THAT(shelf->GiveUpStream("console", first), IsOkAndHolds(2U));
  EXPECT_THAT(shelf->GiveUpStream("console", first), IsOkAndHolds(0U));
  EXPECT_THAT(PendingNumbers(*shelf, "console"), ElementsAre(3)) << "the younger one waits on";
  ASSERT_THAT(*shelf->DeadLetters(), SizeIs(2));
  EXPECT_THAT(shelf->DeadLetters().value().front().last_result(), HasSubstr("nobody confirmed"));
  EXPECT_EQ(shelf->Event(4)->kind(), v1::DELIVERY_FAILED);
  EXPECT_THAT(shelf->Event(4)->comment(), HasSubstr("'console' has not confirmed event 1"));
  EXPECT_EQ(shelf->Event(5)->alert().district_id(), "b") << "one event for each alert";
  EXPECT_THAT(PendingNumbers(*shelf, "hook"), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(PendingNumbers(*shelf, "north-mail"), ElementsAre(1, 3, 4));
  EXPECT_THAT(*shelf->EventsAfter(0, 10), SizeIs(5)) << "the stream still carries them";
  // News of a failure that nobody confirms either makes no further news.
  EXPECT_THAT(shelf->GiveUpStream("hook", shelf.clock().Now()), IsOkAndHolds(5U));
  EXPECT_EQ(shelf->newest_sequence(), 7U) << "events 1 and 3 are of one alert, 2 of the other";
  shelf.Restart();
  ASSERT_OK(shelf->MarkSent("console", 3));
  const auto confirmation = shelf->Confirm("console", 3);
  ASSERT_OK(confirmation);
  EXPECT_EQ(confirmation->deliveries, 3U);
  const auto letters = shelf->DeadLetters();
  ASSERT_OK(letters);
  EXPECT_THAT(*letters, SizeIs(5));
  for (const auto& letter : *letters) EXPECT_EQ(letter.receiver(), "hook");
  const auto deliveries = shelf->Deliveries("b/SARS-CoV-2/trend");
  ASSERT_OK(deliveries);
  for (const auto& delivery : *deliveries) {
    if (delivery.receiver() == "console" && delivery.event_sequence() == 2) {
      EXPECT_EQ(delivery.state(), v1::DELIVERED);
    }
  }
}

TEST(AlertBookTest, SubscribersConfirmWhatWasSentAndNoMore) {
  Shelf shelf(Routes());
  ASSERT_OK(shelf.Apply({MakeSignal({}), MakeSignal({.area = "b", .district = "b"}),
                         MakeSignal({.area = "c", .district = "c"})}));
  EXPECT_THAT(shelf->Confirm("console", 1),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("up to 0")));
  ASSERT_OK(shelf->MarkSent("console", 2));
  ASSERT_OK(shelf->MarkSent("console", 1));
  shelf.Restart();
  EXPECT_EQ(shelf->Position("console")->sent, 2U);
  const auto confirmation = shelf->Confirm("console", 2);
  ASSERT_OK(confirmation);
  EXPECT_EQ(confirmation->deliveries, 2U);
  EXPECT_EQ(shelf->Confirm("console", 1)->position.confirmed, 2U) << "never moves back";
  shelf.Restart();
  EXPECT_EQ(shelf->Position("console")->confirmed, 2U);
  EXPECT_THAT(PendingNumbers(*shelf, "console"), ElementsAre(3));
}

TEST(AlertBookTest, ASweepDoesWhatTheJudgeSaysAndTakesIndexesAlong) {
  using storage::v1::AlertEventRecord;
  using storage::v1::AlertRecord;
  using storage::v1::DeliveryRecord;
  Shelf shelf(Routes());
  ASSERT_OK(shelf.Apply({MakeSignal({}), MakeSignal({.area = "b", .district = "b"})}));
  ASSERT_OK(shelf->Acknowledge("north/SARS-CoV-2/trend", "A. Official", "seen"));
  const auto clear_by = [](google::protobuf::Message& message) {
    auto& event = dynamic_cast<AlertEventRecord&>(message);
    if (event.by().empty()) return ExpiryVerdict::kKeep;
    event.clear_by();
    return ExpiryVerdict::kStore;
  };
  ASSERT_OK(shelf->Sweep(*AlertEventRecord::descriptor(), clear_by, SweepMode::kPlan));
  EXPECT_EQ(shelf->Event(3)->by(), "A. Official") << "a plan changes nothing";
  ASSERT_OK(shelf->Sweep(*AlertEventRecord::descriptor(), clear_by, SweepMode::kApply));
  EXPECT_EQ(shelf->Event(3)->by(), "");
  const auto north = [](std::string_view alert_id) {
    return alert_id.starts_with("north") ? ExpiryVerdict::kDelete : ExpiryVerdict::kKeep;
  };
  ASSERT_OK(shelf->Sweep(
      *DeliveryRecord::descriptor(),
      [&](auto& m) { return north(dynamic_cast<DeliveryRecord&>(m).alert_id()); },
      SweepMode::kApply));
  EXPECT_THAT(PendingNumbers(*shelf, "console"), ElementsAre(2));
  EXPECT_THAT(*shelf->Deliveries("north/SARS-CoV-2/trend"), IsEmpty());
  ASSERT_OK(shelf->Sweep(
      *AlertEventRecord::descriptor(),
      [&](auto& m) { return north(dynamic_cast<AlertEventRecord&>(m).alert().alert_id()); },
      SweepMode::kApply));
  EXPECT_THAT(*shelf->History("north/SARS-CoV-2/trend"), IsEmpty());
  EXPECT_THAT(*shelf->EventsAfter(0, 10), SizeIs(1));
  ASSERT_OK(shelf->Sweep(
      *AlertRecord::descriptor(),
      [&](auto& m) { return north(dynamic_cast<AlertRecord&>(m).alert_id()); }, SweepMode::kApply));
  EXPECT_EQ(shelf->CountByState()[v1::ACKNOWLEDGED], 0U);
  EXPECT_EQ(shelf->CountByState()[v1::OPEN], 1U);
  ASSERT_OK(shelf->FinishSweeps());
  shelf.Restart();
  EXPECT_EQ(shelf->newest_sequence(), 3U) << "numbers are not used again";
  EXPECT_FALSE(shelf->Sweep(*v1::Alert::descriptor(), {}, SweepMode::kPlan).ok());
}

TEST(AlertBookTest, AnAlertIsReadAsItWasToldOfAtAnInstant) {
  constexpr char kId[] = "north/SARS-CoV-2/trend";
  Shelf shelf(Routes());
  const base::Instant before = shelf.clock().Now();
  shelf.clock().Advance(std::chrono::hours(1));
  ASSERT_OK(shelf.Apply({MakeSignal({})}));
  const base::Instant opened = shelf.clock().Now();
  shelf.clock().Advance(std::chrono::hours(1));
  ASSERT_OK(shelf->Acknowledge(kId, "A. Official", "seen"));
  shelf.clock().Advance(std::chrono::hours(1));
  ASSERT_OK(shelf->Close(kId, Closing::kDismiss, "B. Official", "sewer works"));
  shelf.Restart();
  EXPECT_THAT(
      shelf->GetAsOf(kId, before),
      StatusIs(base::StatusCode::kNotFound, HasSubstr("was known at 2023-11-14T22:13:20Z")));
  EXPECT_THAT(*shelf->List({.district_id = "", .as_of = before}), IsEmpty());
  EXPECT_EQ(shelf->GetAsOf(kId, opened)->state(), v1::OPEN);
  EXPECT_EQ(shelf->GetAsOf(kId, opened)->outcome(), 0) << "known only later";
  EXPECT_EQ(shelf->GetAsOf(kId, opened + std::chrono::hours(1))->acknowledged_by(), "A. Official");
  EXPECT_THAT(*shelf->List({.district_id = "", .states = {v1::DISMISSED}, .as_of = opened}),
              IsEmpty());
  EXPECT_EQ(shelf->GetAsOf(kId, shelf.clock().Now())->state(), v1::DISMISSED);
}

TEST(AlertBookTest, TheNextAlertOfARuleSaysHowOftenItWasRightInItsDistrict) {
  constexpr char kId[] = "north/SARS-CoV-2/trend";
  Shelf shelf(Routes());
  std::uint64_t feed = 0;
  const auto episode = [&](const std::string& target, v1::AlertOutcome outcome) {
    ASSERT_OK(shelf.Apply({MakeSignal({.feed = ++feed, .target = target})}));
    ASSERT_OK(
        shelf.Apply({MakeSignal({.phase = Signal::CLEARED, .feed = ++feed, .target = target})}));
    ASSERT_OK(shelf->RecordOutcome("north/" + target + "/trend", "A. Official", outcome, ""));
  };
  episode("SARS-CoV-2", v1::TRUE_ALERT);
  episode("SARS-CoV-2", v1::FALSE_ALERT);
  episode("Influenza-A", v1::NO_ACTION_NEEDED);
  const std::uint64_t last = shelf->newest_sequence();
  EXPECT_THAT(PendingNumbers(*shelf, "hook"), SizeIs(last - 3)) << "an outcome is told to nobody";
  // Other districts and other rules have records of their own.
  ASSERT_OK(shelf.Apply({MakeSignal({.area = "south", .feed = ++feed, .district = "south"}),
                         MakeSignal({.feed = ++feed, .rule = "spike"})}));
  EXPECT_FALSE(shelf->Get("south/SARS-CoV-2/trend")->has_track_record());
  EXPECT_FALSE(shelf->Get("north/SARS-CoV-2/spike")->has_track_record());
  shelf.Restart();
  ASSERT_OK(shelf.Apply({MakeSignal({.feed = ++feed})}));
  auto record = shelf->Get(kId)->track_record();
  EXPECT_EQ(record.true_alerts(), 1U);
  EXPECT_EQ(record.false_alerts(), 1U);
  EXPECT_EQ(record.no_action_needed(), 1U);
  // Saying it anew replaces what was said; taking the closing back forgets it.
  ASSERT_OK(shelf->Close(kId, Closing::kDismiss, "A. Official", "mixed up", v1::DATA_FAULT));
  ASSERT_OK(shelf->RecordOutcome(kId, "A. Official", v1::FALSE_ALERT, "not mixed up"));
  EXPECT_EQ(shelf->TrackRecords("north", "trend")->front().counts.false_alerts(), 2U);
  ASSERT_OK(shelf->Reopen(kId, "A. Official", "wrong alert"));
  EXPECT_EQ(shelf->TrackRecords("", "trend")->front().counts.false_alerts(), 1U);
  EXPECT_EQ(shelf->Get(kId)->episode(), 3U) << "the same episode goes on";
}

TEST(AlertBookTest, ADatabaseOfFormatOneIsOpenedAndUpgraded) {
  belgrand::testing::TempDir dir;
  base::FakeClock clock(base::FromMicros(1'700'000'000'000'000));
  storage::v1::AlertRecord alert;
  alert.set_alert_id("north/SARS-CoV-2/trend");
  alert.set_district_id("north");
  alert.set_target("SARS-CoV-2");
  alert.set_rule("trend");
  alert.set_kind(detection::v1::RISE);
  alert.set_state(v1::RESOLVED);
  alert.set_severity(detection::v1::WARNING);
  alert.set_episode(2);
  alert.set_changed_at_us(1'600'000'000'000'000);
  {
    storage::StoreOptions options;
    options.directory = dir.path() / "alerting";
    options.families = {"alerts", "events", "history", "deliveries", "pending", "dead", "meta"};
    auto store = storage::Store::Open(options);
    ASSERT_OK(store);
    storage::Batch batch;
    batch.Put(kMeta, "format", EncodeNumber(1));
    batch.Put(kMeta, "instance", "old");
    batch.Put(kMeta, "next_sequence", EncodeNumber(7));
    batch.Put(kAlerts, AlertRecordKey({"north", "SARS-CoV-2", "trend"}), alert.SerializeAsString());
    ASSERT_OK((*store)->Write(batch));
  }
  for (int i = 0; i < 2; ++i) {
    auto store = OpenAlertStore(dir.path() / "alerting");
    ASSERT_OK(store);
    auto book = AlertBook::Open(**store, clock, {Routes(), "new"});
    ASSERT_OK(book);
    EXPECT_EQ((*book)->instance_id(), "old");
    EXPECT_THAT((*store)->Get(kMeta, "format"), IsOkAndHolds(std::optional(EncodeNumber(3))));
    EXPECT_EQ((*book)->CountByState()[v1::RESOLVED], 1U);
    EXPECT_OK((*book)->RecordOutcome(alert.alert_id(), "A. Official", v1::TRUE_ALERT, ""));
    EXPECT_EQ((*book)->newest_sequence(), 7U);
  }
}

}  // namespace
}  // namespace belgrand::alerting
