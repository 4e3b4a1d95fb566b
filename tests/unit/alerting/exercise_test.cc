// Exercises and what is overdue, on a book on disk with a clock of the test.
#include "alerting/exercise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerting/convert.h"
#include "alerting/receivers/alertmanager.h"
#include "alerting/receivers/mail.h"
#include "alerting/receivers/sms.h"
#include "alerting/render.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/shelf.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using ::testing::HasSubstr;
using testing::Shelf;
using Stage = ExerciseState::Stage;

// Receivers "mail" and "hook", and a stream "console" that nobody follows.
class ExerciseTest : public ::testing::Test {
 protected:
  ExerciseTest() : shelf_({{"mail", {}}, {"hook", {}}, {"console", {}}}) { NewDrill(); }

  void NewDrill() { drill_ = std::make_unique<ExerciseDrill>(*shelf_, shelf_.clock(), options_); }
  void Restart() {
    drill_.reset();
    shelf_.Restart();
    NewDrill();
  }
  ExerciseState Step() {
    const auto state = drill_->Step();
    EXPECT_OK(state);
    return state.value_or(ExerciseState());
  }
  // Ends what waits for a receiver.
  void Deliver(const std::string& receiver, v1::DeliveryState state = v1::DELIVERED) {
    const auto found = shelf_->Pending(receiver, 0);
    for (auto delivery : *found) {
      delivery.set_state(state);
      delivery.set_attempts(1);
      delivery.set_last_attempt_at_us(base::ToMicros(shelf_.clock().Now()));
      if (state == v1::DEAD) {
        EXPECT_OK(shelf_->Bury(delivery));
      } else {
        EXPECT_OK(shelf_->Save(delivery));
      }
    }
  }
  v1::AlertState AlertState() {
    return static_cast<v1::AlertState>(shelf_->Get(drill_->alert_id())->state());
  }

  ExerciseOptions options_{.interval = std::chrono::hours(24),
                           .deadline = std::chrono::minutes(10),
                           .district_id = "exercise",
                           .streams = {"console"}};
  Shelf shelf_;
  std::unique_ptr<ExerciseDrill> drill_;
};

TEST_F(ExerciseTest, PassesWhenEveryReceiverButStreamsHasIt) {
  EXPECT_EQ(Step().stage, Stage::kRunning);
  EXPECT_EQ(AlertState(), v1::OPEN);
  Deliver("mail");
  EXPECT_EQ(Step().stage, Stage::kRunning) << "hook has not";
  shelf_.clock().Advance(std::chrono::minutes(1));
  Deliver("hook");
  const ExerciseState state = Step();
  EXPECT_EQ(state.stage, Stage::kPassed);
  EXPECT_EQ(state.passed_at, shelf_.clock().Now());
  EXPECT_EQ(AlertState(), v1::RESOLVED) << "it closes what it opened";
}

TEST_F(ExerciseTest, FailsAtTheDeadlineAndWhenADeliveryDies) {
  Step();
  Deliver("hook");
  shelf_.clock().Advance(std::chrono::minutes(10));
  const ExerciseState late = Step();
  EXPECT_EQ(late.stage, Stage::kFailed);
  EXPECT_THAT(late.reason, HasSubstr("'mail' was not told in time"));
  EXPECT_FALSE(late.passed_at);
  shelf_.clock().Advance(std::chrono::hours(24));
  EXPECT_EQ(Step().stage, Stage::kRunning) << "the next one";
  Deliver("mail");
  Deliver("hook", v1::DEAD);
  EXPECT_THAT(Step().reason, HasSubstr("'hook' could not be told"));
}

TEST_F(ExerciseTest, ComesAgainEveryIntervalAndARestartForgetsNothing) {
  Step();
  Deliver("mail");
  Deliver("hook");
  const auto passed_at = Step().passed_at;
  ASSERT_TRUE(passed_at);
  Restart();
  ExerciseState state = Step();
  EXPECT_EQ(state.stage, Stage::kPassed) << "not due yet";
  EXPECT_EQ(state.passed_at, passed_at);
  const std::uint64_t events = shelf_->newest_sequence();
  for (int i = 0; i < 23; ++i) {
    shelf_.clock().Advance(std::chrono::hours(1));
    Step();
  }
  EXPECT_EQ(shelf_->newest_sequence(), events);
  shelf_.clock().Advance(std::chrono::hours(1));
  EXPECT_EQ(Step().stage, Stage::kRunning);
  Restart();
  shelf_.clock().Advance(std::chrono::minutes(10));
  state = Step();
  EXPECT_EQ(state.stage, Stage::kFailed) << "the one that ran when the process ended";
  EXPECT_EQ(state.passed_at, passed_at) << "the last one that passed is still known";
}

TEST_F(ExerciseTest, WithoutAReceiverToTryItFails) {
  shelf_.SetRoutes({{"mail", {"north"}}, {"console", {}}});
  Restart();
  Step();
  EXPECT_THAT(Step().reason, HasSubstr("no receiver but streams is told of district 'exercise'"));
}

TEST_F(ExerciseTest, IsMarkedInEverythingThatPeopleOrProgramsGet) {
  Step();
  const v1::AlertEvent event = ToWire(*shelf_->Event(shelf_->newest_sequence()), Repeat::kNo);
  ASSERT_TRUE(event.alert().exercise());
  const Delivery delivery{.event = event, .event_id = "i-1"};
  config::v1::Mail mail;
  mail.set_from("a@city.example");
  EXPECT_THAT(RenderSubject(event), HasSubstr("EXERCISE: "));
  EXPECT_THAT(RenderSubject(event, Language::kFrench), HasSubstr("EXERCICE"));
  EXPECT_THAT(RenderText(event), HasSubstr("This is an exercise"));
  EXPECT_THAT(RenderHtml(event, {.language = Language::kFrench}),
              HasSubstr("Ceci est un exercice"));
  EXPECT_THAT(RenderJson(event, "i-1"), HasSubstr("\"exercise\": true"));
  EXPECT_THAT(RenderLine(event.alert()), HasSubstr("EXERCISE: "));
  EXPECT_THAT(ComposeMail(mail, "mail", delivery, {}), HasSubstr("Belgrand-Exercise: yes\r\n"));
  EXPECT_THAT(SmsText(event, Language::kEnglish, 1), HasSubstr("EXERCISE: "));
  EXPECT_THAT(AlertmanagerBody(delivery, shelf_.clock().Now(), std::chrono::hours(1)),
              HasSubstr("\"exercise\":\"true\""));
}

TEST_F(ExerciseTest, ADeliveryIsOverdueFromWhenItCouldBeTried) {
  const auto overdue = [&] {
    const auto found =
        FindOverdue(*shelf_, shelf_.clock().Now(), std::chrono::minutes(15), {"console"});
    EXPECT_OK(found);
    return found.ok() && *found ? **found : "";
  };
  const auto signal = testing::MakeSignal({.feed = 1});
  ASSERT_OK(shelf_.Apply({signal}));
  EXPECT_EQ(overdue(), "");
  auto held = shelf_->Pending("hook", 0)->front();
  held.set_next_attempt_at_us(held.created_at_us() + 3'600'000'000);
  ASSERT_OK(shelf_->Save(held));
  Deliver("mail");
  shelf_.clock().Advance(std::chrono::hours(1));
  EXPECT_EQ(overdue(), "") << "held back on purpose for an hour";
  shelf_.clock().Advance(std::chrono::minutes(15));
  EXPECT_THAT(overdue(), HasSubstr("has not reached receiver 'hook'"));
  Deliver("hook");
  EXPECT_EQ(overdue(), "") << "what a stream has not confirmed is not counted";
}

}  // namespace
}  // namespace belgrand::alerting
