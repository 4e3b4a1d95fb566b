#include "services/ingest/ingest_service.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "platform/rpc/status.h"
#include "sample/validate.h"
#include "services/ingest/admission.h"
#include "services/ingest/intake.h"
#include "services/ingest/stream_watch.h"

namespace belgrand::ingest {
namespace {

using shared::Caller;
using shared::CallReport;

constexpr char kSubmit[] = "belgrand.ingest.v1.IngestService.SubmitSamples";
constexpr char kVoid[] = "belgrand.ingest.v1.IngestService.VoidSamples";
constexpr char kStream[] = "belgrand.ingest.v1.IngestService.StreamSamples";

constexpr int kMaxVoidRows = 1'000;

// The laboratory that the caller speaks for; empty when it may speak for several.
std::string OnlyLaboratory(const Caller& caller) {
  const bool is_laboratory =
      caller.roles.size() == 1 && caller.roles.front() == privacy::v1::LABORATORY;
  return is_laboratory ? caller.scope.OnlyLaboratory() : "";
}

// The laboratory of all rows, for the audit entry; empty when they are of several or unfit for a
// key.
std::string CommonLaboratory(const google::protobuf::RepeatedPtrField<v1::Sample>& samples) {
  if (samples.empty() || !sample::IsIdentifier(samples[0].laboratory_id())) return "";
  for (const v1::Sample& sample : samples) {
    if (sample.laboratory_id() != samples[0].laboratory_id()) return "";
  }
  return samples[0].laboratory_id();
}

// For whom limits are counted: the laboratory of the certificate; else the caller, who may speak
// for any, and the laboratory it names.
std::string CountedFor(const Caller& caller, const std::string& named) {
  const std::string only = OnlyLaboratory(caller);
  if (!only.empty()) return "laboratory/" + only;
  return caller.actor + "/" + (sample::IsIdentifier(named) ? named : "");
}

class Service final : public v1::IngestService::Service {
 public:
  Service(const Limits& limits, const base::Clock& clock, shared::Guard& guard,
          IngestMetrics& metrics)
      : guard_(guard), admission_(limits, clock, metrics), watch_(limits, clock, metrics) {}

  void Start(std::unique_ptr<Intake> intake) { intake_ = std::move(intake); }

  base::Status Ready() {
    if (intake_ == nullptr) return base::Unavailable("intake has not started");
    return intake_->Reachable();
  }

  void StopStreams() { watch_.Stop(); }

  grpc::Status SubmitSamples(grpc::ServerContext* context, const v1::SubmitSamplesRequest* request,
                             v1::SubmitSamplesResponse* response) override {
    return guard_.Unary(*context, kSubmit, [&](const Caller& caller, CallReport& report) {
      auto answer = Process(*context, caller,
                            {.samples = request->samples(),
                             .mode = request->validate_only() ? Mode::kValidateOnly : Mode::kStore,
                             .language = request->language()},
                            report);
      if (!answer.ok()) return answer.status();
      *response->mutable_verdicts() = std::move(answer->verdicts);
      response->set_request_id(report.request_id);
      return base::OkStatus();
    });
  }

  grpc::Status VoidSamples(grpc::ServerContext* context, const v1::VoidSamplesRequest* request,
                           v1::VoidSamplesResponse* response) override {
    return guard_.Unary(*context, kVoid, [&](const Caller& caller, CallReport& report) {
      auto verdicts = Void(*context, caller, *request, report);
      if (!verdicts.ok()) return verdicts.status();
      *response->mutable_verdicts() = std::move(*verdicts);
      response->set_request_id(report.request_id);
      return base::OkStatus();
    });
  }

  grpc::Status StreamSamples(grpc::ServerContext* context,
                             grpc::ServerReaderWriter<v1::StreamSamplesResponse,
                                                      v1::StreamSamplesRequest>* stream) override {
    return guard_.BatchStream(*context, kStream, [&](const Caller& caller) -> base::Status {
      ASSIGN_OR_RETURN(const auto ticket, admission_.Stream(CountedFor(caller, "")));
      return Pump(*context, *stream, caller);
    });
  }

 private:
  using Stream = grpc::ServerReaderWriter<v1::StreamSamplesResponse, v1::StreamSamplesRequest>;

  base::StatusOr<Answer> Process(const grpc::ServerContext& context, const Caller& caller,
                                 Batch batch, CallReport& report) {
    report.request_id = shared::Guard::NewRequestId();
    report.object_kind = "sample";
    const google::protobuf::RepeatedPtrField<v1::Sample>& samples = batch.samples;
    report.object_ref = CommonLaboratory(samples);
    report.record_count = static_cast<std::uint64_t>(samples.size());
    if (samples.empty()) {
      return base::InvalidArgument("the batch has no rows: send at least one sample");
    }
    std::size_t bytes = 0;
    for (const v1::Sample& sample : samples) bytes += sample.ByteSizeLong();
    ASSIGN_OR_RETURN(const auto ticket,
                     admission_.Batch(CountedFor(caller, report.object_ref),
                                      static_cast<std::uint64_t>(samples.size()), bytes));
    if (intake_ == nullptr) return base::Unavailable("intake has not started: try again");
    batch.request_id = report.request_id;
    batch.scope = &caller.scope;
    batch.deadline = context.deadline();
    return intake_->Process(batch);
  }

  base::StatusOr<Verdicts> Void(const grpc::ServerContext& context, const Caller& caller,
                                const v1::VoidSamplesRequest& request, CallReport& report) {
    report.request_id = shared::Guard::NewRequestId();
    report.object_kind = "sample";
    report.record_count = static_cast<std::uint64_t>(request.rows_size());
    // Where the rows were taken is not said here.
    if (caller.scope.LimitsPlaces()) {
      return base::PermissionDenied("{} is limited to sites, and cannot take rows back",
                                    caller.actor);
    }
    if (request.rows().empty() || request.rows_size() > kMaxVoidRows) {
      return base::InvalidArgument("{} rows: name 1 to {}", request.rows_size(), kMaxVoidRows);
    }
    ASSIGN_OR_RETURN(
        const auto ticket,
        admission_.Batch(CountedFor(caller, request.rows(0).laboratory_id()),
                         static_cast<std::uint64_t>(request.rows_size()), request.ByteSizeLong()));
    if (intake_ == nullptr) return base::Unavailable("intake has not started: try again");
    return intake_->Void({.request = request,
                          .request_id = report.request_id,
                          .scope = &caller.scope,
                          .deadline = context.deadline()});
  }

  base::Status Pump(grpc::ServerContext& context, Stream& stream, const Caller& caller) {
    v1::StreamSamplesRequest request;
    for (;;) {
      if (!watch_.Begin(context, StreamWatch::For::kBatch)) {
        return rpc::WithRetryDelay(
            base::Unavailable("the service is stopping: batches acknowledged so far are stored; "
                              "send the others again"),
            std::chrono::seconds(1));
      }
      const bool more = stream.Read(&request);
      watch_.End(context);
      if (!more) return base::OkStatus();
      CallReport report;
      const auto told = request.compact_verdicts() ? Batch::Told::kCompact : Batch::Told::kEachRow;
      auto answer = Process(
          context, caller,
          {.samples = request.samples(), .language = request.language(), .told = told}, report);
      const base::Status audited = guard_.Audit(caller, kStream, report, answer.status());
      if (!audited.ok()) return audited;
      if (!answer.ok()) return answer.status();
      v1::StreamSamplesResponse response;
      response.set_batch_id(request.batch_id());
      response.set_request_id(report.request_id);
      *response.mutable_verdicts() = std::move(answer->verdicts);
      *response.mutable_stored() = std::move(answer->stored);
      watch_.Begin(context, StreamWatch::For::kAcknowledgement);
      const bool taken = stream.Write(response);
      watch_.End(context);
      if (!taken) return base::OkStatus();  // the client is gone
    }
  }

  shared::Guard& guard_;
  Admission admission_;
  StreamWatch watch_;
  std::unique_ptr<Intake> intake_;
};

class IngestRole final : public shared::Role {
 public:
  IngestRole(const Limits& limits, const shared::Runtime& runtime)
      : runtime_(runtime),
        metrics_(runtime.metrics),
        service_(limits, runtime.clock, runtime.guard, metrics_) {}

  std::string_view name() const override { return "ingest"; }
  std::vector<grpc::Service*> services() override { return {&service_}; }

  base::Status Start() override {
    const auto timeseries = runtime_.peers.Channel(shared::RoleName::kTimeseries);
    const auto compliance = runtime_.peers.Channel(shared::RoleName::kCompliance);
    service_.Start(std::make_unique<Intake>(
        Intake::Peers{.sites = timeseries::v1::SiteService::NewStub(timeseries),
                      .timeseries = timeseries::v1::TimeseriesService::NewStub(timeseries),
                      .compliance = compliance::v1::ComplianceService::NewStub(compliance),
                      .appender = runtime_.peers.sample_appender(),
                      .keyring = runtime_.peers.compliance_access()},
        runtime_.clock, metrics_));
    return base::OkStatus();
  }

  void Stop() override { service_.StopStreams(); }
  base::Status Ready() override { return service_.Ready(); }

 private:
  const shared::Runtime runtime_;
  IngestMetrics metrics_;
  Service service_;
};

}  // namespace

base::StatusOr<std::unique_ptr<shared::Role>> CreateIngestRole(const config::v1::Config& config,
                                                               const shared::Runtime& runtime) {
  ASSIGN_OR_RETURN(const Limits limits, ReadLimits(config.ingest()));
  return std::make_unique<IngestRole>(limits, runtime);
}

}  // namespace belgrand::ingest
