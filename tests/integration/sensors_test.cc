// Sensors on real processes: a gateway streams readings, an official reads them, and SIGKILL at any
// moment loses nothing that was acknowledged.
#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "tests/support/client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

namespace v1 = sensor::v1;
using shared::RoleName;
using ::testing::HasSubstr;

constexpr std::int64_t kStartUs = 1'700'000'000'000'000;
constexpr std::int64_t kSecondUs = 1'000'000;

v1::Sensor LevelSensor(const std::string& id) {
  v1::Sensor sensor;
  sensor.set_sensor_id(id);
  sensor.set_site_id("site-1");
  sensor.set_quantity(v1::LEVEL);
  sensor.set_unit("cm");
  sensor.mutable_sampling_interval()->set_seconds(1);
  return sensor;
}

v1::StreamReadingsRequest Readings(const std::string& id, std::uint64_t first, int count) {
  v1::StreamReadingsRequest request;
  request.set_request_number(first);
  auto& batch = *request.add_batches();
  batch.set_sensor_id(id);
  batch.set_epoch(1);
  batch.set_first_sequence(first);
  for (int i = 0; i < count; ++i) {
    const auto n = static_cast<std::int64_t>(first) + i;
    batch.add_measured_at_us(kStartUs + n * kSecondUs);
    batch.add_values(100.0 + static_cast<double>(n % 50));
  }
  return request;
}

class SensorsTest : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    deployment_ = std::make_unique<Deployment>(GetParam(), dir_.path() / "run");
    ASSERT_OK(deployment_->Start());
  }
  std::unique_ptr<v1::SensorService::Stub> Stub(const std::string& who) {
    return v1::SensorService::NewStub(deployment_->Channel(RoleName::kSensors, who));
  }
  base::Status Put(const std::vector<v1::Sensor>& sensors, const std::string& who = "operator") {
    v1::PutSensorsRequest request;
    request.mutable_sensors()->Assign(sensors.begin(), sensors.end());
    return Call<v1::PutSensorsResponse>(*Stub(who), &v1::SensorService::Stub::PutSensors, request)
        .status();
  }
  // One message on a stream of its own.
  base::StatusOr<v1::StreamReadingsResponse> Send(const v1::StreamReadingsRequest& request,
                                                  const std::string& who = "gateway") {
    const auto stub = Stub(who);
    grpc::ClientContext context;
    const auto stream = stub->StreamReadings(&context);
    v1::StreamReadingsResponse response;
    const bool answered = stream->Write(request) && stream->Read(&response);
    stream->WritesDone();
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return rpc::FromGrpc(status);
    if (!answered) return base::Internal("no answer and no error");
    return response;
  }
  std::map<std::int64_t, double> ReadAll(const std::string& id) {
    const auto stub = Stub("official");
    v1::ReadReadingsRequest request;
    request.set_sensor_id(id);
    grpc::ClientContext context;
    const auto reader = stub->ReadReadings(&context, request);
    std::map<std::int64_t, double> readings;
    for (v1::ReadReadingsResponse part; reader->Read(&part);) {
      for (int i = 0; i < part.values_size(); ++i) {
        EXPECT_TRUE(readings.emplace(part.measured_at_us(i), part.values(i)).second) << "twice";
      }
    }
    EXPECT_OK(rpc::FromGrpc(reader->Finish()));
    return readings;
  }

  const TempDir dir_;
  std::unique_ptr<Deployment> deployment_;
};

TEST_P(SensorsTest, WhatAGatewaySendsAnOfficialReads) {
  ASSERT_OK(Put({LevelSensor("level-1")}));
  for (std::uint64_t first = 1; first <= 6'000; first += 500) {
    const auto response = Send(Readings("level-1", first, 500));
    ASSERT_OK(response);
    EXPECT_EQ(response->acknowledgements(0).acknowledged_through(), first + 499);
    EXPECT_EQ(response->acknowledgements(0).stored(), 500U);
  }
  const auto readings = ReadAll("level-1");
  ASSERT_EQ(readings.size(), 6'000U);
  EXPECT_EQ(readings.at(kStartUs + 7 * kSecondUs), 1.07) << "centimetres became metres";

  const auto stub = Stub("official");
  v1::ReadDownsampledRequest request;
  request.set_sensor_id("level-1");
  request.mutable_bucket()->set_seconds(600);
  grpc::ClientContext context;
  const auto reader = stub->ReadDownsampled(&context, request);
  std::uint64_t count = 0;
  for (v1::ReadDownsampledResponse part; reader->Read(&part);) {
    for (const auto& bucket : part.buckets()) {
      count += bucket.count();
      EXPECT_EQ(bucket.from().seconds() % 600, 0);
      EXPECT_GE(bucket.mean(), bucket.min());
      EXPECT_LE(bucket.mean(), bucket.max());
      if (bucket.count() >= 50) {
        EXPECT_EQ(bucket.max(), 1.49);
      }
    }
  }
  EXPECT_OK(rpc::FromGrpc(reader->Finish()));
  EXPECT_EQ(count, 6'000U);
}

TEST_P(SensorsTest, WhatIsWrongIsSaidAndHoldsBackNothingElse) {
  v1::Sensor owned = LevelSensor("level-2");
  owned.set_gateway_id("gateway-b");
  ASSERT_OK(Put({LevelSensor("level-1"), owned}));
  v1::StreamReadingsRequest request = Readings("level-1", 1, 4);
  auto& batch = *request.mutable_batches(0);
  batch.set_values(1, std::nan(""));
  batch.set_measured_at_us(2, 5);
  batch.add_missing(3);
  *request.add_batches() = Readings("nobody", 1, 2).batches(0);
  *request.add_batches() = Readings("level-2", 1, 2).batches(0);
  const auto response = Send(request);
  ASSERT_OK(response);
  const auto& first = response->acknowledgements(0);
  EXPECT_EQ(first.stored(), 2U);
  EXPECT_EQ(first.rejected(), 2U);
  EXPECT_EQ(first.acknowledged_through(), 4U);
  ASSERT_EQ(first.problems_size(), 2);
  EXPECT_EQ(first.problems(0).rule(), "value_not_finite");
  EXPECT_EQ(first.problems(1).rule(), "time_too_early");
  EXPECT_EQ(response->acknowledgements(1).problems(0).rule(), "unknown_sensor");
  EXPECT_EQ(response->acknowledgements(1).acknowledged_through(), 0U);
  const auto& other = response->acknowledgements(2);
  // Without certificates whoever is on this machine may send for any gateway.
  if (GetParam() == Shape::kProcessPerRole) {
    ASSERT_EQ(other.problems_size(), 1);
    EXPECT_EQ(other.problems(0).rule(), "other_gateway");
  } else {
    EXPECT_EQ(other.stored(), 2U);
  }
  EXPECT_EQ(ReadAll("level-1").size(), 2U);

  v1::StreamReadingsRequest uneven = Readings("level-1", 5, 3);
  uneven.mutable_batches(0)->add_values(1);
  EXPECT_EQ(Send(uneven).status().code(), base::StatusCode::kInvalidArgument);
  EXPECT_EQ(Put({LevelSensor("level 3 ")}).code(), base::StatusCode::kInvalidArgument);
  if (GetParam() == Shape::kProcessPerRole) {
    EXPECT_EQ(Put({LevelSensor("level-3")}, "gateway").code(), base::StatusCode::kPermissionDenied);
    EXPECT_EQ(Send(Readings("level-1", 5, 1), "official").status().code(),
              base::StatusCode::kPermissionDenied);
  }
}

TEST_P(SensorsTest, TheCommandLineRegistersSendsAndReads) {
  std::ofstream(dir_.path() / "sensors.csv")
      << "sensor_id,site_id,quantity,sampling_interval_s,unit,suspect_high,fail_low\n"
         "level-1,site-1,level,60,cm,1.2,0\nph-1,site-1,ph,60,,,\n";
  std::ofstream(dir_.path() / "readings.csv")
      << "sensor_id,measured_at,value\nlevel-1,2024-01-01T00:00:00Z,100\n"
         "level-1,2024-01-01T00:01:00Z,130\nlevel-1,2024-01-01T00:02:00Z,\n"
         "ph-1,2024-01-01T00:00:00Z,7.1\n";
  const auto run = [&](std::vector<std::string> words, const std::string& who) {
    words.insert(words.begin(), "sensors");
    const auto flags = deployment_->ClientFlags(RoleName::kSensors, who);
    words.insert(words.end(), flags.begin(), flags.end());
    return RunBelgrand(words);
  };
  const auto put = run({"put", (dir_.path() / "sensors.csv").string()}, "operator");
  EXPECT_EQ(put.out, "2 added, 0 changed, 0 unchanged\n") << put.err;
  const auto send = run({"send", (dir_.path() / "readings.csv").string()}, "gateway");
  EXPECT_EQ(send.out, "4 stored, 0 duplicate, 0 conflicting, 0 rejected\n") << send.err;
  const auto again = run({"send", (dir_.path() / "readings.csv").string()}, "gateway");
  EXPECT_EQ(again.out, "0 stored, 4 duplicate, 0 conflicting, 0 rejected\n") << again.err;
  const auto read = run({"read", "level-1"}, "official");
  EXPECT_EQ(read.out,
            "measured_at,value,flag,failed_tests\n2024-01-01T00:00:00Z,1,1,32\n"
            "2024-01-01T00:01:00Z,1.3,3,1\n2024-01-01T00:02:00Z,,9,0\n")
      << read.err;
  const auto summed = run({"read", "level-1", "--bucket", "3600"}, "official");
  EXPECT_EQ(summed.out, "from,count,min,max,mean,last\n2024-01-01T00:00:00Z,2,1,1.3,1.15,1.3\n");
  EXPECT_THAT(run({"list"}, "official").out, HasSubstr("ph-1,site-1,PH,pH,60,,,,2024-01-01"));
  EXPECT_EQ(run({"read", "nobody"}, "official").exit_code, 1);
  const std::filesystem::path data = deployment_->data(RoleName::kSensors).parent_path();
  for (const int code : deployment_->TerminateAll()) EXPECT_EQ(code, 0);
  const auto fsck = RunBelgrand({"fsck", data.string()});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
  EXPECT_THAT(fsck.out, HasSubstr("sensors: 2 sensors, 4 readings"));
}

INSTANTIATE_TEST_SUITE_P(Shapes, SensorsTest,
                         ::testing::Values(Shape::kOneProcess, Shape::kProcessPerRole),
                         [](const auto& shape) {
                           return shape.param == Shape::kOneProcess ? "OneProcess"
                                                                    : "ProcessPerRole";
                         });

// A gateway that keeps what is not acknowledged, and sends it again when the line breaks.
class Gateway {
 public:
  Gateway(Deployment& deployment, std::string sensor) : deployment_(deployment), sensor_(sensor) {}

  void Run(std::uint64_t until, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    while (acknowledged_ < until) {
      if (!SendOnOneConnection(until, random)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
  }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t bad() const { return bad_; }

 private:
  bool SendOnOneConnection(std::uint64_t until, std::mt19937_64& random) {
    const auto stub =
        v1::SensorService::NewStub(deployment_.Channel(RoleName::kSensors, "gateway"));
    grpc::ClientContext context;
    const auto stream = stub->StreamReadings(&context);
    while (acknowledged_ < until) {
      v1::StreamReadingsResponse response;
      const int count = static_cast<int>(random() % 300) + 1;
      if (!stream->Write(Readings(sensor_, acknowledged_ + 1, count)) || !stream->Read(&response)) {
        context.TryCancel();
        stream->Finish();
        return false;
      }
      const auto& answer = response.acknowledgements(0);
      bad_ += answer.rejected() + answer.conflicting();
      acknowledged_ = answer.acknowledged_through();
    }
    stream->WritesDone();
    return stream->Finish().ok();
  }

  Deployment& deployment_;
  const std::string sensor_;
  std::atomic<std::uint64_t> acknowledged_ = 0;
  std::atomic<std::uint64_t> bad_ = 0;
};

TEST(SensorsKillTest, KillsLoseNothingThatWasAcknowledged) {
  constexpr std::uint64_t kReadings = 60'000;
  constexpr int kKills = 15;
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  const TempDir dir;
  Deployment deployment(Shape::kOneProcess, dir.path() / "run");
  ASSERT_OK(deployment.Start());
  const auto operators =
      v1::SensorService::NewStub(deployment.Channel(RoleName::kSensors, "operator"));
  v1::PutSensorsRequest put;
  const std::vector<std::string> ids = {"level-1", "level-2", "level-3"};
  for (const std::string& id : ids) *put.add_sensors() = LevelSensor(id);
  ASSERT_OK(Call<v1::PutSensorsResponse>(*operators, &v1::SensorService::Stub::PutSensors, put));
  std::vector<std::unique_ptr<Gateway>> gateways;
  std::vector<std::thread> threads;
  for (const std::string& id : ids) {
    Gateway& gateway = *gateways.emplace_back(std::make_unique<Gateway>(deployment, id));
    threads.emplace_back([&gateway, seed = random()] { gateway.Run(kReadings, seed); });
  }
  for (int i = 0; i < kKills; ++i) {
    // By what was done, not by the clock: kills fall anywhere in the writing.
    const std::uint64_t at = kReadings * static_cast<std::uint64_t>(i + 1) / (kKills + 2);
    Eventually([&] { return gateways[0]->acknowledged() >= at; });
    deployment.KillAll();
    const auto fsck =
        RunBelgrand({"fsck", deployment.data(RoleName::kSensors).parent_path().string()});
    EXPECT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
    ASSERT_OK(deployment.Start());
  }
  for (std::thread& thread : threads) thread.join();
  const auto official =
      v1::SensorService::NewStub(deployment.Channel(RoleName::kSensors, "official"));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(gateways[i]->bad(), 0U);
    EXPECT_GE(gateways[i]->acknowledged(), kReadings);
    v1::ReadReadingsRequest request;
    request.set_sensor_id(ids[i]);
    grpc::ClientContext context;
    const auto reader = official->ReadReadings(&context, request);
    std::int64_t next = 1;
    for (v1::ReadReadingsResponse part; reader->Read(&part);) {
      for (int j = 0; j < part.values_size(); ++j, ++next) {
        ASSERT_EQ(part.measured_at_us(j), kStartUs + next * kSecondUs) << "lost or twice";
      }
    }
    EXPECT_OK(rpc::FromGrpc(reader->Finish()));
    EXPECT_EQ(static_cast<std::uint64_t>(next) - 1, gateways[i]->acknowledged());
  }
}

}  // namespace
}  // namespace belgrand::testing
