// The watch on sensors, over real gRPC, with alerting's own rules for what it is told.
#include "services/detection/discharge_watch.h"

#include <gmock/gmock.h>

#include "sensor/sewer_simulator.h"
#include "tests/unit/services/detection_fixture.h"

namespace belgrand::detection {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The sensors of site-1, as far as the clock has gone.
class FakeSensors final : public sensor::v1::SensorService::Service {
 public:
  explicit FakeSensors(sensor::SewerSimulation simulation) : simulation_(std::move(simulation)) {}
  grpc::Status ListSensors(grpc::ServerContext*, const sensor::v1::ListSensorsRequest*,
                           sensor::v1::ListSensorsResponse* response) override {
    if (down) return {grpc::StatusCode::UNAVAILABLE, "down"};
    for (const auto& [quantity, points] : simulation_.series) {
      auto& listed = *response->add_sensors();
      listed.set_sensor_id(std::to_string(static_cast<int>(quantity)));
      listed.set_site_id("site-1");
      listed.set_quantity(static_cast<sensor::v1::Quantity>(quantity));
    }
    return grpc::Status::OK;
  }
  grpc::Status ReadReadings(grpc::ServerContext*, const sensor::v1::ReadReadingsRequest* request,
                            grpc::ServerWriter<sensor::v1::ReadReadingsResponse>* writer) override {
    if (down) return {grpc::StatusCode::UNAVAILABLE, "down"};
    const std::int64_t from = base::ToMicros(shared::ToInstant(request->from()));
    const std::int64_t to = base::ToMicros(shared::ToInstant(request->to()));
    sensor::v1::ReadReadingsResponse part;
    for (const auto& [quantity, points] : simulation_.series) {
      if (std::to_string(static_cast<int>(quantity)) != request->sensor_id()) continue;
      for (const sensor::Point& point : points) {
        if (point.time_us < from || point.time_us >= to) continue;
        part.add_measured_at_us(point.time_us);
        part.add_values(point.value);
        part.add_flags(static_cast<sensor::v1::QualityFlag>(point.mark.flag));
        part.add_failed_tests(point.mark.tests);
        if (part.values_size() < 5000) continue;
        writer->Write(part);
        part.Clear();
      }
    }
    writer->Write(part);
    return grpc::Status::OK;
  }
  std::atomic<bool> down = false;

 private:
  const sensor::SewerSimulation simulation_;
};

// 40 days of one sewer, with one acid on the 30th day.
sensor::SewerSimulation OneAcid() {
  sensor::SewerSimulation sewer =
      sensor::SimulateSewer({.seed = 21, .days = 40, .discharges = 0, .storms = 0, .faults = 0});
  const std::int64_t day_us = std::int64_t{24} * 3600 * 1'000'000;
  const std::int64_t from = sewer.series[0].second.front().time_us + 30 * day_us;
  for (auto& [quantity, points] : sewer.series) {
    for (sensor::Point& point : points) {
      if (point.time_us < from || point.time_us >= from + day_us / 24) continue;
      if (quantity == sensor::Quantity::kPh) point.value -= 2.5;
      if (quantity == sensor::Quantity::kConductivity) point.value *= 1.8;
    }
  }
  return sewer;
}

class DischargeWatchTest : public ::testing::Test {
 protected:
  DischargeWatchTest() : sensors_(OneAcid()) {
    sites_.Put("site-1", "district-1", 1000);
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = {&sensors_, &sites_, &alerting_};
    server_ = rpc::Server::Create(options).value();
    const auto channel = server_->InProcessChannel();
    sensor_stub_ = sensor::v1::SensorService::NewStub(channel);
    site_stub_ = timeseries::v1::SiteService::NewStub(channel);
    alerting_stub_ = alerting::v1::AlertingService::NewStub(channel);
  }
  ~DischargeWatchTest() override { server_->Stop(std::chrono::seconds(5)); }

  DischargeWatch::Stubs Stubs() { return {*sensor_stub_, *site_stub_, *alerting_stub_}; }
  base::Instant At(double day) {
    return base::FromMicros(1'609'459'200'000'000 + static_cast<std::int64_t>(day * 86400e6));
  }

  FakeSensors sensors_;
  testing::FakeSites sites_;
  FakeAlerting alerting_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<sensor::v1::SensorService::Stub> sensor_stub_;
  std::unique_ptr<timeseries::v1::SiteService::Stub> site_stub_;
  std::unique_ptr<alerting::v1::AlertingService::Stub> alerting_stub_;
  base::FakeClock clock_{At(25)};
  DischargeBook book_;
};

TEST_F(DischargeWatchTest, RaisesWhenItBeginsAndClearsWhenItIsOver) {
  DischargeWatch watch(clock_, book_);
  ASSERT_OK(watch.LookOnce(Stubs()));
  EXPECT_THAT(alerting_.applied(), IsEmpty());
  clock_.Set(At(30.0 + 40.0 / 1440));
  ASSERT_OK(watch.LookOnce(Stubs()));
  ASSERT_THAT(alerting_.applied(), SizeIs(1));
  const v1::Signal raised = alerting_.applied().front();
  EXPECT_EQ(raised.phase(), v1::Signal::RAISED);
  EXPECT_EQ(raised.district_id(), "district-1");
  EXPECT_EQ(raised.severity(), v1::WARNING);
  EXPECT_THAT(raised.evidence().explanation(), HasSubstr("looks like an acid"));
  EXPECT_THAT(alerting_.Book(), SizeIs(1));
  clock_.Set(At(31));
  ASSERT_OK(watch.LookOnce(Stubs()));
  EXPECT_THAT(alerting_.Book(), IsEmpty());
  EXPECT_THAT(alerting_.applied(), SizeIs(2));
}

TEST_F(DischargeWatchTest, AfterARestartItTellsTheSameAndAlertingHearsNothingNew) {
  for (const double day : {30.0 + 40.0 / 1440, 30.0 + 50.0 / 1440, 31.0, 32.0}) {
    clock_.Set(At(day));
    DischargeWatch watch(clock_, book_);
    ASSERT_OK(watch.LookOnce(Stubs()));
  }
  EXPECT_THAT(alerting_.Book(), IsEmpty());
  EXPECT_THAT(alerting_.applied(), SizeIs(2));
}

TEST_F(DischargeWatchTest, WhatAlertingCouldNotTakeIsToldAtTheNextLook) {
  DischargeWatch watch(clock_, book_);
  ASSERT_OK(watch.LookOnce(Stubs()));
  clock_.Set(At(30.0 + 40.0 / 1440));
  alerting_.down = true;
  EXPECT_FALSE(watch.LookOnce(Stubs()).ok());
  alerting_.down = false;
  sensors_.down = true;
  EXPECT_FALSE(watch.LookOnce(Stubs()).ok());
  EXPECT_THAT(alerting_.Book(), SizeIs(1)) << "told before the sensors are asked";
  sensors_.down = false;
  clock_.Set(At(31));
  ASSERT_OK(watch.LookOnce(Stubs()));
  EXPECT_THAT(alerting_.Book(), IsEmpty());
}

TEST_F(DischargeWatchTest, ASampleTakenDuringADischargeIsTagged) {
  clock_.Set(At(31));
  DischargeWatch watch(clock_, book_);
  ASSERT_OK(watch.LookOnce(Stubs()));
  // A composite of the 30th day, whose noon saw no acid but whose first hour did.
  SignalChange change;
  change.kind = SignalKind::kSpike;
  change.severity = Severity::kWarning;
  EvidenceSample& sample = change.evidence.samples.emplace_back();
  sample.measurement.site_id = "site-1";
  sample.measurement.collected_at = At(30.5);
  sample.measurement.collection.composite_hours = 24;
  for (const bool over : {false, true}) {
    SignalChange told = change;
    if (over) told.phase = Phase::kCleared;
    TagDischarges(book_, told);
    EXPECT_THAT(told.evidence.samples[0].doubts, ::testing::ElementsAre(sample::Doubt::kDischarge));
    EXPECT_EQ(told.evidence.verify, !over);
    EXPECT_EQ(told.severity, over ? Severity::kWarning : Severity::kWatch);
    if (over) continue;
    EXPECT_THAT(told.evidence.explanation, HasSubstr("discharged into the sewer"));
    EXPECT_THAT(told.evidence.explanation_fr, HasSubstr("rejet"));
  }
}

TEST_F(DischargeWatchTest, ASampleOfOtherHoursOrOfAnotherSiteIsNotTagged) {
  clock_.Set(At(31));
  DischargeWatch watch(clock_, book_);
  ASSERT_OK(watch.LookOnce(Stubs()));
  SignalChange change;
  EvidenceSample& sample = change.evidence.samples.emplace_back();
  sample.measurement.site_id = "site-1";
  sample.measurement.collection.composite_hours = 24;
  for (const double day : {29.9, 31.5}) {
    sample.measurement.collected_at = At(day);
    TagDischarges(book_, change);
    EXPECT_THAT(sample.doubts, IsEmpty()) << day;
  }
  sample.measurement.site_id = "site-2";
  sample.measurement.collected_at = At(30.5);
  TagDischarges(book_, change);
  EXPECT_THAT(sample.doubts, IsEmpty());
  EXPECT_THAT(change.evidence.explanation, IsEmpty());
}

TEST(SamplingWindowTest, FollowsWhatTheRowSaysOfHowItWasTaken) {
  const base::Instant noon(std::chrono::hours(36));
  sample::Measurement row;
  row.collected_at = noon;
  EXPECT_EQ(WindowOf(row).from, noon - std::chrono::hours(24)) << "not said: a day's composite";
  EXPECT_EQ(WindowOf(row).to, noon);
  row.collected_at = base::Instant(std::chrono::hours(24));
  EXPECT_EQ(WindowOf(row).to, base::Instant(std::chrono::hours(48))) << "knows only its day";
  row.collection.sampling = sample::Sampling::kGrab;
  EXPECT_EQ(WindowOf(row).from, row.collected_at);
  row.collection.composite_hours = 2;
  EXPECT_EQ(WindowOf(row).from, row.collected_at - std::chrono::hours(2));
  row.collection.started_at = row.collected_at - std::chrono::hours(3);
  EXPECT_EQ(WindowOf(row).from, row.collected_at - std::chrono::hours(3));
}

}  // namespace
}  // namespace belgrand::detection
