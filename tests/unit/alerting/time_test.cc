// What time brings: pending alerts, escalations, reminders, silences, inhibition, quiet hours; over
// restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "alerting/book.h"
#include "alerting/outbox/delivery_worker.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/rules.h"
#include "tests/unit/alerting/shelf.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using belgrand::testing::IsOkAndHolds;
using belgrand::testing::StatusIs;
using detection::v1::CRITICAL;
using detection::v1::WARNING;
using detection::v1::WATCH;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeSignal;
using testing::Rules;
using testing::Shelf;
using testing::Signal;
using ::testing::SizeIs;

constexpr char kId[] = "north/SARS-CoV-2/trend";
constexpr char kOperations[] = "north/SARS-CoV-2/unanswered";

std::vector<Route> Receivers() {
  return {{"console", {}, true}, {"duty", {}}, {"boss", {}}, {"mayor", {}}};
}

// Events that wait for a receiver, by kind.
std::vector<std::string> Waiting(AlertBook& book, const std::string& receiver) {
  const auto pending = book.Pending(receiver, 0);
  EXPECT_OK(pending);
  std::vector<std::string> kinds;
  for (const auto& delivery : *pending) {
    const auto event = book.Event(delivery.event_sequence());
    EXPECT_OK(event);
    kinds.push_back(v1::EventKind_Name(static_cast<v1::EventKind>(event->kind())));
  }
  return kinds;
}

std::vector<std::string> History(AlertBook& book, const std::string& id) {
  const auto history = book.History(id);
  EXPECT_OK(history);
  std::vector<std::string> kinds;
  for (const auto& event : *history) {
    kinds.push_back(v1::EventKind_Name(static_cast<v1::EventKind>(event.kind())));
  }
  return kinds;
}

constexpr char kPlan[] = R"(
  escalations {
    name: "all" repeat: 1 unanswered_after { seconds: 900 } remind_after { seconds: 7200 }
    steps { wait { seconds: 1200 } receivers: "boss" }
    steps { wait { seconds: 1800 } receivers: "boss" receivers: "mayor" }
  }
  route { name: "town" receivers: "console" receivers: "duty" escalation: "all" }
)";

class TimeTest : public ::testing::Test {
 protected:
  void Open(const std::string& rules) {
    shelf_ = std::make_unique<Shelf>(Receivers(), Rules(rules));
  }
  void Pass(base::Duration time) {
    shelf_->clock().Advance(time);
    shelf_->Restart();  // nothing but the disk remembers what is due
    ASSERT_OK((*shelf_)->Tick());
  }
  void Tell(const testing::SignalSpec& spec) { ASSERT_OK(shelf_->Apply({MakeSignal(spec)})); }
  AlertBook& book() { return **shelf_; }
  storage::v1::AlertRecord Alert(const std::string& id = kId) {
    const auto alert = book().Get(id);
    EXPECT_OK(alert);
    return alert.ok() ? *alert : storage::v1::AlertRecord();
  }
  storage::v1::SilenceRecord Silence(base::Duration lasts) {
    storage::v1::SilenceRecord silence;
    silence.add_district_ids("north");
    silence.set_owner("A. Official");
    silence.set_reason("works on the sewer");
    silence.set_ends_at_us(base::ToMicros(shelf_->clock().Now() + lasts));
    return silence;
  }

  std::unique_ptr<Shelf> shelf_;
};

TEST_F(TimeTest, StepsFollowEachOtherUntilSomebodyAcknowledges) {
  Open(kPlan);
  Tell({.feed = 1});
  EXPECT_THAT(Waiting(book(), "boss"), IsEmpty());
  Pass(minutes(19));
  EXPECT_THAT(History(book(), kId), ElementsAre("OPENED"));
  Pass(minutes(1));
  EXPECT_THAT(Waiting(book(), "boss"), ElementsAre("ESCALATION_STEP"));
  EXPECT_THAT(Waiting(book(), "mayor"), IsEmpty());
  EXPECT_THAT(Waiting(book(), "duty"), ElementsAre("OPENED"))
      << "a step is told to its receivers, and to streams";
  EXPECT_THAT(Waiting(book(), "console"), ElementsAre("OPENED", "ESCALATION_STEP"));
  EXPECT_EQ(Alert().state(), v1::ESCALATED);
  EXPECT_THAT(book().Event(2)->cause(), HasSubstr("step 1 of 2 of escalation 'all', round 1 of 2"));
  ASSERT_OK(book().Tick());
  EXPECT_EQ(book().newest_sequence(), 2U) << "a step is taken once";
  ASSERT_OK(book().Acknowledge(kId, "A. Official", ""));
  Pass(minutes(119));
  EXPECT_THAT(Waiting(book(), "mayor"), IsEmpty());
  EXPECT_EQ(book().newest_sequence(), 3U);
}

TEST_F(TimeTest, WhoWasToldOfAnAlertHearsOfItsEnd) {
  Open(R"(route {
    receivers: "duty"
    routes { match { min_severity: CRITICAL } receivers: "mayor" }
  })");
  Tell({.severity = CRITICAL, .feed = 1});
  Tell({.phase = Signal::UPDATED, .severity = WATCH, .feed = 2});
  Tell({.phase = Signal::UPDATED, .severity = WATCH, .feed = 3});
  Tell({.phase = Signal::CLEARED, .feed = 4});
  EXPECT_THAT(Waiting(book(), "mayor"),
              ElementsAre("OPENED", "SEVERITY_CHANGED", "RESOLVED_BY_DETECTION"));
  EXPECT_THAT(Waiting(book(), "duty"), ElementsAre("SEVERITY_CHANGED", "RESOLVED_BY_DETECTION"));
  Tell({.feed = 5});
  EXPECT_THAT(Waiting(book(), "mayor"), SizeIs(3)) << "the next episode has its own way";
}

TEST_F(TimeTest, WhoForgetsAnAcknowledgementIsReminded) {
  Open(kPlan);
  Tell({.feed = 1});
  ASSERT_OK(book().Acknowledge(kId, "A. Official", ""));
  Pass(hours(2));
  Pass(hours(2));
  EXPECT_THAT(Waiting(book(), "duty"),
              ElementsAre("OPENED", "ACKNOWLEDGED_BY", "REMINDER", "REMINDER"));
  EXPECT_EQ(Alert().state(), v1::ACKNOWLEDGED);
  ASSERT_OK(book().Close(kId, Closing::kResolve, "A. Official", "over"));
  Pass(hours(24));
  EXPECT_THAT(History(book(), kId).back(), "RESOLVED_BY_HAND");
}

TEST_F(TimeTest, WhenNobodyAnswersAnOperationsAlertSaysSo) {
  Open(kPlan);
  Tell({.feed = 1});
  for (const int wait : {20, 30, 20, 30}) Pass(minutes(wait));
  EXPECT_THAT(Waiting(book(), "boss"), ElementsAre("ESCALATION_STEP", "ESCALATION_STEP",
                                                   "ESCALATION_STEP", "ESCALATION_STEP"));
  EXPECT_THAT(book().Get(kOperations), StatusIs(base::StatusCode::kNotFound, HasSubstr("no")));
  Pass(minutes(15));
  EXPECT_EQ(History(book(), kId).back(), "UNANSWERED");
  const auto operations = Alert(kOperations);
  EXPECT_EQ(operations.alert_class(), v1::OPERATIONS);
  EXPECT_EQ(operations.severity(), WARNING);
  EXPECT_THAT(operations.evidence(), HasSubstr("Nobody has acknowledged alert north/"));
  EXPECT_EQ(Waiting(book(), "mayor").back(), "OPENED") << "everybody hears of it";
  const auto newest = book().newest_sequence();
  Pass(hours(24));
  EXPECT_EQ(book().newest_sequence(), newest) << "and it does not begin again by itself";
  ASSERT_OK(book().Acknowledge(kId, "A. Official", "was asleep"));
  EXPECT_EQ(Alert(kOperations).state(), v1::RESOLVED);
  EXPECT_THAT(History(book(), kOperations), ElementsAre("OPENED", "RESOLVED_BY_DETECTION"));
}

TEST_F(TimeTest, EscalatingByHandTakesTheNextStepAtOnce) {
  Open(kPlan);
  Tell({.feed = 1});
  ASSERT_OK(book().Acknowledge(kId, "A. Official", ""));
  ASSERT_OK(book().Escalate(kId, "A. Official", "needs a decision"));
  Pass(seconds(0));
  EXPECT_THAT(Waiting(book(), "boss"), ElementsAre("ESCALATION_STEP"));
  Pass(minutes(30));
  EXPECT_THAT(Waiting(book(), "mayor"), ElementsAre("ESCALATION_STEP"));
}

TEST_F(TimeTest, APlanThatLeftTheConfigurationStopsAndAnotherBegins) {
  Open(kPlan);
  Tell({.feed = 1});
  Pass(minutes(20));
  shelf_->SetRules(Rules(R"(
    escalations { name: "new" steps { wait { seconds: 60 } receivers: "mayor" } }
    route { receivers: "duty" escalation: "new" })"));
  Pass(minutes(30));
  EXPECT_EQ(Alert().escalation_plan(), "new");
  EXPECT_THAT(Waiting(book(), "mayor"), IsEmpty());
  Pass(minutes(1));
  EXPECT_THAT(Waiting(book(), "mayor"), ElementsAre("ESCALATION_STEP"));
}

TEST_F(TimeTest, AnAlertIsPendingBeforeItOpensUnlessItIsCritical) {
  Open("open_after { seconds: 600 }");
  Tell({.feed = 1});
  EXPECT_EQ(Alert().state(), v1::PENDING);
  EXPECT_EQ(book().CountByState()[v1::PENDING], 1U);
  EXPECT_THAT(Waiting(book(), "duty"), IsEmpty());
  EXPECT_THAT(book().Acknowledge(kId, "A. Official", ""),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("is pending")));
  Tell({.phase = Signal::CLEARED, .feed = 2});
  EXPECT_THAT(book().Get(kId), StatusIs(base::StatusCode::kNotFound, HasSubstr("no alert")));
  EXPECT_THAT(*book().List({}), IsEmpty());
  Tell({.feed = 3});
  Pass(minutes(10));
  EXPECT_EQ(Alert().state(), v1::OPEN);
  EXPECT_THAT(Waiting(book(), "duty"), ElementsAre("OPENED"));
  EXPECT_THAT(History(book(), kId),
              ElementsAre("BECAME_PENDING", "PENDING_ENDED", "BECAME_PENDING", "OPENED"));
  Tell({.phase = Signal::CLEARED, .feed = 4});
  Tell({.feed = 5});
  EXPECT_EQ(Alert().state(), v1::PENDING);
  Tell({.phase = Signal::UPDATED, .severity = CRITICAL, .feed = 6});
  EXPECT_EQ(Alert().state(), v1::OPEN_AGAIN);
  EXPECT_EQ(Alert().episode(), 2U);
}

TEST_F(TimeTest, ASilenceMutesAndWhatStandsAtItsEndIsTold) {
  Open(kPlan);
  const auto silence = book().CreateSilence(Silence(hours(3)));
  ASSERT_OK(silence);
  EXPECT_EQ(silence->silence_id(), 1U);
  Tell({.feed = 1});
  Tell({.area = "s", .feed = 1, .district = "south"});
  EXPECT_THAT(Waiting(book(), "duty"), SizeIs(1)) << "south's";
  EXPECT_THAT(Waiting(book(), "console"), SizeIs(2)) << "a stream shows it all the same";
  const auto deliveries = book().Deliveries(kId);
  ASSERT_OK(deliveries);
  EXPECT_EQ((*deliveries)[1].state(), v1::MUTED);
  EXPECT_EQ((*deliveries)[1].last_result(), "muted by silence 1");
  EXPECT_EQ(book().MutedBy(FactsOf(Alert()), kId, shelf_->clock().Now()), "silence 1");
  ASSERT_OK(book().Acknowledge("south/SARS-CoV-2/trend", "A. Official", ""));
  Pass(hours(2));
  EXPECT_THAT(Waiting(book(), "boss"), IsEmpty()) << "nobody is asked to answer what is muted";
  Tell({.phase = Signal::UPDATED, .severity = CRITICAL, .feed = 2});
  EXPECT_EQ(Waiting(book(), "duty").back(), "SEVERITY_CHANGED") << "but CRITICAL is told";
  EXPECT_EQ(Alert().muted_by(), "");
  Tell({.phase = Signal::UPDATED, .severity = WATCH, .feed = 3});
  Tell({.phase = Signal::UPDATED, .severity = WATCH, .feed = 4});
  EXPECT_EQ(Alert().muted_by(), "silence 1") << "the fall was not told";
  Pass(hours(1));
  EXPECT_EQ(Waiting(book(), "duty").back(), "MUTE_ENDED");
  EXPECT_EQ(Alert().muted_by(), "");
  ASSERT_OK(book().Tick());
  EXPECT_EQ(Waiting(book(), "boss"), std::vector<std::string>{"ESCALATION_STEP"});
}

TEST_F(TimeTest, ASilenceIsEndedByHandAndWhatIsOverByThenIsNotTold) {
  Open(kPlan);
  ASSERT_OK(book().CreateSilence(Silence(hours(3))));
  Tell({.feed = 1});
  Tell({.phase = Signal::CLEARED, .feed = 2});
  EXPECT_THAT(book().EndSilence(1, ""),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("by")));
  EXPECT_THAT(book().EndSilence(2, "B"), StatusIs(base::StatusCode::kNotFound, HasSubstr("no si")));
  const auto ended = book().EndSilence(1, "B. Official");
  ASSERT_OK(ended);
  EXPECT_EQ(ended->ends_at_us(), base::ToMicros(shelf_->clock().Now()));
  EXPECT_THAT(book().EndSilence(1, "B. Official"),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("ended at")));
  Pass(seconds(1));
  EXPECT_THAT(Waiting(book(), "duty"), IsEmpty());
  EXPECT_EQ(Alert().muted_by(), "");
  EXPECT_EQ(book().Silences()->front().ended_by(), "B. Official");
}

TEST_F(TimeTest, ASilenceSaysWhatItWouldMuteAndIsRefusedWithoutItsFour) {
  Open(kPlan);
  Tell({.feed = 1});
  Tell({.severity = CRITICAL, .feed = 1, .rule = "spike"});
  Tell({.area = "s", .feed = 1, .district = "south"});
  auto silence = Silence(hours(1));
  EXPECT_THAT(*book().PreviewSilence(silence), SizeIs(1));
  silence.set_include_critical(true);
  EXPECT_THAT(*book().PreviewSilence(silence), SizeIs(2));
  const auto refused = [&](auto change, const char* text) {
    auto wrong = Silence(hours(1));
    change(wrong);
    EXPECT_THAT(book().CreateSilence(wrong),
                StatusIs(base::StatusCode::kInvalidArgument, HasSubstr(text)));
  };
  refused([](auto& s) { s.clear_district_ids(); }, "too broad");
  refused([](auto& s) { s.clear_owner(); }, "by is empty");
  refused([](auto& s) { s.set_reason(" "); }, "reason is empty");
  refused([](auto& s) { s.clear_ends_at_us(); }, "a silence has an end");
  refused([](auto& s) { s.set_ends_at_us(1); }, "must lie after now");
  refused(
      [](auto& s) { s.set_ends_at_us(s.ends_at_us() + hours(24 * 91).count() * 3'600'000'000); },
      "may begin within 90 days");
  refused([](auto& s) { s.add_kinds(7); }, "kind is 7");
  EXPECT_THAT(*book().Silences(), IsEmpty());
}

TEST_F(TimeTest, ABroadSilenceMutesNothingBeforeASecondPersonConsents) {
  Open(kPlan);
  const auto broad = [&](auto change) {
    auto silence = Silence(hours(3));
    silence.set_made_by_identity("official:7");
    change(silence);
    const auto made = book().CreateSilence(silence);
    EXPECT_OK(made);
    return made.value_or(silence);
  };
  const auto narrow = broad([](auto& s) {
    s.add_district_ids("south");
    s.add_district_ids("west");
    s.add_district_ids("west");
    s.clear_district_ids();
    s.add_district_ids("elsewhere");
  });
  EXPECT_FALSE(narrow.needs_consent());
  EXPECT_EQ(narrow.made_by_identity(), "") << "nobody needs it";
  EXPECT_TRUE(broad([](auto& s) { s.set_include_critical(true); }).needs_consent());
  EXPECT_TRUE(broad([](auto& s) {
                s.clear_district_ids();
                s.add_targets("SARS-CoV-2");
              }).needs_consent());
  const auto many = broad([](auto& s) {
    for (const char* district : {"south", "west", "east"}) s.add_district_ids(district);
  });
  EXPECT_TRUE(many.needs_consent()) << "four districts";
  Tell({.severity = CRITICAL, .feed = 1});
  EXPECT_THAT(Waiting(book(), "duty"), SizeIs(1)) << "three silences that mute nothing";
  EXPECT_EQ(book().MutedBy(FactsOf(Alert()), kId, shelf_->clock().Now()), "");
  for (const auto& [who, identity] :
       {std::pair("a. official", "official:8"), {"B. Official", "official:7"}}) {
    EXPECT_THAT(book().ConsentToSilence(2, {who, identity}),
                StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("another person")));
  }
  EXPECT_THAT(book().ConsentToSilence(1, {"B. Official"}),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("needs no consent")));
  EXPECT_THAT(book().ConsentToSilence(9, {"B. Official"}),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("9")));
  const auto consented = book().ConsentToSilence(2, {"B. Official", "official:8"});
  ASSERT_OK(consented);
  EXPECT_EQ(consented->consented_by(), "B. Official");
  EXPECT_EQ(consented->made_by_identity(), "") << "kept no longer than needed";
  EXPECT_EQ(book().MutedBy(FactsOf(Alert()), kId, shelf_->clock().Now()), "silence 2");
  shelf_->Restart();
  EXPECT_EQ(book().MutedBy(FactsOf(Alert()), kId, shelf_->clock().Now()), "silence 2");
  Pass(hours(4));
  EXPECT_THAT(book().ConsentToSilence(3, {"B. Official"}),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("ended at")));
}

TEST_F(TimeTest, AnOutageMutesItsConsequencesWhileItStands) {
  Open(R"(inhibitions {
    name: "outage" source { rules: "outage" } muted { max_severity: WARNING } same_district: true
  })");
  // In one report, the consequence last.
  ASSERT_OK(shelf_->Apply({MakeSignal({.feed = 1, .rule = "outage"}), MakeSignal({.feed = 1})}));
  EXPECT_THAT(Waiting(book(), "duty"), SizeIs(1));
  EXPECT_EQ(Alert().muted_by(), "inhibition outage (north/SARS-CoV-2/outage)");
  Tell({.phase = Signal::CLEARED, .feed = 2, .rule = "outage"});
  Pass(seconds(1));
  EXPECT_EQ(Waiting(book(), "duty").back(), "MUTE_ENDED");
  EXPECT_THAT(book().Event(book().newest_sequence())->cause(),
              HasSubstr("inhibition outage (north/SARS-CoV-2/outage) is over"));
}

// Remembers what arrived.
class Hand final : public Receiver {
 public:
  Outcome Deliver(const Delivery& delivery) override {
    arrived.push_back(delivery.event.sequence());
    return {.verdict = Outcome::Verdict::kAccepted, .result = "ok"};
  }
  void Cancel() override {}
  std::vector<std::uint64_t> arrived;
};

TEST_F(TimeTest, QuietHoursHoldUntilTheirEndAndARiseToCriticalTakesWhatIsHeldAlong) {
  // The tests' clock begins at 22:13 UTC.
  Open(R"(
    windows { name: "night" from: "22:00" to: "06:00" }
    route { receivers: "duty" receivers: "console" quiet_hours: "night" })");
  Tell({.feed = 1});                                    // 1
  Tell({.area = "s", .feed = 1, .district = "south"});  // 2
  EXPECT_THAT(book().Pending("duty", 0)->front().last_result(),
              HasSubstr("held by quiet hours 'night' until 2023-11-15T06:00:00Z"));
  Hand hand;
  const auto work = [&] {
    DeliveryWorker worker(
        book(), "duty", hand, shelf_->clock(), {}, [] { return 0.0; }, nullptr);
    while (*worker.Step() == DeliveryWorker::Progress::kTried) {
    }
  };
  work();
  EXPECT_THAT(hand.arrived, IsEmpty());
  {
    DeliveryWorker worker(
        book(), "duty", hand, shelf_->clock(), {}, [] { return 0.0; }, nullptr);
    ASSERT_THAT(worker.Step(), IsOkAndHolds(DeliveryWorker::Progress::kNothingDue));
    Tell({.phase = Signal::UPDATED, .severity = CRITICAL, .feed = 2});  // 3
    ASSERT_THAT(worker.Step(), IsOkAndHolds(DeliveryWorker::Progress::kTried));
  }
  work();
  EXPECT_THAT(hand.arrived, ElementsAre(1, 3)) << "in order; south's still waits";
  Pass(hours(8));
  work();
  EXPECT_THAT(hand.arrived, ElementsAre(1, 3, 2));
}

TEST_F(TimeTest, AnEscalationWaitsForTheEndOfQuietHours) {
  Open(R"(
    windows { name: "night" from: "22:00" to: "06:00" }
    escalations { name: "all" steps { wait { seconds: 60 } receivers: "boss" } }
    route { receivers: "duty" quiet_hours: "night" escalation: "all" })");
  Tell({.feed = 1});
  Pass(hours(1));
  EXPECT_THAT(Waiting(book(), "boss"), IsEmpty());
  EXPECT_EQ(base::FormatInstant(base::FromMicros(Alert().escalation_due_us())),
            "2023-11-15T06:00:00Z");
  Pass(hours(7));
  EXPECT_THAT(Waiting(book(), "boss"), ElementsAre("ESCALATION_STEP"));
}

}  // namespace
}  // namespace belgrand::alerting
