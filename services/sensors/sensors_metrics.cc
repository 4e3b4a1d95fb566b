#include "services/sensors/sensors_metrics.h"

#include <chrono>
#include <utility>

namespace belgrand::sensors {

metrics::Counter& SensorsMetrics::Readings(metrics::Registry& registry, const char* outcome) {
  return registry.AddCounter("belgrand_sensors_readings_total",
                             "What became of the readings offered.", {{"outcome", outcome}});
}

SensorsMetrics::SensorsMetrics(metrics::Registry& registry, const SensorStore& store)
    : stored_(Readings(registry, "stored")),
      duplicate_(Readings(registry, "duplicate")),
      conflicting_(Readings(registry, "conflicting")),
      rejected_(Readings(registry, "rejected")),
      by_flag_(10, nullptr),
      append_seconds_(registry.AddHistogram("belgrand_sensors_append_seconds",
                                            "How long readings take until they are on disk.",
                                            metrics::LatencyBuckets())),
      open_streams_(registry.AddGauge("belgrand_sensors_streams", "Gateways that send now.")) {
  for (const auto& [flag, label] :
       {std::pair(sensor::v1::GOOD, "good"), std::pair(sensor::v1::UNKNOWN, "unknown"),
        std::pair(sensor::v1::SUSPECT, "suspect"), std::pair(sensor::v1::FAIL, "fail"),
        std::pair(sensor::v1::MISSING, "missing")}) {
    by_flag_[static_cast<std::size_t>(flag)] = &registry.AddCounter(
        "belgrand_sensors_flags_total", "Readings stored, by the flag they had when they came.",
        {{"flag", label}});
  }
  const auto gauge = [&](std::string_view name, std::string_view help,
                         std::function<double()> read) {
    gauges_.push_back(registry.AddGaugeFunction(name, help, std::move(read)));
  };
  gauge("belgrand_sensors_known", "Sensors of the catalogue.",
        [&store] { return static_cast<double>(store.sensor_count()); });
  gauge("belgrand_sensors_silent",
        "Sensors whose newest reading is older than three sampling intervals, or that have none.",
        [&store] { return static_cast<double>(store.silent_sensors()); });
  gauge("belgrand_sensors_open_readings", "Readings in memory until they fill a chunk.",
        [&store] { return static_cast<double>(store.open_readings()); });
  gauge("belgrand_sensors_disk_bytes", "Bytes of the database on disk.",
        [&store] { return static_cast<double>(store.Statistics().disk_bytes); });
}

void SensorsMetrics::Count(const sensor::v1::BatchAcknowledgement& acknowledgement) {
  stored_.Increment(acknowledgement.stored());
  duplicate_.Increment(acknowledgement.duplicate());
  conflicting_.Increment(acknowledgement.conflicting());
  rejected_.Increment(acknowledgement.rejected());
  for (const auto& count : acknowledgement.flags()) {
    by_flag_.at(static_cast<std::size_t>(count.flag()))
        ->Increment(static_cast<double>(count.count()));
  }
}

void SensorsMetrics::ObserveAppend(base::Duration elapsed) {
  append_seconds_.Observe(std::chrono::duration<double>(elapsed).count());
}

}  // namespace belgrand::sensors
