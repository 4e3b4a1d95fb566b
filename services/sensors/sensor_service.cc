#include "services/sensors/sensor_service.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "compliance/read_gate.h"
#include "platform/rpc/status.h"
#include "services/sensors/convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::sensors {
namespace {

namespace v1 = sensor::v1;

constexpr char kStream[] = "belgrand.sensor.v1.SensorService.StreamReadings";
constexpr char kReadReadings[] = "belgrand.sensor.v1.SensorService.ReadReadings";
constexpr char kReadDownsampled[] = "belgrand.sensor.v1.SensorService.ReadDownsampled";
constexpr int kMaxBatches = 1'000;
constexpr int kMaxPutSensors = 10'000;
constexpr int kReadingsAMessage = 5'000;
constexpr int kBucketsAMessage = 1'000;
constexpr std::int64_t kMaxBuckets = 100'000;
constexpr std::string_view kGatewayActor = "gateway:";

// The gateway that a certificate speaks for; empty when the caller may speak for any.
std::string_view GatewayOf(const shared::Caller& caller) {
  const std::string_view actor = caller.actor;
  return actor.starts_with(kGatewayActor) ? actor.substr(kGatewayActor.size()) : "";
}

// What is past its retention and kept by a legal hold is not for those who read here.
template <typename Request>
std::pair<std::int64_t, std::int64_t> SpanOf(const Request& request, base::Instant now) {
  using Limits = std::numeric_limits<std::int64_t>;
  const std::int64_t in_use = compliance::ReadGate(*storage::v1::SensorChunkRecord::descriptor(),
                                                   now, privacy::v1::SURVEILLANCE)
                                  .in_use_from_us();
  return {std::max(in_use, request.has_from() ? base::ToMicros(shared::ToInstant(request.from()))
                                              : Limits::min()),
          request.has_to() ? base::ToMicros(shared::ToInstant(request.to())) : Limits::max()};
}

template <typename Request>
base::StatusOr<sensor::FlagSet> FlagsOf(const Request& request) {
  sensor::FlagSet set;
  for (const int flag : request.flags()) {
    if (!sensor::IsFlag(flag))
      return base::InvalidArgument("flag {} is none of 1, 2, 3, 4, 9", flag);
    set.Add(static_cast<sensor::Flag>(flag));
  }
  return set;
}

base::Status Gone() { return base::MakeStatus(base::StatusCode::kCancelled, "the client is gone"); }

}  // namespace

void SensorServiceImpl::StopStreams() {
  const base::MutexLock lock(mutex_);
  stopping_ = true;
  for (grpc::ServerContext* context : waiting_) context->TryCancel();
}

base::Status SensorServiceImpl::OpenStream() {
  const base::MutexLock lock(mutex_);
  if (streams_ >= limits_.max_streams) {
    return rpc::WithRetryDelay(
        base::ResourceExhausted("{} streams are open and the limit is {}: try again later, or "
                                "raise sensors.max_streams",
                                streams_, limits_.max_streams),
        std::chrono::seconds(5));
  }
  ++streams_;
  metrics_.open_streams().Set(streams_);
  return base::OkStatus();
}

void SensorServiceImpl::CloseStream() {
  const base::MutexLock lock(mutex_);
  --streams_;
  metrics_.open_streams().Set(streams_);
}

bool SensorServiceImpl::BeginWait(grpc::ServerContext& context) {
  const base::MutexLock lock(mutex_);
  if (stopping_) return false;
  waiting_.insert(&context);
  return true;
}

void SensorServiceImpl::EndWait(grpc::ServerContext& context) {
  const base::MutexLock lock(mutex_);
  waiting_.erase(&context);
}

base::Status SensorServiceImpl::CheckRequest(const v1::StreamReadingsRequest& request) const {
  if (request.batches_size() > kMaxBatches) {
    return base::InvalidArgument("the message has {} batches and the limit is {}: send several",
                                 request.batches_size(), kMaxBatches);
  }
  std::uint64_t readings = 0;
  for (const v1::ReadingBatch& batch : request.batches()) {
    const int size = batch.values_size();
    readings += static_cast<std::uint64_t>(size);
    if (batch.measured_at_us_size() != size) {
      return base::InvalidArgument("a batch has {} times and {} values: send as many",
                                   batch.measured_at_us_size(), size);
    }
    for (const std::uint32_t index : batch.missing()) {
      if (index < static_cast<std::uint32_t>(size)) continue;
      return base::InvalidArgument("a batch of {} readings says that number {} is missing", size,
                                   index);
    }
  }
  if (readings > limits_.max_batch_readings) {
    return base::InvalidArgument(
        "the message has {} readings and the limit is {}: send smaller ones, or raise "
        "sensors.max_batch_readings",
        readings, limits_.max_batch_readings);
  }
  return base::OkStatus();
}

base::Status SensorServiceImpl::Store(const v1::StreamReadingsRequest& request,
                                      const shared::Caller& caller,
                                      v1::StreamReadingsResponse& response) {
  RETURN_IF_ERROR(CheckRequest(request));
  response.Clear();
  response.set_request_number(request.request_number());
  std::vector<SensorStore::Request> appends;
  std::vector<v1::BatchAcknowledgement*> answers;
  for (const v1::ReadingBatch& batch : request.batches()) {
    v1::BatchAcknowledgement& answer = *response.add_acknowledgements();
    auto info = store_.Find(batch.sensor_id());
    if (info != nullptr && !Holds(caller.scope, *info)) info = nullptr;
    Arrival arrival;
    if (!CheckBatch(batch, info.get(), GatewayOf(caller), clock_.Now(), arrival, answer)) continue;
    appends.push_back({info, std::move(arrival), {}});
    answers.push_back(&answer);
  }
  const auto started = std::chrono::steady_clock::now();
  if (!appends.empty()) RETURN_IF_ERROR(store_.Append(appends));
  metrics_.ObserveAppend(
      std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now() - started));
  for (std::size_t i = 0; i < appends.size(); ++i) {
    FillAcknowledgement(appends[i].receipt, *answers[i]);
  }
  for (const auto& answer : response.acknowledgements()) metrics_.Count(answer);
  return base::OkStatus();
}

base::Status SensorServiceImpl::Pump(grpc::ServerContext& context, Stream& stream,
                                     const shared::Caller& caller) {
  v1::StreamReadingsRequest request;
  v1::StreamReadingsResponse response;
  for (;;) {
    if (!BeginWait(context)) {
      return rpc::WithRetryDelay(
          base::Unavailable("the service is stopping: what was acknowledged is stored; send the "
                            "rest again"),
          std::chrono::seconds(1));
    }
    const bool more = stream.Read(&request);
    EndWait(context);
    if (!more) return base::OkStatus();
    RETURN_IF_ERROR(Store(request, caller, response));
    if (!stream.Write(response)) return base::OkStatus();  // the client is gone
  }
}

grpc::Status SensorServiceImpl::StreamReadings(grpc::ServerContext* context, Stream* stream) {
  return guard_.BatchStream(*context, kStream, [&](const shared::Caller& caller) -> base::Status {
    RETURN_IF_ERROR(OpenStream());
    const base::Status status = Pump(*context, *stream, caller);
    CloseStream();
    return status;
  });
}

bool SensorServiceImpl::Holds(const compliance::AccessScope& scope, const SensorInfo& info) {
  const std::string& site_id = info.record.site_id();
  if (!scope.LimitsDistricts()) return scope.HoldsPlace(site_id, {});
  return scope.HoldsPlace(site_id, districts_.Of(site_id));
}

base::StatusOr<std::shared_ptr<const SensorInfo>> SensorServiceImpl::Known(
    const shared::Caller& caller, std::string_view method, const std::string& sensor_id) {
  const base::Status unknown =
      base::NotFound("the sensor is not in the catalogue: see ListSensors");
  auto info = store_.Find(sensor_id);
  if (info == nullptr) return unknown;
  if (!Holds(caller.scope, *info)) return guard_.Deny(caller, method, unknown);
  return info;
}

grpc::Status SensorServiceImpl::ReadReadings(grpc::ServerContext* context,
                                             const v1::ReadReadingsRequest* request,
                                             grpc::ServerWriter<v1::ReadReadingsResponse>* writer) {
  shared::CallReport report;
  report.object_kind = "series";
  report.object_ref = request->sensor_id();
  return guard_.Stream(
      *context, kReadReadings, report, [&](const shared::Caller& caller) -> base::Status {
        ASSIGN_OR_RETURN(const auto info, Known(caller, kReadReadings, request->sensor_id()));
        ASSIGN_OR_RETURN(const sensor::FlagSet flags, FlagsOf(*request));
        const auto [from, to] = SpanOf(*request, clock_.Now());
        v1::ReadReadingsResponse response;
        const auto flush = [&] {
          const bool sent = response.values().empty() || writer->Write(response);
          response.Clear();
          return sent ? base::OkStatus() : Gone();
        };
        const auto take = [&](const sensor::Points& points) -> base::Status {
          for (const sensor::Point& point : points) {
            if (!flags.empty() && !flags.Has(point.mark.flag)) continue;
            AppendReading(point, response);
            if (response.values_size() == kReadingsAMessage) RETURN_IF_ERROR(flush());
          }
          return base::OkStatus();
        };
        RETURN_IF_ERROR(store_.Read(*info, from, to, take));
        return flush();
      });
}

grpc::Status SensorServiceImpl::ReadDownsampled(
    grpc::ServerContext* context, const v1::ReadDownsampledRequest* request,
    grpc::ServerWriter<v1::ReadDownsampledResponse>* writer) {
  shared::CallReport report;
  report.object_kind = "series";
  report.object_ref = request->sensor_id();
  return guard_.Stream(
      *context, kReadDownsampled, report, [&](const shared::Caller& caller) -> base::Status {
        ASSIGN_OR_RETURN(const auto info, Known(caller, kReadDownsampled, request->sensor_id()));
        ASSIGN_OR_RETURN(sensor::FlagSet flags, FlagsOf(*request));
        if (flags.empty()) flags = sensor::FlagSet::Usable();
        const std::int64_t seconds = request->bucket().seconds();
        if (seconds < 1 || seconds > 400 * 86'400 || request->bucket().nanos() != 0) {
          return base::InvalidArgument("bucket is {} s: between 1 s and 400 days, whole seconds",
                                       seconds);
        }
        const auto [from, to] = SpanOf(*request, clock_.Now());
        sensor::Downsampler sampler(seconds * sensor::kSecondUs, flags);
        v1::ReadDownsampledResponse response;
        std::int64_t buckets = 0;
        const auto send = [&](const std::optional<sensor::Bucket>& bucket) -> base::Status {
          if (!bucket) return base::OkStatus();
          if (++buckets > kMaxBuckets) {
            return base::InvalidArgument(
                "more than {} buckets: ask for a shorter time or longer buckets", kMaxBuckets);
          }
          *response.add_buckets() = ToProto(*bucket);
          if (response.buckets_size() < kBucketsAMessage) return base::OkStatus();
          const bool sent = writer->Write(response);
          response.Clear();
          return sent ? base::OkStatus() : Gone();
        };
        const auto take = [&](const sensor::Points& points) -> base::Status {
          for (const sensor::Point& point : points) RETURN_IF_ERROR(send(sampler.Add(point)));
          return base::OkStatus();
        };
        RETURN_IF_ERROR(store_.Read(*info, from, to, take));
        RETURN_IF_ERROR(send(sampler.Finish()));
        if (!response.buckets().empty()) writer->Write(response);
        return base::OkStatus();
      });
}

grpc::Status SensorServiceImpl::PutSensors(grpc::ServerContext* context,
                                           const v1::PutSensorsRequest* request,
                                           v1::PutSensorsResponse* response) {
  return guard_.Unary(*context, "belgrand.sensor.v1.SensorService.PutSensors",
                      [&](const shared::Caller&, shared::CallReport& report) -> base::Status {
                        report.object_kind = "sensor";
                        report.record_count = static_cast<std::uint64_t>(request->sensors_size());
                        if (request->sensors_size() > kMaxPutSensors) {
                          return base::InvalidArgument(
                              "{} sensors, at most {}: send several requests",
                              request->sensors_size(), kMaxPutSensors);
                        }
                        std::vector<Record> records;
                        for (const v1::Sensor& sensor : request->sensors())
                          records.push_back(ToRecord(sensor));
                        std::vector<std::pair<std::string, std::string>> violations;
                        const auto outcome = store_.Put(records, violations);
                        if (!violations.empty())
                          return rpc::WithFieldViolations(outcome.status(), violations);
                        if (!outcome.ok()) return outcome.status();
                        response->set_added(outcome->added);
                        response->set_changed(outcome->changed);
                        response->set_unchanged(outcome->unchanged);
                        return base::OkStatus();
                      });
}

grpc::Status SensorServiceImpl::ListSensors(grpc::ServerContext* context,
                                            const v1::ListSensorsRequest* request,
                                            v1::ListSensorsResponse* response) {
  return guard_.Unary(
      *context, "belgrand.sensor.v1.SensorService.ListSensors",
      [&](const shared::Caller& caller, shared::CallReport& report) -> base::Status {
        report.object_kind = "sensor";
        for (const auto& info : store_.List(request->site_id())) {
          if (!Holds(caller.scope, *info)) continue;
          *response->add_sensors() = ToProto(*info, store_.NewestOf(*info));
        }
        return base::OkStatus();
      });
}

}  // namespace belgrand::sensors
