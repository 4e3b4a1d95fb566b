// Sensor telemetry: bytes a reading and speed on the three shapes of tests/support/telemetry.h.
//
// Baselines of the same run: RawColumns (eight bytes of time and eight of value, compressed by zstd
// as they are) beside Encode and Decode; RawRows (one row of sixteen bytes a reading through
// platform/storage) beside Store. bytes_per_reading of Store is the database, sealed and compacted,
// less an empty one, over its readings. StreamReadings is over a loopback socket, client and server
// in one process, each message acknowledged after it is on disk.
#include <benchmark/benchmark.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "platform/base/check.h"
#include "platform/base/compress.h"
#include "platform/rpc/channel.h"
#include "platform/storage/keys.h"
#include "sensor/chunk_codec.h"
#include "services/cli/process.h"
#include "services/sensors/layout.h"
#include "services/sensors/sensor_store.h"
#include "services/shared/config_check.h"
#include "tests/support/telemetry.h"
#include "tests/support/temp_dir.h"

namespace belgrand {
namespace {

using sensor::Points;
using testing::Shape3;
using testing::Telemetry;

constexpr std::size_t kBatch = 500;
constexpr std::size_t kStored = 600'000;

void Encode(benchmark::State& state, Shape3 shape) {
  const Points points = Telemetry(shape, 1).Take(sensors::kChunkPoints);
  std::size_t bytes = 0;
  for (auto _ : state) {
    const auto chunk = sensor::Encode(points);
    bytes = chunk->size();
    benchmark::DoNotOptimize(chunk);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(points.size()));
  state.counters["bytes_per_reading"] =
      static_cast<double>(bytes) / static_cast<double>(points.size());
}

void Decode(benchmark::State& state, Shape3 shape) {
  const std::string chunk = *sensor::Encode(Telemetry(shape, 1).Take(sensors::kChunkPoints));
  for (auto _ : state) benchmark::DoNotOptimize(sensor::Decode(chunk));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(sensors::kChunkPoints));
}

std::string RawBytes(const Points& points) {
  std::string raw(points.size() * 16, '\0');
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::memcpy(raw.data() + i * 8, &points[i].time_us, 8);
    std::memcpy(raw.data() + (points.size() + i) * 8, &points[i].value, 8);
  }
  return raw;
}

void RawColumns(benchmark::State& state, Shape3 shape) {
  const std::string raw = RawBytes(Telemetry(shape, 1).Take(sensors::kChunkPoints));
  std::size_t bytes = 0;
  for (auto _ : state) {
    std::string frame;
    bytes = base::CompressTo(frame, raw);
    benchmark::DoNotOptimize(frame);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(sensors::kChunkPoints));
  state.counters["bytes_per_reading"] =
      static_cast<double>(bytes) / static_cast<double>(sensors::kChunkPoints);
}

sensors::Record Level(const std::string& id) {
  sensors::Record record;
  record.set_sensor_id(id);
  record.set_site_id("site-1");
  record.set_quantity(static_cast<int>(sensor::Quantity::kLevel));
  record.set_unit("m");
  record.set_interval_us(sensor::kSecondUs);
  sensor::TestLimits limits = sensor::DefaultLimits(sensor::Quantity::kLevel, sensor::kSecondUs);
  limits.fail_high = 1e9;
  limits.fail_low = -1e9;
  *record.add_limits() = sensors::ToRecord(limits);
  return record;
}

// Judged, durable in batches of 500, one sensor.
void Store(benchmark::State& state, Shape3 shape) {
  const base::Clock& clock = base::Clock::System();
  for (auto _ : state) {
    state.PauseTiming();
    const testing::TempDir directory;
    auto store =
        *sensors::SensorStore::Open(sensors::LayoutOptions(directory.path() / "db"), {}, clock);
    std::vector<std::pair<std::string, std::string>> violations;
    BELGRAND_CHECK(store->Put({Level("level-1")}, violations).ok());
    BELGRAND_CHECK(store->CompactAll().ok());
    const std::uint64_t empty = store->Statistics().disk_bytes;
    Telemetry source(shape, 1);
    const auto info = store->Find("level-1");
    state.ResumeTiming();
    for (std::size_t at = 0; at < kStored; at += kBatch) {
      state.PauseTiming();
      sensors::Arrival arrival;
      arrival.epoch = 1;
      arrival.first_sequence = at + 1;
      for (const auto& point : source.Take(kBatch)) arrival.readings.emplace_back(point);
      std::vector<sensors::SensorStore::Request> requests = {{info, std::move(arrival), {}}};
      state.ResumeTiming();
      BELGRAND_CHECK(store->Append(requests).ok());
      BELGRAND_CHECK(requests.front().receipt.stored == kBatch);
    }
    state.PauseTiming();
    BELGRAND_CHECK(store->SealAll().ok() && store->CompactAll().ok());
    state.counters["bytes_per_reading"] =
        static_cast<double>(store->Statistics().disk_bytes - empty) / kStored;
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kStored));
}

void RawRows(benchmark::State& state, Shape3 shape) {
  for (auto _ : state) {
    state.PauseTiming();
    const testing::TempDir directory;
    auto store = *storage::Store::Open(sensors::LayoutOptions(directory.path() / "db"));
    Telemetry source(shape, 1);
    state.ResumeTiming();
    for (std::size_t at = 0; at < kStored; at += kBatch) {
      storage::Batch batch;
      for (const auto& point : source.Take(kBatch)) {
        std::string key("level-1 ");
        storage::AppendInt64(key, point.time_us);
        std::string value(8, '\0');
        std::memcpy(value.data(), &point.value, 8);
        batch.Put(0, key, value);
      }
      BELGRAND_CHECK(store->Write(batch).ok());
    }
    state.PauseTiming();
    BELGRAND_CHECK(store->CompactAll().ok());
    state.counters["bytes_per_reading"] =
        static_cast<double>(store->Statistics().disk_bytes) / kStored;
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kStored));
}

// A running service with sensors registered.
struct Service {
  explicit Service(int sensors) {
    config::v1::Config config;
    config.set_data_dir((directory.path() / "data").string());
    config.set_listen("127.0.0.1:0");
    config.set_http_listen("127.0.0.1:0");
    config.set_log_level("error");
    // Not served and never called here.
    config.mutable_peers()->set_timeseries("localhost:1");
    config.mutable_peers()->set_alerting("localhost:1");
    auto created = cli::Process::Create(
        shared::WithDefaults(config), {shared::RoleName::kCompliance, shared::RoleName::kSensors});
    BELGRAND_CHECK(created.ok());
    process = std::move(*created);
    BELGRAND_CHECK(process->Start().ok());
    sensor::v1::PutSensorsRequest request;
    for (int i = 0; i < sensors; ++i) {
      auto& sensor = *request.add_sensors();
      sensor.set_sensor_id(fmt::format("level-{}", i));
      sensor.set_site_id("site-1");
      sensor.set_quantity(sensor::v1::LEVEL);
      sensor.mutable_sampling_interval()->set_seconds(1);
    }
    grpc::ClientContext context;
    sensor::v1::PutSensorsResponse response;
    const auto stub = sensor::v1::SensorService::NewStub(Channel());
    BELGRAND_CHECK(stub->PutSensors(&context, request, &response).ok());
  }
  std::shared_ptr<grpc::Channel> Channel() const {
    return *rpc::OpenChannel(fmt::format("127.0.0.1:{}", process->grpc_port()), std::nullopt);
  }
  const testing::TempDir directory;
  std::unique_ptr<cli::Process> process;
};

// `state.range(0)` streams, each of one sensor, messages of 500 readings.
void StreamReadings(benchmark::State& state) {
  constexpr int kMessages = 100;
  const auto streams = static_cast<int>(state.range(0));
  const Service service(streams);
  std::atomic<int> round = 0;
  for (auto _ : state) {
    std::vector<std::thread> threads;
    for (int i = 0; i < streams; ++i) {
      threads.emplace_back([&, i] {
        const auto stub = sensor::v1::SensorService::NewStub(service.Channel());
        grpc::ClientContext context;
        const auto stream = stub->StreamReadings(&context);
        sensor::v1::StreamReadingsRequest request;
        auto& batch = *request.add_batches();
        batch.set_sensor_id(fmt::format("level-{}", i));
        batch.set_epoch(1);
        Telemetry source(Shape3::kRegular, static_cast<std::uint64_t>(i));
        const Points points = source.Take(kBatch);
        for (int message = 0; message < kMessages; ++message) {
          const auto first = static_cast<std::int64_t>(
              (static_cast<std::size_t>(round * kMessages + message)) * kBatch);
          batch.set_first_sequence(static_cast<std::uint64_t>(first) + 1);
          batch.clear_measured_at_us();
          batch.clear_values();
          for (std::size_t j = 0; j < kBatch; ++j) {
            batch.add_measured_at_us(1'600'000'000'000'000 +
                                     (first + static_cast<std::int64_t>(j)) * 1'000'000);
            batch.add_values(points[j].value);
          }
          sensor::v1::StreamReadingsResponse response;
          BELGRAND_CHECK(stream->Write(request) && stream->Read(&response));
          BELGRAND_CHECK(response.acknowledgements(0).stored() == kBatch);
        }
        stream->WritesDone();
        BELGRAND_CHECK(stream->Finish().ok());
      });
    }
    for (std::thread& thread : threads) thread.join();
    ++round;
  }
  state.SetItemsProcessed(state.iterations() * streams * kMessages *
                          static_cast<std::int64_t>(kBatch));
  service.process->Stop();
}

BENCHMARK_CAPTURE(Encode, Regular, Shape3::kRegular);
BENCHMARK_CAPTURE(Encode, Jittered, Shape3::kJittered);
BENCHMARK_CAPTURE(Encode, RawDoubles, Shape3::kRawDoubles);
BENCHMARK_CAPTURE(RawColumns, Regular, Shape3::kRegular);
BENCHMARK_CAPTURE(RawColumns, Jittered, Shape3::kJittered);
BENCHMARK_CAPTURE(RawColumns, RawDoubles, Shape3::kRawDoubles);
BENCHMARK_CAPTURE(Decode, Regular, Shape3::kRegular);
BENCHMARK_CAPTURE(Decode, Jittered, Shape3::kJittered);
BENCHMARK_CAPTURE(Decode, RawDoubles, Shape3::kRawDoubles);
BENCHMARK_CAPTURE(Store, Regular, Shape3::kRegular)->UseRealTime()->Iterations(1);
BENCHMARK_CAPTURE(Store, Jittered, Shape3::kJittered)->UseRealTime()->Iterations(1);
BENCHMARK_CAPTURE(Store, RawDoubles, Shape3::kRawDoubles)->UseRealTime()->Iterations(1);
BENCHMARK_CAPTURE(RawRows, Regular, Shape3::kRegular)->UseRealTime()->Iterations(1);
BENCHMARK(StreamReadings)->Arg(1)->Arg(8)->UseRealTime();

}  // namespace
}  // namespace belgrand

BENCHMARK_MAIN();
