// What the sensors command asks of a service, and the files it reads.
//
// Not thread-safe.
#pragma once

#include <grpcpp/channel.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::cli {

// Sensors of a CSV file: sensor_id, site_id, quantity, sampling_interval_s, and if wanted unit,
// device_id, metric, gateway_id, and thresholds named as in TestLimits (durations in seconds).
// InvalidArgument names row and column.
base::StatusOr<std::vector<sensor::v1::Sensor>> ReadSensorFile(const std::string& path);

// Readings of a CSV file: sensor_id, measured_at (ISO 8601), value (empty: missing), and if wanted
// unit; by sensor and unit.
struct ReadingColumns {
  std::string sensor_id;
  std::string unit;
  std::vector<std::int64_t> times_us;
  std::vector<double> values;
  std::vector<bool> missing;
};
base::StatusOr<std::vector<ReadingColumns>> ReadReadingFile(const std::string& path);

struct SendTotals {
  std::uint64_t stored = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t conflicting = 0;
  std::uint64_t rejected = 0;
  std::map<std::string, std::uint64_t> problems;  // by rule, of those that were told
};

class SensorsClient {
 public:
  explicit SensorsClient(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(sensor::v1::SensorService::NewStub(channel)) {}

  base::StatusOr<sensor::v1::PutSensorsResponse> Put(
      const std::vector<sensor::v1::Sensor>& sensors);
  base::StatusOr<sensor::v1::ListSensorsResponse> List(const std::string& site_id);
  // `epoch` numbers this sending; `batch` readings a message.
  base::StatusOr<SendTotals> Send(const std::vector<ReadingColumns>& columns, std::uint64_t epoch,
                                  std::size_t batch);
  base::Status Read(const sensor::v1::ReadReadingsRequest& request,
                    const std::function<void(const sensor::v1::ReadReadingsResponse&)>& take);
  base::Status ReadDownsampled(const sensor::v1::ReadDownsampledRequest& request,
                               const std::function<void(const sensor::v1::Bucket&)>& take);

 private:
  std::unique_ptr<sensor::v1::SensorService::Stub> stub_;
};

}  // namespace belgrand::cli
