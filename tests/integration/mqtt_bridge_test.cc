// The MQTT bridge against a real Mosquitto broker: what was published with QoS 1 is stored once,
// whoever is killed on the way.
#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <map>
#include <random>
#include <thread>

#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "platform/base/file.h"
#include "tests/support/client.h"
#include "tests/support/mosquitto.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::testing {
namespace {

namespace v1 = sensor::v1;
using shared::RoleName;
using ::testing::HasSubstr;

constexpr std::int64_t kStart = 1'700'000'000;  // seconds
constexpr char kTopic[] = "application/app-1/device/0101010101010101/event/up";

std::string Uplink(int n) {
  return fmt::format(
      R"({{"time":"{}","deviceInfo":{{"devEui":"0101010101010101"}},"fCnt":{},"object":{{"water":{{"level":{}}},"battery":3.6}}}})",
      base::FormatInstant(base::FromMicros((kStart + n) * 1'000'000)), n, 100 + n % 50);
}

std::vector<std::string> Uplinks(int from, int to) {
  std::vector<std::string> lines;
  for (int n = from; n < to; ++n) lines.push_back(Uplink(n));
  return lines;
}

class MqttBridgeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Mosquitto::Installed()) {
      GTEST_SKIP() << "mosquitto and mosquitto-clients are not installed: the bridge was NOT "
                      "tested against a broker";
    }
  }

  void Register(Deployment& deployment) {
    const auto stub =
        v1::SensorService::NewStub(deployment.Channel(RoleName::kSensors, "operator"));
    v1::PutSensorsRequest request;
    v1::Sensor& level = *request.add_sensors();
    level.set_sensor_id("level-1");
    level.set_site_id("site-1");
    level.set_quantity(v1::LEVEL);
    level.set_unit("cm");
    level.mutable_sampling_interval()->set_seconds(1);
    level.set_device_id("0101010101010101");
    level.set_metric("water.level");
    v1::Sensor& ph = *request.add_sensors();
    ph = level;
    ph.set_sensor_id("ph-1");
    ph.set_quantity(v1::PH);
    ph.set_unit("");
    ph.set_device_id("sewers/node-1/probe");
    ph.set_metric("pH");
    ASSERT_OK(Call<v1::PutSensorsResponse>(*stub, &v1::SensorService::Stub::PutSensors, request));
  }

  // Instant in seconds -> value. Fails on a second reading of an instant.
  std::map<std::int64_t, double> ReadAll(Deployment& deployment, const std::string& sensor) {
    const auto stub =
        v1::SensorService::NewStub(deployment.Channel(RoleName::kSensors, "official"));
    v1::ReadReadingsRequest request;
    request.set_sensor_id(sensor);
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(60));
    const auto reader = stub->ReadReadings(&context, request);
    std::map<std::int64_t, double> readings;
    for (v1::ReadReadingsResponse part; reader->Read(&part);) {
      for (int i = 0; i < part.values_size(); ++i) {
        EXPECT_TRUE(readings.emplace(part.measured_at_us(i) / 1'000'000, part.values(i)).second);
      }
    }
    reader->Finish();
    return readings;
  }

  static bool ReadyzIsGood(const ServerProcess& process) {
    return HttpGet(process.http_port(), "/readyz") == "ready\n";
  }

  void ExpectUplinks(const std::map<std::int64_t, double>& readings, int count) {
    ASSERT_EQ(readings.size(), static_cast<std::size_t>(count));
    for (int n = 0; n < count; ++n) {
      ASSERT_EQ(readings.at(kStart + n), (100 + n % 50) / 100.0) << n;
    }
  }

  const TempDir dir_;
};

TEST_F(MqttBridgeTest, PublishedReadingsAreStoredAndWhatIsNotUnderstoodBlocksNothing) {
  const Mosquitto broker(dir_.path() / "broker");
  Deployment deployment(Shape::kOneProcess, dir_.path() / "run",
                        fmt::format("mqtt_bridge {{ broker: \"127.0.0.1:{}\" }}\n", broker.port()));
  ASSERT_OK(deployment.Start());
  Register(deployment);
  ServerProcess& process = deployment.process(RoleName::kSensors);
  ASSERT_TRUE(Eventually([&] { return ReadyzIsGood(process); }));
  EXPECT_TRUE(broker.Publish(kTopic, Uplinks(0, 100)));
  EXPECT_TRUE(broker.Publish(kTopic, {"not JSON", "{}", R"({"time":"yesterday"})"}));
  EXPECT_TRUE(broker.Publish(
      "application/app-1/device/ff/event/up",
      {R"({"time":"2023-11-14T22:13:20Z","deviceInfo":{"devEui":"ff"},"object":{"a":1}})"}));
  EXPECT_TRUE(broker.Publish(
      "spBv1.0/sewers/DDATA/node-1/probe",
      {fmt::format(R"({{"timestamp":{}000,"metrics":[{{"name":"pH","value":7.25}}]}})", kStart)}));
  EXPECT_TRUE(broker.Publish(kTopic, Uplinks(90, 200)));
  ASSERT_TRUE(Eventually([&] { return ReadAll(deployment, "level-1").size() == 200; }));
  ExpectUplinks(ReadAll(deployment, "level-1"), 200);
  EXPECT_EQ(ReadAll(deployment, "ph-1").at(kStart), 7.25);
  const auto metric = [&](const std::string& line) {
    return Eventually(
        [&] { return HttpGet(process.http_port(), "/metrics").find(line) != std::string::npos; });
  };
  EXPECT_TRUE(metric("belgrand_mqtt_readings_total{outcome=\"stored\"} 201"));
  EXPECT_TRUE(metric("belgrand_mqtt_readings_total{outcome=\"duplicate\"} 10"));
  EXPECT_TRUE(metric("belgrand_mqtt_connected 1"));
  EXPECT_THAT(HttpGet(process.http_port(), "/metrics"),
              HasSubstr("belgrand_mqtt_messages_total{outcome=\"not_understood\"}"));
  for (const int code : deployment.TerminateAll()) EXPECT_EQ(code, 0);
}

TEST_F(MqttBridgeTest, SpeaksMutualTlsAndRefusesABrokerOfAnotherAuthority) {
  TestAuthority authority(dir_.path() / "tls");
  TestAuthority stranger(dir_.path() / "stranger");
  const base::TlsFiles server = authority.Issue("broker", "");
  const base::TlsFiles client = authority.Issue("bridge", "");
  const Mosquitto broker(dir_.path() / "broker", server);
  const auto config = [&](const std::string& ca) {
    return fmt::format(
        "mqtt_bridge {{ broker: \"localhost:{}\" tls {{ ca_file: \"{}\" certificate_file: \"{}\" "
        "private_key_file: \"{}\" }} }}\n",
        broker.port(), ca, client.certificate, client.private_key);
  };
  {
    Deployment deployment(Shape::kOneProcess, dir_.path() / "wrong",
                          config((dir_.path() / "stranger" / "ca.pem").string()));
    ASSERT_OK(deployment.Start());
    const int port = deployment.process(RoleName::kSensors).http_port();
    EXPECT_TRUE(Eventually([&] {
      return HttpGet(port, "/readyz").find("certificate verify failed") != std::string::npos;
    })) << HttpGet(port, "/readyz");
  }
  Deployment deployment(Shape::kOneProcess, dir_.path() / "run", config(client.authorities));
  ASSERT_OK(deployment.Start());
  Register(deployment);
  ASSERT_TRUE(Eventually([&] { return ReadyzIsGood(deployment.process(RoleName::kSensors)); }));
  EXPECT_TRUE(broker.Publish(kTopic, Uplinks(0, 50)));
  ASSERT_TRUE(Eventually([&] { return ReadAll(deployment, "level-1").size() == 50; }));
}

TEST_F(MqttBridgeTest, KillsOfBridgeAndSensorsLoseNothingThatTheBrokerAcknowledged) {
  constexpr int kMessages = 4'000;
  constexpr int kKills = 12;
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  const Mosquitto broker(dir_.path() / "broker");
  Deployment deployment(Shape::kOneProcess, dir_.path() / "run");
  ASSERT_OK(deployment.Start());
  Register(deployment);
  const std::string config = (dir_.path() / "bridge.textproto").string();
  ASSERT_OK(base::WriteFileAtomically(
      config, fmt::format("data_dir: \"{}\" listen: \"127.0.0.1:0\" http_listen: \"127.0.0.1:0\"\n"
                          "peers {{ sensors: \"127.0.0.1:{}\" }}\n"
                          "mqtt_bridge {{ broker: \"127.0.0.1:{}\" max_unacknowledged: 40 }}\n",
                          (dir_.path() / "bridge").string(),
                          deployment.process(RoleName::kSensors).grpc_port(), broker.port())));
  const auto start_bridge = [&] {
    auto started = ServerProcess::Start({"--config", config, "--role", "mqtt-bridge"},
                                        dir_.path() / "bridge.log");
    EXPECT_OK(started);
    return started.ok() ? std::move(*started) : nullptr;
  };
  std::unique_ptr<ServerProcess> bridge = start_bridge();
  ASSERT_NE(bridge, nullptr);
  // From here on the broker knows the session and keeps what is published for it.
  ASSERT_TRUE(Eventually([&] { return ReadyzIsGood(*bridge); }));
  std::atomic<int> published = 0;
  std::thread publisher([&] {
    for (int n = 0; n < kMessages; n += 50) {
      if (broker.Publish(kTopic, Uplinks(n, n + 50))) published += 50;
    }
  });
  for (int kill = 0; kill < kKills; ++kill) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));
    if (random() % 2 == 0) {
      bridge->Kill();
      bridge = start_bridge();
      ASSERT_NE(bridge, nullptr);
    } else {
      deployment.KillAll();
      ASSERT_OK(deployment.Start());
    }
  }
  publisher.join();
  EXPECT_EQ(published, kMessages) << "the broker did not acknowledge everything";
  EXPECT_TRUE(Eventually([&] { return ReadAll(deployment, "level-1").size() == kMessages; }))
      << ReadAll(deployment, "level-1").size();
  ExpectUplinks(ReadAll(deployment, "level-1"), kMessages);
  EXPECT_EQ(bridge->Terminate(), 0);
  deployment.KillAll();
  const auto fsck =
      RunBelgrand({"fsck", deployment.data(RoleName::kSensors).parent_path().string()});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
}

TEST_F(MqttBridgeTest, AConfigurationThatCannotRunIsRefusedWithEveryProblem) {
  const auto result =
      RunBelgrand({"check-config", "--set", "mqtt_bridge.broker=broker.example:1883", "--set",
                   "mqtt_bridge.subscriptions={ topic_filter: \"a#\" }", "--set",
                   "mqtt_bridge.password_file=/nowhere"});
  EXPECT_EQ(result.exit_code, 3);
  for (const char* part :
       {"mqtt_bridge.broker", "subscriptions[0].topic_filter", "subscriptions[0].format",
        "mqtt_bridge.password_file", "mqtt_bridge.username"}) {
    EXPECT_THAT(result.err, HasSubstr(part));
  }
}

}  // namespace
}  // namespace belgrand::testing
