// The state machine of an alert, rule by rule (numbers as in alerting/lifecycle.h).
#include "alerting/lifecycle.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using belgrand::testing::StatusIs;
using detection::v1::CRITICAL;
using detection::v1::DISTRICT;
using detection::v1::RISE;
using detection::v1::SITE;
using detection::v1::SPIKE;
using detection::v1::WARNING;
using detection::v1::WATCH;
using ::testing::HasSubstr;
using testing::MakeSignal;
using testing::Signal;
using testing::SignalSpec;

// One alert that tests feed.
class Story {
 public:
  std::optional<v1::EventKind> Tell(const SignalSpec& spec) {
    now_ += std::chrono::hours(1);
    const Change change = ApplySignal(alert ? &*alert : nullptr, MakeSignal(spec), now_);
    changed = change.changed;
    alert = change.alert;
    return change.event;
  }
  std::optional<v1::EventKind> Ack(std::string_view by) {
    const auto change = Acknowledge(*alert, by, "", now_);
    EXPECT_OK(change);
    alert = change->alert;
    return change->event;
  }
  double Score() const {
    detection::v1::Evidence evidence;
    EXPECT_TRUE(evidence.ParseFromString(alert->evidence()));
    return evidence.score();
  }

  std::optional<storage::v1::AlertRecord> alert;
  bool changed = false;

 private:
  base::Instant now_ = base::FromMicros(1'700'000'000'000'000);
};

TEST(LifecycleTest, ANewGenerationIsHeardWhateverItsNumbersAndTheOldOneNoMore) {
  Story story;
  EXPECT_EQ(story.Tell({.feed = 900, .recorded = 9000}), v1::OPENED);
  // The database was replaced: its numbers and instants begin lower.
  EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = 20, .generation = 5, .recorded = 200}),
            v1::RESOLVED_BY_DETECTION);
  story.Tell({.phase = Signal::CLEARED, .feed = 20, .generation = 5, .recorded = 200});
  EXPECT_FALSE(story.changed) << "a repetition";
  EXPECT_EQ(story.Tell({.feed = 21, .generation = 5, .recorded = 210}), v1::REOPENED);
  story.Tell({.phase = Signal::CLEARED, .feed = 19, .generation = 5, .recorded = 190});
  EXPECT_FALSE(story.changed);
}

TEST(LifecycleTest, ALowerGenerationIsHeardFromTheFirstSampleTheAreaHasNotSeen) {
  Story story;
  EXPECT_EQ(story.Tell({.feed = 50, .generation = 5, .recorded = 500}), v1::OPENED);
  story.Tell({.phase = Signal::CLEARED, .feed = 40, .recorded = 400});
  EXPECT_FALSE(story.changed) << "detection lost its directory and says again what was heard";
  EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = 51, .recorded = 510}),
            v1::RESOLVED_BY_DETECTION);
  // It also lost the feed: the number was used before, but not by this sample.
  EXPECT_EQ(story.Tell({.feed = 45, .recorded = 600}), v1::REOPENED);
}

TEST(LifecycleTest, SignalsThatDoNotSayWhenTheyWereRecordedAreOrderedByNumber) {
  Story story;
  EXPECT_EQ(story.Tell({.feed = 50}), v1::OPENED);
  story.Tell({.phase = Signal::CLEARED, .feed = 50, .recorded = 500});
  EXPECT_FALSE(story.changed);
  EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = 51, .recorded = 510}),
            v1::RESOLVED_BY_DETECTION);
}

TEST(LifecycleTest, OpensOnADistrictRiseAndResolvesWhenItClears) {
  Story story;
  EXPECT_EQ(story.Tell({.severity = WARNING, .feed = 5}), v1::OPENED);
  EXPECT_EQ(story.alert->alert_id(), "north/SARS-CoV-2/trend");
  EXPECT_EQ(story.alert->state(), v1::OPEN);
  EXPECT_EQ(story.alert->severity(), WARNING);
  EXPECT_EQ(story.alert->episode(), 1U);
  EXPECT_EQ(story.alert->observed_at_us(), 1'600'000'005'000'000);
  EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = 6}), v1::RESOLVED_BY_DETECTION);
  EXPECT_EQ(story.alert->state(), v1::RESOLVED);
  EXPECT_GT(story.alert->resolved_at_us(), story.alert->opened_at_us());
  EXPECT_EQ(story.alert->severity(), WARNING) << "the last severity stays";
  EXPECT_EQ(story.Score(), 6) << "the evidence that resolved it";
}

TEST(LifecycleTest, OpensOnTheSpikeOfASite) {
  Story story;
  EXPECT_EQ(story.Tell({.level = SITE, .area = "s1", .kind = SPIKE, .severity = CRITICAL}),
            v1::OPENED);
  EXPECT_EQ(story.alert->severity(), CRITICAL);
}

TEST(LifecycleTest, RiseOfASiteIsRememberedButOpensNothing) {
  Story story;
  EXPECT_EQ(story.Tell({.level = SITE, .area = "s1", .severity = CRITICAL, .feed = 1}),
            std::nullopt);
  EXPECT_TRUE(story.changed);
  EXPECT_FALSE(WasOpened(*story.alert));
  EXPECT_EQ(story.Tell({.severity = WATCH, .feed = 2}), v1::OPENED);
  EXPECT_EQ(story.alert->areas_size(), 2);
  EXPECT_EQ(story.alert->severity(), WATCH) << "a supporting area carries no severity";
  EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = 3}), v1::RESOLVED_BY_DETECTION)
      << "a supporting area does not keep it open";
  EXPECT_EQ(story.alert->areas(0).severity(), CRITICAL);
}

TEST(LifecycleTest, DropsWhatAnAreaHasSeen) {
  Story story;
  story.Tell({.severity = WARNING, .feed = 10});
  for (const std::uint64_t feed : {10U, 9U}) {
    EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = feed}), std::nullopt);
    EXPECT_FALSE(story.changed);
    EXPECT_EQ(story.alert->state(), v1::OPEN);
  }
  // Another area has its own numbers.
  story.Tell({.level = SITE, .area = "s1", .kind = SPIKE, .severity = CRITICAL, .feed = 2});
  EXPECT_EQ(story.alert->severity(), CRITICAL);
}

TEST(LifecycleTest, ResolvesOnlyWhenEveryDecidingAreaCleared) {
  Story story;
  const auto site = [](std::string area, Signal::Phase phase, detection::v1::Severity severity,
                       std::uint64_t feed) {
    return SignalSpec{.level = SITE,
                      .area = std::move(area),
                      .kind = SPIKE,
                      .phase = phase,
                      .severity = severity,
                      .feed = feed};
  };
  EXPECT_EQ(story.Tell(site("s1", Signal::RAISED, WATCH, 1)), v1::OPENED);
  EXPECT_EQ(story.Tell(site("s2", Signal::RAISED, WATCH, 2)), std::nullopt);
  EXPECT_EQ(story.Tell(site("s1", Signal::CLEARED, WATCH, 3)), std::nullopt);
  EXPECT_EQ(story.alert->state(), v1::OPEN);
  EXPECT_EQ(story.Score(), 2) << "an area that cleared does not replace the evidence";
  EXPECT_EQ(story.Tell(site("s2", Signal::CLEARED, WATCH, 4)), v1::RESOLVED_BY_DETECTION);
}

TEST(LifecycleTest, TellsOfARiseAtOnceAndOfAFallOnlyWhenASecondSignalConfirmsIt) {
  struct Step {
    detection::v1::Severity severity;
    std::optional<v1::EventKind> event;
    int announced;
  };
  const std::vector<Step> steps = {
      {WATCH, v1::OPENED, WATCH},
      {WARNING, v1::SEVERITY_CHANGED, WARNING},
      {WATCH, std::nullopt, WARNING},        // one dip: quiet
      {WARNING, std::nullopt, WARNING},      // back: nothing was told, nothing is taken back
      {WATCH, std::nullopt, WARNING},        // counted afresh
      {WATCH, v1::SEVERITY_CHANGED, WATCH},  // confirmed
      {CRITICAL, v1::SEVERITY_CHANGED, CRITICAL},
      {WARNING, std::nullopt, CRITICAL},
      {WATCH, v1::SEVERITY_CHANGED, WATCH},
  };
  Story story;
  std::uint64_t feed = 0;
  for (const Step& step : steps) {
    const auto phase = feed == 0 ? Signal::RAISED : Signal::UPDATED;
    EXPECT_EQ(story.Tell({.phase = phase, .severity = step.severity, .feed = ++feed}), step.event)
        << "step " << feed;
    EXPECT_EQ(story.alert->severity(), step.severity) << "what is shown is always true";
    EXPECT_EQ(story.alert->announced_severity(), step.announced) << "step " << feed;
  }
}

TEST(LifecycleTest, ReopensAsTheNextEpisodeWithoutTheOldAcknowledgement) {
  Story story;
  story.Tell({.severity = CRITICAL, .feed = 1});
  EXPECT_EQ(story.Ack("A. Official"), v1::ACKNOWLEDGED_BY);
  EXPECT_EQ(story.alert->state(), v1::ACKNOWLEDGED);
  EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = 2}), v1::RESOLVED_BY_DETECTION);
  EXPECT_EQ(story.alert->acknowledged_by(), "A. Official");
  EXPECT_EQ(story.Tell({.severity = WATCH, .feed = 3}), v1::REOPENED);
  EXPECT_EQ(story.alert->state(), v1::OPEN_AGAIN);
  EXPECT_EQ(story.alert->episode(), 2U);
  EXPECT_EQ(story.alert->severity(), WATCH);
  EXPECT_EQ(story.alert->acknowledged_by(), "");
  EXPECT_EQ(story.alert->acknowledged_at_us(), 0);
  EXPECT_EQ(story.alert->resolved_at_us(), 0);
}

TEST(LifecycleTest, AnUpdateOfAnUnknownAreaCountsAsARaise) {
  Story story;
  EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = 1}), std::nullopt);
  EXPECT_FALSE(WasOpened(*story.alert));
  EXPECT_EQ(story.Tell({.phase = Signal::UPDATED, .severity = WARNING, .feed = 2}), v1::OPENED);
}

TEST(LifecycleTest, ResolvedByHandStaysClosedUntilItGetsWorseOrIsRaisedAnew) {
  Story story;
  story.Tell({.severity = WARNING, .feed = 1});
  const auto resolved = CloseByHand(*story.alert, Closing::kResolve, "A. Official",
                                    "works on the sewer", v1::OUTCOME_UNSPECIFIED, {});
  ASSERT_OK(resolved);
  EXPECT_EQ(resolved->event, v1::RESOLVED_BY_HAND);
  story.alert = resolved->alert;
  EXPECT_EQ(story.Tell({.phase = Signal::UPDATED, .severity = WATCH, .feed = 2}), std::nullopt);
  EXPECT_EQ(story.Tell({.phase = Signal::UPDATED, .severity = WARNING, .feed = 3}), std::nullopt);
  EXPECT_EQ(story.alert->state(), v1::RESOLVED);
  Story worse = story;
  EXPECT_EQ(worse.Tell({.phase = Signal::UPDATED, .severity = CRITICAL, .feed = 4}), v1::REOPENED);
  EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = 4}), std::nullopt);
  EXPECT_EQ(story.Tell({.severity = WATCH, .feed = 5}), v1::REOPENED);
}

TEST(LifecycleTest, AnEscalatedAlertWaitsForAnotherAcknowledgement) {
  Story story;
  story.Tell({.feed = 1});
  story.Ack("A. Official");
  auto escalated = Escalate(*story.alert, "A. Official", "needs the plant's manager", {});
  ASSERT_OK(escalated);
  EXPECT_EQ(escalated->event, v1::ESCALATED_BY);
  EXPECT_EQ(escalated->state_before, v1::ACKNOWLEDGED);
  story.alert = escalated->alert;
  EXPECT_TRUE(NeedsPerson(story.alert->state()));
  EXPECT_EQ(story.alert->acknowledged_by(), "") << "the one who handed it on is free of it";
  EXPECT_EQ(story.Tell({.phase = Signal::UPDATED, .severity = CRITICAL, .feed = 2}),
            v1::SEVERITY_CHANGED);
  EXPECT_EQ(story.alert->state(), v1::ESCALATED);
  EXPECT_EQ(story.Ack("B. Official"), v1::ACKNOWLEDGED_BY);
  EXPECT_EQ(story.Tell({.phase = Signal::CLEARED, .feed = 3}), v1::RESOLVED_BY_DETECTION);
}

TEST(LifecycleTest, ADismissedAlertIsFalseAndComesBackWhenItIsRaisedAnew) {
  Story story;
  story.Tell({.feed = 1});
  const auto dismissed = CloseByHand(*story.alert, Closing::kDismiss, "A. Official", "a wedding",
                                     v1::OUTCOME_UNSPECIFIED, {});
  ASSERT_OK(dismissed);
  EXPECT_EQ(dismissed->event, v1::DISMISSED_BY);
  EXPECT_EQ(dismissed->alert.outcome(), v1::FALSE_ALERT);
  story.alert = dismissed->alert;
  EXPECT_EQ(story.Tell({.phase = Signal::UPDATED, .feed = 2}), std::nullopt);
  EXPECT_EQ(story.Tell({.phase = Signal::UPDATED, .severity = WARNING, .feed = 3}), v1::REOPENED)
      << "what got worse was not dismissed";
  EXPECT_EQ(story.alert->outcome(), v1::OUTCOME_UNSPECIFIED) << "of the new episode";
}

TEST(LifecycleTest, TakingAClosingBackGoesOnWithTheSameEpisode) {
  Story story;
  story.Tell({.feed = 1});
  story.alert =
      CloseByHand(*story.alert, Closing::kResolve, "A", "over", v1::TRUE_ALERT, {})->alert;
  const auto reopened = ReopenByHand(*story.alert, "A", "the wrong alert", {});
  ASSERT_OK(reopened);
  EXPECT_EQ(reopened->state_before, v1::RESOLVED);
  EXPECT_EQ(reopened->alert.state(), v1::OPEN_AGAIN);
  EXPECT_EQ(reopened->alert.episode(), 1U);
  EXPECT_EQ(reopened->alert.outcome(), v1::OUTCOME_UNSPECIFIED);
  EXPECT_EQ(reopened->alert.resolved_at_us(), 0);
}

TEST(LifecycleTest, SaysWhyWhatNoPersonDid) {
  Story story;
  const auto cause = [&](const SignalSpec& spec) {
    const Change change = ApplySignal(story.alert ? &*story.alert : nullptr, MakeSignal(spec), {});
    story.alert = change.alert;
    return change.cause;
  };
  EXPECT_EQ(cause({.severity = WARNING, .feed = 1}), "rule trend raised WARNING on north");
  EXPECT_EQ(cause({.phase = Signal::UPDATED, .severity = CRITICAL, .feed = 2}),
            "severity went from WARNING to CRITICAL with a signal on north");
  EXPECT_EQ(cause({.phase = Signal::CLEARED, .feed = 3}),
            "rule trend has cleared everywhere, last on north");
}

TEST(LifecycleTest, AcknowledgingTwiceKeepsTheFirst) {
  Story story;
  story.Tell({});
  EXPECT_EQ(story.Ack("first"), v1::ACKNOWLEDGED_BY);
  EXPECT_EQ(story.Ack("second"), std::nullopt);
  EXPECT_EQ(story.alert->acknowledged_by(), "first");
  EXPECT_EQ(story.Tell({.phase = Signal::UPDATED, .severity = CRITICAL, .feed = 2}),
            v1::SEVERITY_CHANGED);
  EXPECT_EQ(story.alert->state(), v1::ACKNOWLEDGED) << "a change of severity needs no second one";
}

TEST(LifecycleTest, RefusesWhatAnOfficialCannotMean) {
  using base::StatusCode;
  Story story;
  story.Tell({});
  const auto& alert = *story.alert;
  EXPECT_THAT(Acknowledge(alert, " ", "", {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("by is empty")));
  EXPECT_THAT(Acknowledge(alert, std::string(257, 'x'), "", {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("257 bytes")));
  EXPECT_THAT(Acknowledge(alert, "a", "\xc3\x28", {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("UTF-8")));
  EXPECT_THAT(Acknowledge(alert, "a", std::string(2001, 'x'), {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("2001 characters")));
  std::string umlauts;
  for (int i = 0; i < 2000; ++i) umlauts += "\xc3\xa4";
  EXPECT_OK(Acknowledge(alert, "a", umlauts, {}));
  EXPECT_THAT(CloseByHand(alert, Closing::kResolve, "a", "", v1::TRUE_ALERT, {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("reason is empty")));
  EXPECT_THAT(CloseByHand(alert, Closing::kDismiss, "a", "b", v1::TRUE_ALERT, {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("resolve one that was real")));
  EXPECT_THAT(CloseByHand(alert, Closing::kResolve, "a", "b", v1::AlertOutcome(9), {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("outcome is 9")));
  EXPECT_THAT(Escalate(alert, "a", " ", {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("reason is empty")));
  EXPECT_THAT(ReopenByHand(alert, "a", "b", {}),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("not closed")));
  EXPECT_THAT(RecordOutcome(alert, "a", v1::TRUE_ALERT, "", {}),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("not closed")));
  story.Tell({.phase = Signal::CLEARED, .feed = 2});
  EXPECT_THAT(RecordOutcome(*story.alert, "a", v1::OUTCOME_UNSPECIFIED, "", {}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("outcome is missing")));
  EXPECT_THAT(Escalate(*story.alert, "a", "b", {}),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("is resolved")));
  EXPECT_THAT(Acknowledge(*story.alert, "a", "", {}),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("is resolved")));
  EXPECT_THAT(CloseByHand(*story.alert, Closing::kDismiss, "a", "b", v1::FALSE_ALERT, {}),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("resolved already")));
}

TEST(LifecycleTest, NamesTheFieldOfAnUnusableSignal) {
  const auto refused = [](auto change, std::string_view text) {
    Signal signal = MakeSignal({});
    change(signal);
    EXPECT_THAT(CheckSignal(signal),
                StatusIs(base::StatusCode::kInvalidArgument, HasSubstr(std::string(text))));
  };
  EXPECT_OK(CheckSignal(MakeSignal({})));
  refused([](Signal& s) { s.clear_signal_key(); }, "signal_key");
  refused([](Signal& s) { s.clear_area_id(); }, "area_id");
  refused([](Signal& s) { s.clear_district_id(); }, "district_id");
  refused([](Signal& s) { s.clear_target(); }, "target");
  refused([](Signal& s) { s.set_detector(std::string(300, 'd')); }, "detector");
  refused([](Signal& s) { s.clear_feed_sequence(); }, "feed_sequence");
  refused([](Signal& s) { s.clear_level(); }, "level");
  refused([](Signal& s) { s.clear_kind(); }, "kind");
  refused([](Signal& s) { s.clear_phase(); }, "phase");
  refused([](Signal& s) { s.clear_severity(); }, "severity");
}

}  // namespace
}  // namespace belgrand::alerting
