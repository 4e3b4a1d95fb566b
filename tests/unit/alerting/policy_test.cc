// Routing, quiet hours, calendars and inhibition, as a configuration says them.
#include "alerting/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "alerting/policy/schedule.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/rules.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using belgrand::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Rules;
using ::testing::SizeIs;

constexpr int kSpike = config::v1::SPIKE;
constexpr int kRise = config::v1::RISE;
constexpr int kWatch = config::v1::WATCH;
constexpr int kWarning = config::v1::WARNING;
constexpr int kCritical = config::v1::CRITICAL;

base::Instant At(const std::string& text) { return base::ParseInstant(text).value(); }

std::vector<Route> Receivers() {
  return {
      {"console", {}, true}, {"duty", {}}, {"night", {}}, {"north-team", {"north"}}, {"lab", {}}};
}

constexpr char kTown[] = R"(
  time_zone: "Europe/Paris"
  windows { name: "night" from: "22:00" to: "06:00" }
  windows { name: "weekend" days: SATURDAY days: SUNDAY from: "00:00" to: "24:00" }
  escalations { name: "all" steps { wait { seconds: 600 } on_call: "rota" } }
  escalations { name: "fast" steps { wait { seconds: 60 } receivers: "duty" } }
  calendars {
    name: "rota" receivers: "duty" receivers: "night" receivers: "lab" first_day: "2026-01-05"
    overrides { from: "2026-01-07 08:00" to: "2026-01-08 08:00" receiver: "north-team" }
  }
  route {
    name: "town" receivers: "console" receivers: "duty" receivers: "north-team" escalation: "all"
    quiet_hours: "night"
    routes { name: "audit" match { rules: "trend" } receivers: "lab" continue_matching: true }
    routes {
      name: "critical" match { min_severity: CRITICAL }
      receivers: "duty" receivers: "night" escalation: "fast"
      routes { name: "weekend" match { windows: "weekend" } receivers: "night" }
    }
    routes { name: "spikes" match { kinds: SPIKE district_ids: "south" } receivers: "lab" }
  }
)";

AlertPolicy Town() { return AlertPolicy(Rules(kTown), Receivers()); }

std::vector<std::string> Told(const AlertPolicy& policy, const AlertFacts& facts,
                              const std::string& at = "2026-01-07T12:00:00Z") {
  std::vector<std::string> told;
  for (const Destination& to : policy.Destinations(facts, At(at))) {
    told.push_back(to.receiver + (to.held_until ? " held" : ""));
  }
  return told;
}

TEST(PolicyTest, WithoutATreeEveryReceiverIsToldOfItsDistricts) {
  const AlertPolicy policy({}, Receivers());
  EXPECT_THAT(Told(policy, {"north", "t", "r", kRise, kWatch}),
              ElementsAre("console", "duty", "night", "north-team", "lab"));
  EXPECT_THAT(Told(policy, {"south", "t", "r", kRise, kWatch}),
              ElementsAre("console", "duty", "night", "lab"));
  EXPECT_EQ(policy.PlanFor({"north", "t", "r", kRise, kCritical}, {}), nullptr);
}

TEST(PolicyTest, AnAlertGoesDownIntoTheFirstRouteThatTakesIt) {
  const AlertPolicy policy = Town();
  ASSERT_THAT(CheckPolicy(Rules(kTown), Receivers()), IsEmpty());
  EXPECT_THAT(Told(policy, {"north", "t", "r", kRise, kWarning}),
              ElementsAre("console", "duty", "north-team"));
  EXPECT_THAT(Told(policy, {"south", "t", "r", kRise, kWarning}), ElementsAre("console", "duty"))
      << "a receiver's own districts hold everywhere";
  EXPECT_THAT(Told(policy, {"south", "t", "r", kSpike, kWatch}), ElementsAre("lab"));
  EXPECT_THAT(Told(policy, {"south", "t", "r", kSpike, kCritical}), ElementsAre("duty", "night"));
  EXPECT_THAT(Told(policy, {"south", "t", "trend", kSpike, kCritical}),
              ElementsAre("duty", "night", "lab"))
      << "continue_matching: two ways";
  const auto ways =
      policy.Destinations({"north", "t", "trend", kRise, kCritical}, At("2026-01-10T12:00:00Z"));
  ASSERT_THAT(ways, SizeIs(2));
  EXPECT_EQ(ways[0].way, "town > critical > weekend");
  EXPECT_EQ(ways[1].way, "town > audit");
}

TEST(PolicyTest, QuietHoursHoldBackEverythingButTheHighestSeverityAndNoStream) {
  const AlertPolicy policy = Town();
  const AlertFacts warning{"south", "t", "r", kRise, kWarning};
  EXPECT_THAT(Told(policy, warning, "2026-01-07T20:59:59Z"), ElementsAre("console", "duty"));
  EXPECT_THAT(Told(policy, warning, "2026-01-07T21:00:00Z"), ElementsAre("console", "duty held"))
      << "22:00 in Paris in winter";
  EXPECT_THAT(Told(policy, warning, "2026-07-07T20:00:00Z"), ElementsAre("console", "duty held"))
      << "22:00 in Paris in summer";
  const auto held = policy.Destinations(warning, At("2026-01-07T23:30:00Z"));
  EXPECT_EQ(held[1].held_until, At("2026-01-08T05:00:00Z"));
  EXPECT_EQ(held[1].quiet_hours, "night");
  EXPECT_THAT(Told(policy, {"south", "t", "r", kRise, kCritical}, "2026-01-07T23:30:00Z"),
              ElementsAre("duty", "night"));
}

TEST(PolicyTest, AnOperationsAlertThatNoRouteTakesIsToldToEverybody) {
  const AlertPolicy policy = Town();
  EXPECT_THAT(Told(policy, {"north", "t", "unanswered", config::v1::OPERATIONS, kWarning}),
              ElementsAre("console", "duty", "night", "north-team", "lab"));
  EXPECT_EQ(policy.PlanFor({"north", "t", "unanswered", config::v1::OPERATIONS, kWarning}, {}),
            nullptr)
      << "nobody answers that nobody answers";
}

TEST(PolicyTest, TheLastNodeThatNamesAnEscalationDecides) {
  const AlertPolicy policy = Town();
  const base::Instant at = At("2026-01-07T12:00:00Z");
  EXPECT_EQ(policy.PlanFor({"south", "t", "r", kRise, kCritical}, at)->name, "fast");
  const Plan* all = policy.PlanFor({"south", "t", "r", kRise, kWatch}, at);
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(all->name, "all");
  EXPECT_EQ(all->rounds, 1U);
  EXPECT_EQ(all->unanswered_after, std::chrono::minutes(30));
}

TEST(PolicyTest, ReceiversTakeTurnsAndAnOverrideHolds) {
  const AlertPolicy policy = Town();
  const Plan::Step& step = policy.FindPlan("all")->steps[0];
  const auto on_call = [&](const std::string& at) { return policy.ReceiversOf(step, At(at)); };
  EXPECT_THAT(on_call("2026-01-05T06:59:00Z"), ElementsAre("lab")) << "the shift before the first";
  EXPECT_THAT(on_call("2026-01-05T07:00:00Z"), ElementsAre("duty")) << "08:00 in Paris";
  EXPECT_THAT(on_call("2026-01-07T12:00:00Z"), ElementsAre("north-team"));
  EXPECT_THAT(on_call("2026-01-08T07:00:00Z"), ElementsAre("duty")) << "the override is over";
  EXPECT_THAT(on_call("2026-01-12T07:00:00Z"), ElementsAre("night"));
  EXPECT_THAT(on_call("2026-01-19T07:00:00Z"), ElementsAre("lab"));
  EXPECT_THAT(on_call("2026-01-26T07:00:00Z"), ElementsAre("duty"));
  EXPECT_THAT(on_call("2026-07-13T05:59:00Z"), ElementsAre("lab")) << "08:00 in summer is 06:00Z";
}

TEST(PolicyTest, AWindowOfANightOfTheClockChangeHasItsClockTimes) {
  config::v1::TimeWindow night;
  night.set_from("22:00");
  night.set_to("06:00");
  const base::TimeZone paris = base::TimeZone::Load("Europe/Paris").value();
  // 29 March 2026: 02:00 becomes 03:00; 25 October: 03:00 becomes 02:00.
  EXPECT_EQ(WindowEnd(night, paris, At("2026-03-29T03:59:00Z")), At("2026-03-29T04:00:00Z"));
  EXPECT_EQ(WindowEnd(night, paris, At("2026-03-28T21:00:00Z")), At("2026-03-29T04:00:00Z"));
  EXPECT_EQ(WindowEnd(night, paris, At("2026-10-24T20:00:00Z")), At("2026-10-25T05:00:00Z"));
  EXPECT_EQ(WindowEnd(night, paris, At("2026-10-25T05:00:00Z")), std::nullopt);
  night.add_days(config::v1::FRIDAY);
  EXPECT_EQ(WindowEnd(night, paris, At("2026-01-10T02:00:00Z")), At("2026-01-10T05:00:00Z"))
      << "Saturday's small hours belong to Friday's window";
  EXPECT_EQ(WindowEnd(night, paris, At("2026-01-11T02:00:00Z")), std::nullopt);
}

TEST(PolicyTest, AStandingAlertMutesItsConsequencesAndNeverItsEquals) {
  const auto rules = Rules(R"(
    inhibitions {
      name: "outage" source { rules: "outage" } muted { max_severity: WARNING }
      same_district: true
    })");
  ASSERT_THAT(CheckPolicy(rules, Receivers()), IsEmpty());
  const AlertPolicy policy(rules, Receivers());
  const AlertFacts outage{"north", "t", "outage", kSpike, kWatch};
  EXPECT_EQ(policy.Inhibits(outage, {"north", "u", "trend", kRise, kWarning}, {}), "outage");
  EXPECT_EQ(policy.Inhibits(outage, {"south", "u", "trend", kRise, kWarning}, {}), std::nullopt);
  EXPECT_EQ(policy.Inhibits(outage, {"north", "u", "trend", kRise, kCritical}, {}), std::nullopt);
  EXPECT_EQ(policy.Inhibits(outage, {"north", "u", "outage", kSpike, kWatch}, {}), std::nullopt)
      << "two outages would silence each other";
}

TEST(PolicyTest, EveryProblemOfTheRulesIsNamed) {
  const auto problems = CheckPolicy(Rules(R"(
    time_zone: "Europe/Lutetia"
    windows { name: "night" from: "22" to: "06:00" }
    windows { name: "night" from: "07:00" to: "07:00" days: WEEKDAY_UNSPECIFIED }
    calendars {
      name: "rota" first_day: "monday" shift_days: 400
      overrides { from: "2026-01-07" to: "2026-01-06 08:00" receiver: "duti" }
      overrides { from: "2026-01-07 08:00" to: "2026-01-06 08:00" receiver: "duty" }
    }
    escalations { name: "none" repeat: 1000 }
    escalations { name: "bad" steps { receivers: "nobody" receivers: "console" on_call: "rotta" } steps {} }
    route {
      match { targets: "t" }
      routes { match { windows: "day" min_severity: CRITICAL max_severity: WATCH } }
      routes { receivers: "mail" quiet_hours: "day" escalation: "slow" }
      routes { match { kinds: SPIKE } }
    }
    inhibitions { name: "" source {} muted {} }
    open_after { seconds: -1 }
  )"),
                                    Receivers());
  for (const char* problem :
       {"alerting.time_zone: time zone 'Europe/Lutetia' is not known",
        "alerting.windows[0].from: '22' is no time of day",
        "alerting.windows[1]: name 'night' is used before",
        "from and to are both '07:00'",
        "days holds WEEKDAY_UNSPECIFIED",
        "alerting.calendars[0]: receivers is empty",
        "alerting.calendars[0].first_day",
        "shift_days: 400 is outside 1 to 366",
        "overrides[0].receiver: 'duti' is no configured receiver",
        "overrides[0].from: '2026-01-07' is no local time",
        "overrides[1]: ends",
        "alerting.escalations[0]: steps is empty",
        "repeat: 1000 is outside 0 to 100",
        "alerting.escalations[1].steps[0].receivers: 'nobody' is no configured receiver",
        "'console' is a stream, which shows",
        "on_call: 'rotta' is no configured calendar",
        "steps[1]: names neither receivers nor",
        "steps[0].wait: is under 1 s",
        "alerting.route.match: the root takes every alert",
        "alerting.route.receivers: is empty",
        "routes[0].match.windows: 'day' is no configured",
        "routes[0].match: max_severity is below",
        "routes[1].receivers: 'mail' is no configured",
        "routes[1].quiet_hours: 'day' is no",
        "routes[1].escalation: 'slow' is no",
        "alerting.route.routes[2]: is never reached",
        "alerting.inhibitions[0]: name is empty",
        "alerting.inhibitions[0].source: is empty",
        "alerting.inhibitions[0].muted: is empty",
        "alerting.open_after: -1 s is outside"}) {
    EXPECT_THAT(problems, Contains(HasSubstr(problem))) << problem;
  }
}

TEST(ScheduleTest, ReadsClockTimesAndNothingElse) {
  EXPECT_EQ(ParseClock("00:00").value(), std::chrono::minutes(0));
  EXPECT_EQ(ParseClock("24:00").value(), std::chrono::hours(24));
  for (const char* wrong : {"", "7:30", "24:01", "12:60", "12-30", "ab:cd", "12:300"}) {
    EXPECT_THAT(ParseClock(wrong), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("hh:mm")))
        << wrong;
  }
}

}  // namespace
}  // namespace belgrand::alerting
