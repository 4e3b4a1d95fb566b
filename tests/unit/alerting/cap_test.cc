// CAP messages against the rules of the standard (tests/support/cap_check.py), alone and as chains.
#include "alerting/cap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "alerting/exercise.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/cap_breaches.h"
#include "tests/unit/alerting/golden.h"
#include "tests/unit/alerting/sample_event.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::StatusIs;
using ::testing::AllOf;
using testing::Breaches;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SampleEvent;

v1::AlertEvent Event(std::uint64_t sequence, v1::EventKind kind,
                     detection::v1::Severity severity = detection::v1::WARNING) {
  v1::AlertEvent event = SampleEvent();
  event.set_sequence(sequence);
  event.set_kind(kind);
  event.mutable_at()->set_seconds(1'604'480'000 + static_cast<std::int64_t>(sequence) * 3'600);
  event.mutable_alert()->set_severity(severity);
  event.set_by("A. Official");
  event.set_comment("calling B. Doctor");
  event.mutable_alert()->set_acknowledged_by("A. Official");
  return event;
}

CapOptions Options() {
  CapOptions options;
  options.sender = "alerts@city.example";
  options.sender_name = "City of Example & surroundings";
  options.contact = "health@city.example";
  options.polygons = {{{48.8, 2.3}, {48.8, 2.4}, {48.9, 2.4}, {48.8, 2.3}}};
  return options;
}

// An episode that ends, and one that goes on; in between what the public is not told.
std::vector<v1::AlertEvent> History() {
  return {Event(3, v1::OPENED),
          Event(4, v1::ACKNOWLEDGED_BY),
          Event(5, v1::SEVERITY_CHANGED, detection::v1::CRITICAL),
          Event(7, v1::DELIVERY_FAILED),
          Event(8, v1::SEVERITY_CHANGED, detection::v1::WATCH),
          Event(9, v1::RESOLVED_BY_DETECTION),
          Event(12, v1::REOPENED),
          Event(13, v1::SEVERITY_CHANGED, detection::v1::CRITICAL)};
}

std::string Compose(std::uint64_t sequence, const CapOptions& options = Options()) {
  const auto message = ComposeCap(History(), sequence, options);
  EXPECT_OK(message);
  return message.value_or("");
}

TEST(CapTest, TheCheckerFindsWhatItMustFind) {
  const std::string command = "python3 '" + std::string(std::getenv("BELGRAND_SOURCE_DIR")) +
                              "/tests/support/cap_check.py' --self-test";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(CapTest, AnEpisodeIsAChainThatKeepsTheRules) {
  EXPECT_EQ(Breaches({Compose(3), Compose(5), Compose(8), Compose(9)}), "");
  EXPECT_EQ(Breaches({Compose(12), Compose(13)}), "") << "another episode, another chain";
  EXPECT_NE(Breaches({Compose(3), Compose(8)}), "") << "a message is missing";
}

TEST(CapTest, IsAsAgreed) { testing::ExpectGolden("cap_update.xml", Compose(5)); }

TEST(CapTest, NamesNoPersonLaboratoryOrSite) {
  for (const std::uint64_t sequence : {3U, 5U, 9U}) {
    EXPECT_THAT(Compose(sequence),
                AllOf(Not(HasSubstr("Official")), Not(HasSubstr("Doctor")),
                      Not(HasSubstr("works-1")), Not(HasSubstr("lab-1")), Not(HasSubstr("S-102"))));
  }
}

TEST(CapTest, IsADraftOrAnExerciseAndNothingElse) {
  EXPECT_THAT(Compose(3), HasSubstr("<status>Draft</status>"));
  CapOptions options = Options();
  options.status = CapOptions::Status::kExercise;
  EXPECT_THAT(Compose(3, options), AllOf(HasSubstr("<status>Exercise</status>"),
                                         HasSubstr("<note>Exercise: nothing happened.")));
  EXPECT_EQ(Breaches({Compose(3, options)}), "");
  options.status = CapOptions::Status::kActual;
  EXPECT_THAT(ComposeCap(History(), 3, options),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("two people")));
  v1::AlertEvent made_up = Event(3, v1::OPENED);
  made_up.mutable_alert()->set_exercise(true);
  const auto message = ComposeCap({&made_up, 1}, 3, Options());
  ASSERT_OK(message);
  EXPECT_THAT(*message, HasSubstr("<status>Exercise</status>")) << "whatever was asked for";
}

TEST(CapTest, WhatItCannotSayItRefuses) {
  const auto history = History();
  EXPECT_THAT(ComposeCap(history, 4, Options()),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("acknowledged")));
  EXPECT_THAT(ComposeCap(history, 99, Options()),
              StatusIs(base::StatusCode::kNotFound, ::testing::_));
  EXPECT_THAT(ComposeCap(std::span(history).subspan(2), 5, Options()),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("opened")));
  auto gaps = history;
  for (auto& event : gaps) event.mutable_alert()->set_alert_class(v1::DATA);
  EXPECT_THAT(ComposeCap(gaps, 3, Options()),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("have not come")));
  CapOptions options = Options();
  for (const char* sender : {"", "a b", "a,b", "a<b", "a&b"}) {
    options.sender = sender;
    EXPECT_THAT(ComposeCap(history, 3, options),
                StatusIs(base::StatusCode::kInvalidArgument, ::testing::_));
  }
  options = Options();
  options.polygons[0].pop_back();
  EXPECT_THAT(ComposeCap(history, 3, options),
              StatusIs(base::StatusCode::kInvalidArgument, ::testing::_));
  options.polygons = {{{91, 0}, {0, 0}, {1, 1}, {91, 0}}};
  EXPECT_THAT(ComposeCap(history, 3, options),
              StatusIs(base::StatusCode::kInvalidArgument, ::testing::_));
}

TEST(CapTest, TextFromElsewhereStaysText) {
  auto history = History();
  for (auto& event : history) event.mutable_alert()->set_district_id("<area>&\"]]>");
  const auto message = ComposeCap(history, 3, Options());
  ASSERT_OK(message);
  EXPECT_EQ(Breaches({*message}), "");
}

TEST(CapTest, KnowsTheNewestEventForThePublic) {
  const auto history = History();
  EXPECT_EQ(NewestForCap(history), 13U);
  EXPECT_EQ(NewestForCap(std::span(history).first(2)), 3U);
  EXPECT_EQ(NewestForCap({}), 0U);
}

}  // namespace
}  // namespace belgrand::alerting
