// The heartbeat and the exercises of the alerting role, and what check-config says of the sections
// around delivery.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "services/alerting/alerting_options.h"
#include "services/alerting/delivery_watch.h"
#include "tests/support/sink.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alerting/shelf.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::Sink;
using belgrand::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeSignal;
using ::testing::Not;
using testing::Shelf;

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() : shelf_({{"hook", {}}, {"console", {}}}) {
    auto& heartbeat = *config_.mutable_heartbeat();
    heartbeat.set_url("http://127.0.0.1:" + std::to_string(sink_.port()) + "/beat");
    heartbeat.mutable_interval()->set_seconds(60);
    heartbeat.mutable_overdue_after()->set_seconds(900);
  }
  std::unique_ptr<DeliveryWatch> Watch() {
    return std::make_unique<DeliveryWatch>(config_, std::set<std::string>{"console"}, *shelf_,
                                           shelf_.clock(), metrics_,
                                           [this] { return store_status_; });
  }
  // Whether the watcher outside hears something within a tick.
  bool Beats(DeliveryWatch& watch) {
    watch.Tick();
    return !sink_.IsEmpty();
  }
  void Deliver() {
    const auto found = shelf_->Pending("hook", 0);
    for (auto delivery : *found) {
      delivery.set_state(v1::DELIVERED);
      delivery.set_last_attempt_at_us(base::ToMicros(shelf_.clock().Now()));
      ASSERT_OK(shelf_->Save(delivery));
    }
  }
  void Pass(base::Duration time) { shelf_.clock().Advance(time); }

  Sink sink_{"http_sink.py"};
  Shelf shelf_;
  metrics::Registry metrics_;
  config::v1::Alerting config_;
  base::Status store_status_;
};

TEST_F(WatchTest, TheHeartbeatComesAtItsIntervalAndStopsWithDelivery) {
  const auto watch = Watch();
  EXPECT_TRUE(Beats(*watch));
  EXPECT_FALSE(Beats(*watch)) << "not due";
  Pass(std::chrono::seconds(60));
  EXPECT_TRUE(Beats(*watch));
  ASSERT_OK(shelf_.Apply({MakeSignal({})}));
  Pass(std::chrono::minutes(14));
  EXPECT_TRUE(Beats(*watch)) << "not overdue yet";
  Pass(std::chrono::minutes(2));
  EXPECT_FALSE(Beats(*watch)) << "hook has waited for a quarter of an hour";
  Deliver();
  Pass(std::chrono::minutes(1));
  EXPECT_TRUE(Beats(*watch));
  store_status_ = base::Unavailable("the disk refused a write");
  Pass(std::chrono::minutes(1));
  EXPECT_FALSE(Beats(*watch));
}

TEST_F(WatchTest, AFailedExerciseSilencesTheHeartbeatUntilOneHasArrived) {
  config_.mutable_exercise()->mutable_interval()->set_seconds(3600);
  config_.mutable_heartbeat()->mutable_overdue_after()->set_seconds(86'400);
  const auto watch = Watch();
  EXPECT_TRUE(Beats(*watch)) << "one runs";
  Pass(std::chrono::minutes(10));
  EXPECT_FALSE(Beats(*watch)) << "nobody took it in time";
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_alerting_exercise_failed 1"));
  Deliver();
  Pass(std::chrono::minutes(1));
  EXPECT_TRUE(Beats(*watch)) << "it came, if late";
  EXPECT_THAT(metrics_.Text(),
              AllOf(HasSubstr("belgrand_alerting_exercise_failed 0"),
                    Not(HasSubstr("belgrand_alerting_exercise_last_success_timestamp_seconds 0"))));
  Pass(std::chrono::hours(1));
  EXPECT_TRUE(Beats(*watch)) << "the next one runs";
  const auto found = shelf_->Pending("hook", 0);
  for (const auto& delivery : *found) ASSERT_OK(shelf_->Bury(delivery));
  Pass(std::chrono::minutes(1));
  EXPECT_FALSE(Beats(*watch)) << "it is dead";
  Pass(std::chrono::hours(1));
  EXPECT_FALSE(Beats(*watch)) << "the one after it only runs";
  Deliver();
  Pass(std::chrono::minutes(1));
  EXPECT_TRUE(Beats(*watch));
}

TEST(DeliveryConfigTest, EveryMistakeIsNamed) {
  const TempDir dir;
  config::v1::Alerting config;
  auto& links = *config.mutable_links();
  links.set_public_url("http://alerts.city.example");
  links.set_listen("0.0.0.0:80");
  links.set_private_key_file("/absent/key");
  links.mutable_valid_for()->set_seconds(1);
  config.mutable_heartbeat()->set_url("http://watcher.example/");
  config.mutable_heartbeat()->mutable_interval()->set_seconds(-1);
  config.mutable_exercise()->mutable_interval()->set_seconds(120);
  std::string all;
  for (const std::string& problem : CheckAlertingConfig(config)) all += problem + "\n";
  EXPECT_THAT(all, AllOf(HasSubstr("alerting.links.public_url: write \"https://"),
                         HasSubstr("come together"), HasSubstr("links.private_key_file"),
                         HasSubstr("links.listen: 0.0.0.0:80 is not loopback"),
                         HasSubstr("links.secret_file is missing"),
                         HasSubstr("links.valid_for: 1 s is outside 60 s")));
  EXPECT_THAT(all, AllOf(HasSubstr("alerting.heartbeat.url is plain http to 'watcher.example'"),
                         HasSubstr("heartbeat.interval: -1 s"),
                         HasSubstr("exercise.deadline: 600 s is outside 1 s to 120 s")));
  links.Clear();
  links.set_public_url("https://alerts.city.example/");
  std::ofstream(dir.path() / "secret") << "0123456789abcdef0123456789abcdef";
  links.set_secret_file(dir.path() / "secret");
  config.mutable_heartbeat()->set_url("https://watcher.example/");
  config.mutable_heartbeat()->clear_interval();
  config.mutable_exercise()->clear_interval();
  EXPECT_THAT(CheckAlertingConfig(config), IsEmpty());
}

}  // namespace
}  // namespace belgrand::alerting
