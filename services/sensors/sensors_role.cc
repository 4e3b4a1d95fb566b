#include "services/sensors/sensors_role.h"

#include "services/sensors/layout.h"
#include "services/sensors/sensor_service.h"
#include "services/shared/steward.h"

namespace belgrand::sensors {
namespace {

ServiceLimits LimitsOf(const config::v1::Sensors& config) {
  ServiceLimits limits;
  if (config.max_batch_readings() > 0) limits.max_batch_readings = config.max_batch_readings();
  if (config.max_streams() > 0) limits.max_streams = config.max_streams();
  return limits;
}

class SensorsRole final : public shared::Role {
 public:
  SensorsRole(std::unique_ptr<SensorStore> store, const config::v1::Sensors& config,
              const shared::Runtime& runtime)
      : store_(std::move(store)),
        metrics_(runtime.metrics, *store_),
        sensors_(*store_, runtime.guard, metrics_, runtime.clock, runtime.peers, LimitsOf(config)),
        steward_(shared::StewardshipOf("series", *store_), runtime.guard, runtime.clock) {}

  std::string_view name() const override { return "sensors"; }
  std::vector<grpc::Service*> services() override { return {&sensors_, &steward_}; }
  base::Status Start() override { return base::OkStatus(); }
  void Stop() override { sensors_.StopStreams(); }
  base::Status Ready() override { return store_->WriteStatus(); }
  base::Status StoreStatus() override { return store_->WriteStatus(); }
  base::Status BackUp(backup::Sink& sink) override { return store_->BackUp(sink); }

 private:
  const std::unique_ptr<SensorStore> store_;
  SensorsMetrics metrics_;
  SensorServiceImpl sensors_;
  shared::StewardService<compliance::v1::SensorsStewardService> steward_;
};

}  // namespace

base::StatusOr<std::unique_ptr<shared::Role>> CreateSensorsRole(const config::v1::Config& config,
                                                                const shared::Runtime& runtime) {
  storage::StoreOptions options = LayoutOptions(runtime.data_dir / "sensors");
  const config::v1::Sensors& wanted = config.sensors();
  if (wanted.block_cache_bytes() > 0) options.block_cache_bytes = wanted.block_cache_bytes();
  if (wanted.write_buffer_bytes() > 0) options.write_buffer_bytes = wanted.write_buffer_bytes();
  SensorStore::Limits limits;
  if (wanted.max_open_readings() > 0) limits.max_open_readings = wanted.max_open_readings();
  auto store = SensorStore::Open(options, limits, runtime.clock);
  if (!store.ok()) return base::Annotate(store.status(), "sensors");
  return std::unique_ptr<shared::Role>(new SensorsRole(std::move(*store), wanted, runtime));
}

}  // namespace belgrand::sensors
