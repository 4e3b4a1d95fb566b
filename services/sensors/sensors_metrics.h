// What the sensors role measures: what became of the readings, and which sensors are silent.
//
// Thread safety: safe. Must be destroyed before the store it reads.
#pragma once

#include <memory>
#include <vector>

#include "belgrand/sensor/v1/sensor.pb.h"
#include "platform/base/time.h"
#include "platform/metrics/registry.h"
#include "services/sensors/sensor_store.h"

namespace belgrand::sensors {

class SensorsMetrics {
 public:
  SensorsMetrics(metrics::Registry& registry, const SensorStore& store);

  void Count(const sensor::v1::BatchAcknowledgement& acknowledgement);
  // From the request's arrival until it is on disk.
  void ObserveAppend(base::Duration elapsed);
  metrics::Gauge& open_streams() { return open_streams_; }

 private:
  metrics::Counter& Readings(metrics::Registry& registry, const char* outcome);
  metrics::Counter& stored_;
  metrics::Counter& duplicate_;
  metrics::Counter& conflicting_;
  metrics::Counter& rejected_;
  std::vector<metrics::Counter*> by_flag_;  // by number of the flag; null: no flag
  metrics::Histogram& append_seconds_;
  metrics::Gauge& open_streams_;
  std::vector<std::shared_ptr<void>> gauges_;
};

}  // namespace belgrand::sensors
