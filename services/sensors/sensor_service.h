// Sensors on the wire. Contract: proto/belgrand/sensor/v1/sensor.proto.
//
// Thread safety: safe. Borrows everything it is given.
#pragma once

#include <unordered_set>

#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "services/sensors/sensor_store.h"
#include "services/sensors/sensors_metrics.h"
#include "services/shared/guard.h"
#include "services/shared/site_districts.h"

namespace belgrand::sensors {

struct ServiceLimits {
  std::uint32_t max_batch_readings = 50'000;
  std::uint32_t max_streams = 64;
};

class SensorServiceImpl final : public sensor::v1::SensorService::Service {
 public:
  SensorServiceImpl(SensorStore& store, shared::Guard& guard, SensorsMetrics& metrics,
                    const base::Clock& clock, const shared::Peers& peers,
                    const ServiceLimits& limits)
      : store_(store),
        guard_(guard),
        metrics_(metrics),
        clock_(clock),
        districts_(peers, clock),
        limits_(limits) {}

  // Streams that wait for their client are cancelled; one in the middle of a message ends after its
  // answer.
  void StopStreams();

  using Stream = grpc::ServerReaderWriter<sensor::v1::StreamReadingsResponse,
                                          sensor::v1::StreamReadingsRequest>;
  grpc::Status StreamReadings(grpc::ServerContext* context, Stream* stream) override;
  grpc::Status ReadReadings(grpc::ServerContext* context,
                            const sensor::v1::ReadReadingsRequest* request,
                            grpc::ServerWriter<sensor::v1::ReadReadingsResponse>* writer) override;
  grpc::Status ReadDownsampled(
      grpc::ServerContext* context, const sensor::v1::ReadDownsampledRequest* request,
      grpc::ServerWriter<sensor::v1::ReadDownsampledResponse>* writer) override;
  grpc::Status PutSensors(grpc::ServerContext* context,
                          const sensor::v1::PutSensorsRequest* request,
                          sensor::v1::PutSensorsResponse* response) override;
  grpc::Status ListSensors(grpc::ServerContext* context,
                           const sensor::v1::ListSensorsRequest* request,
                           sensor::v1::ListSensorsResponse* response) override;

 private:
  base::Status CheckRequest(const sensor::v1::StreamReadingsRequest& request) const;
  base::Status Store(const sensor::v1::StreamReadingsRequest& request, const shared::Caller& caller,
                     sensor::v1::StreamReadingsResponse& response);
  base::Status Pump(grpc::ServerContext& context, Stream& stream, const shared::Caller& caller);
  // NotFound: not in the catalogue, or outside the caller's scope.
  base::StatusOr<std::shared_ptr<const SensorInfo>> Known(const shared::Caller& caller,
                                                          std::string_view method,
                                                          const std::string& sensor_id);
  bool Holds(const compliance::AccessScope& scope, const SensorInfo& info);
  base::Status OpenStream();
  void CloseStream();
  bool BeginWait(grpc::ServerContext& context);
  void EndWait(grpc::ServerContext& context);

  SensorStore& store_;
  shared::Guard& guard_;
  SensorsMetrics& metrics_;
  const base::Clock& clock_;
  shared::SiteDistricts districts_;
  const ServiceLimits limits_;
  base::Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::uint32_t streams_ GUARDED_BY(mutex_) = 0;
  std::unordered_set<grpc::ServerContext*> waiting_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::sensors
