// Random work on a book of alerts, with restarts and retention, against a model.
#include "tests/unit/alerting/book_model.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "alerting/book.h"
#include "compliance/retention.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/alerting/shelf.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using testing::BookModel;
using testing::MakeSignal;
using testing::Shelf;
using testing::Signal;

std::vector<Route> Routes() { return {{"console", {}}, {"north-mail", {"north"}}, {"hook", {}}}; }

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
    ++by_state.at(static_cast<std::size_t>(expected.state));
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
