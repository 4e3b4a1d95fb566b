#include "alerting/book.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "compliance/retention.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/book_model.h"
#include "tests/unit/alerting/shelf.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using belgrand::testing::IsOkAndHolds;
using belgrand::testing::StatusIs;
using testing::BookModel;
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
    EXPECT_THAT((*store)->Get(kMeta, "format"), IsOkAndHolds(std::optional(EncodeNumber(2))));
    EXPECT_EQ((*book)->CountByState()[v1::RESOLVED], 1U);
    EXPECT_OK((*book)->RecordOutcome(alert.alert_id(), "A. Official", v1::TRUE_ALERT, ""));
    EXPECT_EQ((*book)->newest_sequence(), 7U);
  }
}

// What the schema says of every record, as the alerting role carries it out.
void ApplyRetention(AlertBook& book, base::Instant now) {
  for (const auto* record :
       {storage::v1::DeliveryRecord::descriptor(), storage::v1::AlertRecord::descriptor(),
        storage::v1::AlertEventRecord::descriptor()}) {
    const auto policies = compliance::RetentionPolicies(*record);
    const auto judge = [&](google::protobuf::Message& message) {
      return compliance::ClearExpiredFields(policies, &message, now).empty()
                 ? ExpiryVerdict::kKeep
                 : ExpiryVerdict::kStore;
    };
    ASSERT_OK(book.Sweep(*record, judge, SweepMode::kApply));
  }
}

std::size_t CountNames(const BookModel& model) {
  std::size_t names = 0;
  for (const auto& [id, alert] : model.alerts) names += alert.by.empty() ? 0 : 1;
  for (const auto& event : model.events) {
    names += (event.by.empty() ? 0 : 1) + (event.acknowledged_by.empty() ? 0 : 1);
  }
  return names;
}

// Compares every readable thing with the model.
void ExpectSame(AlertBook& book, const BookModel& model) {
  const auto alerts = book.List({});
  ASSERT_OK(alerts);
  std::size_t opened = 0;
  for (const auto& [id, alert] : model.alerts) opened += alert.episode > 0 ? 1 : 0;
  ASSERT_EQ(alerts->size(), opened);
  StateCounts by_state = {};
  for (const auto& alert : *alerts) {
    const auto& expected = model.alerts.at(alert.alert_id());
    EXPECT_EQ(alert.state(), expected.state) << alert.alert_id();
    EXPECT_EQ(alert.severity(), expected.severity) << alert.alert_id();
    EXPECT_EQ(alert.episode(), expected.episode);
    EXPECT_EQ(alert.outcome(), expected.outcome);
    EXPECT_EQ(alert.acknowledged_by(), expected.by);
    EXPECT_EQ(alert.acknowledged_at_us() != 0, !expected.by.empty());
    ++by_state[expected.state];
    for (const auto& area : alert.areas()) {
      EXPECT_EQ(area.severity(), expected.areas.at(area.signal_key()).severity);
    }
  }
  EXPECT_EQ(book.CountByState(), by_state);
  const auto events = book.EventsAfter(0, 1'000'000);
  ASSERT_OK(events);
  ASSERT_EQ(events->size(), model.events.size());
  std::map<BookModel::DeliveryId, v1::DeliveryState> deliveries;
  for (std::size_t i = 0; i < events->size(); ++i) {
    EXPECT_EQ((*events)[i].sequence(), i + 1) << "no gap";
    EXPECT_EQ((*events)[i].kind(), model.events[i].kind);
    EXPECT_EQ((*events)[i].alert().alert_id(), model.events[i].alert_id);
    EXPECT_EQ((*events)[i].by(), model.events[i].by);
    EXPECT_EQ((*events)[i].alert().state(), model.events[i].state);
    EXPECT_EQ((*events)[i].state_before(), model.events[i].state_before);
    EXPECT_EQ((*events)[i].alert().outcome(), model.events[i].outcome);
    EXPECT_EQ((*events)[i].alert().acknowledged_by(), model.events[i].acknowledged_by);
    EXPECT_EQ((*events)[i].alert().acknowledged_at_us() != 0,
              !model.events[i].acknowledged_by.empty());
  }
  for (const auto& alert : *alerts) {
    const auto of_alert = book.Deliveries(alert.alert_id());
    ASSERT_OK(of_alert);
    for (const auto& delivery : *of_alert) {
      deliveries[{delivery.receiver(), delivery.event_sequence()}] =
          static_cast<v1::DeliveryState>(delivery.state());
    }
  }
  EXPECT_EQ(deliveries, model.deliveries);
  std::size_t dead = 0;
  std::size_t pending = 0;
  for (const auto& [id, state] : model.deliveries) {
    dead += state == v1::DEAD ? 1 : 0;
    pending += state == v1::QUEUED || state == v1::RETRYING ? 1 : 0;
  }
  EXPECT_EQ(book.DeadLetters()->size(), dead);
  std::uint64_t depth = 0;
  const auto depths = book.Depths();
  ASSERT_OK(depths);
  for (const auto& entry : *depths) depth += entry.pending;
  EXPECT_EQ(depth, pending);
}

// Every alert as it was at an instant, and what officials said of each rule.
void ExpectSameAsOf(AlertBook& book, const BookModel& model, base::Instant as_of) {
  std::map<std::string, const BookModel::Event*> newest;
  for (const auto& event : model.events) {
    if (event.at <= as_of) newest[event.alert_id] = &event;
  }
  const auto alerts = book.List({.district_id = "", .as_of = as_of});
  ASSERT_OK(alerts);
  EXPECT_EQ(alerts->size(), newest.size());
  for (const auto& alert : *alerts) {
    ASSERT_TRUE(newest.contains(alert.alert_id()));
    const BookModel::Event& event = *newest.at(alert.alert_id());
    EXPECT_EQ(alert.state(), event.state);
    EXPECT_EQ(alert.outcome(), event.outcome);
    EXPECT_EQ(alert.acknowledged_by(), event.acknowledged_by);
    const auto one = book.GetAsOf(alert.alert_id(), as_of);
    ASSERT_OK(one);
    EXPECT_EQ(one->SerializeAsString(), alert.SerializeAsString());
  }
  const auto records = book.TrackRecords("", "");
  ASSERT_OK(records);
  std::map<std::pair<std::string, std::string>, std::map<int, unsigned>> said;
  for (const RuleRecord& record : *records) {
    std::map<int, unsigned> counts = {{v1::TRUE_ALERT, record.counts.true_alerts()},
                                      {v1::FALSE_ALERT, record.counts.false_alerts()},
                                      {v1::DATA_FAULT, record.counts.data_faults()},
                                      {v1::NO_ACTION_NEEDED, record.counts.no_action_needed()}};
    std::erase_if(counts, [](const auto& entry) { return entry.second == 0; });
    said[{record.district_id, record.rule}] = counts;
  }
  EXPECT_EQ(said, model.Records());
}

class BookModelTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(BookModelTest, BehavesAsTheModelThroughRandomWorkAndRestarts) {
  const unsigned seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  Shelf shelf(Routes());
  BookModel model(Routes());
  std::uint64_t feed = 0;
  std::uint64_t generation = 0;
  std::vector<Signal> sent;
  const auto any_alert = [&] {
    return std::string(pick(2) != 0 ? "north" : "south") + "/SARS-CoV-2/" +
           (pick(2) != 0 ? "trend" : "spike");
  };
  const auto any_signal = [&] {
    const bool spike = pick(2) != 0;
    const bool district = pick(2) != 0;
    const std::string where = pick(2) != 0 ? "north" : "south";
    if (pick(40) == 0) {  // another feed, or other detectors
      ++generation;
      feed = static_cast<std::uint64_t>(pick(20));
    } else if (pick(40) == 0) {  // detection has lost its directory
      generation = 0;
    }
    return MakeSignal({.level = district ? detection::v1::DISTRICT : detection::v1::SITE,
                       .area = district ? where : where + std::to_string(pick(3)),
                       .kind = spike ? detection::v1::SPIKE : detection::v1::RISE,
                       .phase = static_cast<Signal::Phase>(1 + pick(3)),
                       .severity = static_cast<detection::v1::Severity>(1 + pick(3)),
                       .feed = ++feed,
                       .district = where,
                       .rule = spike ? "spike" : "trend",
                       .generation = generation,
                       .recorded = pick(5) == 0 ? 0 : static_cast<std::int64_t>(1 + feed / 3)});
  };
  const auto any_pending = [&]() -> std::optional<storage::v1::DeliveryRecord> {
    const auto pending = shelf->Pending(pick(2) != 0 ? "hook" : "north-mail", 0);
    if (pending->empty()) return std::nullopt;
    return (*pending)[random() % pending->size()];
  };
  const base::Instant began = shelf.clock().Now();
  int forgotten = 0;
  for (int step = 0; step < 420; ++step) {
    shelf.clock().Advance(std::chrono::minutes(1));
    model.now = shelf.clock().Now();
    switch (pick(13)) {
      case 0:
      case 1: {  // a batch, some of it told before
        std::vector<Signal> batch;
        for (int i = pick(4); i >= 0; --i) {
          batch.push_back(!sent.empty() && pick(4) == 0 ? sent[random() % sent.size()]
                                                        : any_signal());
          sent.push_back(batch.back());
        }
        std::uint32_t applied = 0;
        for (const Signal& signal : batch) {
          applied +=
              model.Apply(FormatAlertId({signal.district_id(), signal.target(), signal.detector()}),
                          signal)
                  ? 1
                  : 0;
        }
        ASSERT_THAT(shelf.Apply(batch), belgrand::testing::IsOkAndHolds(applied));
        break;
      }
      case 2: {
        const std::string id = any_alert();
        const std::string by = "official " + std::to_string(pick(3));
        ASSERT_EQ(shelf->Acknowledge(id, by, "").ok(), model.Acknowledge(id, by));
        break;
      }
      case 3: {
        const std::string id = any_alert();
        const bool dismiss = pick(3) == 0;
        const int outcome = pick(5);
        ASSERT_EQ(shelf
                      ->Close(id, dismiss ? Closing::kDismiss : Closing::kResolve, "official",
                              "reason", static_cast<v1::AlertOutcome>(outcome))
                      .ok(),
                  model.Close(id, dismiss, "official", outcome));
        break;
      }
      case 10: {
        const std::string id = any_alert();
        ASSERT_EQ(shelf->Escalate(id, "official", "reason").ok(), model.Escalate(id, "official"));
        break;
      }
      case 11: {
        const std::string id = any_alert();
        ASSERT_EQ(shelf->Reopen(id, "official", "reason").ok(), model.Reopen(id, "official"));
        break;
      }
      case 12: {
        const std::string id = any_alert();
        const int outcome = pick(5);
        ASSERT_EQ(
            shelf->RecordOutcome(id, "official", static_cast<v1::AlertOutcome>(outcome), "").ok(),
            model.RecordOutcome(id, "official", outcome));
        break;
      }
      case 4: {
        auto delivery = any_pending();
        if (!delivery) break;
        const auto state = pick(2) != 0 ? v1::DELIVERED : v1::RETRYING;
        delivery->set_state(state);
        ASSERT_OK(shelf->Save(*delivery));
        model.deliveries[{delivery->receiver(), delivery->event_sequence()}] = state;
        break;
      }
      case 5: {
        const auto delivery = any_pending();
        if (!delivery || pick(3) != 0) break;
        ASSERT_OK(shelf->Bury(*delivery));
        model.Bury({delivery->receiver(), delivery->event_sequence()});
        break;
      }
      case 6: {
        const std::uint64_t up_to = random() % (model.events.size() + 1);
        ASSERT_OK(shelf->MarkSent("console", up_to));
        ASSERT_OK(shelf->Confirm("console", up_to));
        model.Confirm("console", up_to);
        break;
      }
      case 8: {
        const base::Instant by = shelf.clock().Now() - std::chrono::minutes(pick(60));
        ASSERT_THAT(shelf->GiveUpStream("console", by),
                    belgrand::testing::IsOkAndHolds(model.GiveUpStream("console", by)));
        break;
      }
      case 7: {  // months pass, short of the five years after which records go as a whole
        if (shelf.clock().Now() - began < std::chrono::days(1500)) {
          shelf.clock().Advance(std::chrono::days(pick(120)));
        }
        const base::Instant now = shelf.clock().Now();
        const std::size_t names = CountNames(model);
        ApplyRetention(*shelf, now);
        model.Forget([&](base::Instant acted) {
          return compliance::AddDuration(acted, {.months = 24, .days = 0, .time = {}}) <= now;
        });
        forgotten += static_cast<int>(names - CountNames(model));
        break;
      }
      default:
        if (pick(4) == 0) shelf.Restart();
    }
    if (step % 20 == 19) {
      ExpectSame(*shelf, model);
      ExpectSameAsOf(*shelf, model, shelf.clock().Now() - std::chrono::minutes(pick(60)));
    }
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  shelf.Restart();
  ExpectSame(*shelf, model);
  EXPECT_GT(model.events.size(), 50U) << "the work reached every part";
  EXPECT_GT(forgotten, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, BookModelTest, ::testing::Range(1U, 7U));

}  // namespace
}  // namespace belgrand::alerting
