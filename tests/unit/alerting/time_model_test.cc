// Random work on alerts, silences, an inhibition and an escalation, with restarts, against a model.
#include "tests/unit/alerting/time_model.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/rules.h"
#include "tests/unit/alerting/shelf.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using belgrand::testing::IsOkAndHolds;
using testing::kTimeRules;
using testing::MakeSignal;
using testing::Rules;
using testing::Shelf;
using testing::Signal;
using testing::TimeModel;

std::vector<Route> Receivers() {
  return {{"console", {}, true}, {"duty", {}}, {"boss", {}}, {"mayor", {}}};
}

class TimeModelTest : public ::testing::TestWithParam<unsigned> {
 protected:
  long Minute() const { return base::ToMicros(shelf_.clock().Now()) / 60'000'000; }
  static std::int64_t Micros(long minute) { return minute * 60'000'000; }

  void ExpectSame() {
    const auto alerts = shelf_->List({});
    ASSERT_OK(alerts);
    std::size_t shown = 0;
    for (const auto& [id, alert] : model_.alerts) shown += alert.state != 0 ? 1 : 0;
    ASSERT_EQ(alerts->size(), shown);
    for (const auto& alert : *alerts) {
      const TimeModel::Alert& expected = model_.alerts.at(alert.alert_id());
      SCOPED_TRACE(alert.alert_id());
      EXPECT_EQ(alert.state(), expected.state);
      EXPECT_EQ(alert.severity(), expected.severity);
      EXPECT_EQ(alert.episode(), expected.episode);
      EXPECT_EQ(alert.escalation_step(), expected.step);
      EXPECT_EQ(alert.escalation_round(), expected.round);
      EXPECT_EQ(alert.escalation_due_us(), Micros(expected.step_due));
      EXPECT_EQ(alert.remind_due_us(), Micros(expected.remind_due));
      EXPECT_EQ(alert.unanswered(), expected.unanswered);
      EXPECT_EQ(alert.muted_by(), expected.muted);
      EXPECT_EQ(shelf_->MutedBy(FactsOf(alert), alert.alert_id(), shelf_.clock().Now()),
                model_.MutedBy(expected));
    }
    const auto events = shelf_->EventsAfter(compared_, 1'000'000);
    ASSERT_OK(events);
    ASSERT_EQ(compared_ + events->size(), model_.events.size());
    std::map<std::uint64_t, std::map<std::string, v1::DeliveryState>> deliveries;
    for (const auto& [id, alert] : model_.alerts) {
      const auto of_alert = shelf_->Deliveries(id);
      ASSERT_OK(of_alert);
      for (const auto& delivery : *of_alert) {
        deliveries[delivery.event_sequence()][delivery.receiver()] =
            static_cast<v1::DeliveryState>(delivery.state());
      }
    }
    for (const auto& event : *events) {
      const TimeModel::Event actual{event.alert().alert_id(),
                                    static_cast<v1::EventKind>(event.kind()),
                                    deliveries[event.sequence()]};
      EXPECT_EQ(actual, model_.events[event.sequence() - 1])
          << event.sequence() << " " << v1::EventKind_Name(actual.kind) << " of " << actual.id;
    }
    compared_ = model_.events.size();
  }

  Shelf shelf_{Receivers(), Rules(kTimeRules)};
  TimeModel model_;
  std::size_t compared_ = 0;
};

TEST_P(TimeModelTest, BehavesAsTheModelThroughRandomWorkAndRestarts) {
  const unsigned seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  // On a whole minute.
  shelf_.clock().Set(base::FromMicros(1'699'999'980'000'000));
  std::uint64_t feed = 0;
  const auto any_district = [&] { return std::string(pick(2) != 0 ? "north" : "south"); };
  const auto any_id = [&] {
    const char* rules[] = {"trend", "trend", "outage", "unanswered"};
    return any_district() + "/SARS-CoV-2/" + rules[pick(4)];
  };
  for (int step = 0; step < 700; ++step) {
    shelf_.clock().Advance(std::chrono::minutes(pick(3) == 0 ? pick(60) : pick(6)));
    model_.now = Minute();
    switch (pick(12)) {
      case 0:
      case 1: {
        const std::string district = any_district();
        const std::string rule = pick(3) == 0 ? "outage" : "trend";
        const auto phase = static_cast<Signal::Phase>(1 + pick(3));
        const auto severity = static_cast<detection::v1::Severity>(1 + pick(3));
        ASSERT_OK(shelf_.Apply({MakeSignal({.area = district,
                                            .phase = phase,
                                            .severity = severity,
                                            .feed = ++feed,
                                            .district = district,
                                            .rule = rule})}));
        model_.Take(district, rule, district, phase, severity);
        break;
      }
      case 2: {
        const std::string id = any_id();
        ASSERT_EQ(shelf_->Acknowledge(id, "official", "").ok(),
                  model_.Act(id, v1::ACKNOWLEDGED_BY));
        break;
      }
      case 3: {
        const std::string id = any_id();
        if (pick(2) != 0) {
          ASSERT_EQ(shelf_->Escalate(id, "official", "x").ok(), model_.Act(id, v1::ESCALATED_BY));
        } else {
          ASSERT_EQ(shelf_->Close(id, Closing::kResolve, "official", "x").ok(),
                    model_.Act(id, v1::RESOLVED_BY_HAND));
        }
        break;
      }
      case 4: {
        storage::v1::SilenceRecord silence;
        const long from = model_.now + (pick(3) == 0 ? pick(60) : 0);
        const long to = from + 1 + pick(90);
        silence.add_district_ids(any_district());
        silence.set_include_critical(pick(2) != 0);
        silence.set_owner("official");
        silence.set_reason("x");
        silence.set_starts_at_us(Micros(from));
        silence.set_ends_at_us(Micros(to));
        ASSERT_OK(shelf_->CreateSilence(silence));
        // One that mutes CRITICAL mutes nothing before somebody else consents.
        model_.silences.push_back({silence.district_ids(0), silence.include_critical(), from, to,
                                   !silence.include_critical()});
        break;
      }
      case 5: {
        if (model_.silences.empty()) break;
        const std::size_t number = 1 + random() % model_.silences.size();
        TimeModel::Silence& silence = model_.silences[number - 1];
        const bool ended = silence.to <= model_.now;
        if (pick(2) != 0) {
          ASSERT_FALSE(shelf_->ConsentToSilence(number, {"official"}).ok());
          ASSERT_EQ(shelf_->ConsentToSilence(number, {"another"}).ok(), !ended && silence.critical);
          if (!ended) silence.consented = true;
          break;
        }
        ASSERT_EQ(shelf_->EndSilence(number, "official").ok(), !ended);
        if (!ended) silence.to = model_.now;
        break;
      }
      case 6:
        shelf_.Restart();
        break;
      default:
        ASSERT_OK(shelf_->Tick());
        model_.Tick();
    }
    if (step % 10 == 9) ExpectSame();
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  shelf_.Restart();
  ExpectSame();
  std::map<v1::EventKind, int> kinds;
  for (const auto& event : model_.events) ++kinds[event.kind];
  for (const v1::EventKind kind :
       {v1::OPENED, v1::BECAME_PENDING, v1::ESCALATION_STEP, v1::MUTE_ENDED}) {
    EXPECT_GT(kinds[kind], 0) << v1::EventKind_Name(kind) << ": the work reached every part";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimeModelTest, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace belgrand::alerting
