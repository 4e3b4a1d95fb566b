// What tests ask a running Belgrand, over real stubs.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/detection/v1/detection.grpc.pb.h"
#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "belgrand/storage/v1/audit_entry.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "tests/support/deployment.h"

namespace belgrand::testing {

// Asks again every 20 ms until it holds or two minutes have passed: the bound only ends a failing
// test.
inline bool Eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return holds();
}

template <typename Response, typename Stub, typename Request, typename Method>
base::StatusOr<Response> Call(Stub& stub, Method method, const Request& request) {
  grpc::ClientContext context;
  rpc::SetTimeout(context, std::chrono::seconds(60));
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  return response;
}

class Client {
 public:
  explicit Client(Deployment& deployment)
      : sites(timeseries::v1::SiteService::NewStub(
            deployment.Channel(shared::RoleName::kTimeseries, "operator"))),
        laboratory(ingest::v1::IngestService::NewStub(
            deployment.Channel(shared::RoleName::kIngest, "laboratory"))),
        series(timeseries::v1::TimeseriesService::NewStub(
            deployment.Channel(shared::RoleName::kTimeseries, "official"))),
        // Sealed names are shown to whom may open them only.
        records(timeseries::v1::TimeseriesService::NewStub(
            deployment.Channel(shared::RoleName::kTimeseries, "dpo"))),
        detection(detection::v1::DetectionService::NewStub(
            deployment.Channel(shared::RoleName::kDetection, "official"))),
        official(alerting::v1::AlertingService::NewStub(
            deployment.Channel(shared::RoleName::kAlerting, "official"))),
        dpo(compliance::v1::ComplianceService::NewStub(
            deployment.Channel(shared::RoleName::kCompliance, "dpo"))) {}

  base::StatusOr<timeseries::v1::PutSitesResponse> PutSites(
      const std::vector<timeseries::v1::Site>& list) {
    timeseries::v1::PutSitesRequest request;
    request.mutable_sites()->Assign(list.begin(), list.end());
    return Call<timeseries::v1::PutSitesResponse>(
        *sites, &timeseries::v1::SiteService::Stub::PutSites, request);
  }

  base::StatusOr<ingest::v1::SubmitSamplesResponse> Submit(
      const std::vector<ingest::v1::Sample>& samples) {
    ingest::v1::SubmitSamplesRequest request;
    request.mutable_samples()->Assign(samples.begin(), samples.end());
    return Call<ingest::v1::SubmitSamplesResponse>(
        *laboratory, &ingest::v1::IngestService::Stub::SubmitSamples, request);
  }

  base::StatusOr<timeseries::v1::GetSampleHistoryResponse> History(
      const ingest::v1::Sample& sample) {
    timeseries::v1::GetSampleHistoryRequest request;
    request.set_laboratory_id(sample.laboratory_id());
    request.set_sample_id(sample.sample_id());
    request.set_target(sample.target());
    return Call<timeseries::v1::GetSampleHistoryResponse>(
        *records, &timeseries::v1::TimeseriesService::Stub::GetSampleHistory, request);
  }

  base::StatusOr<std::vector<timeseries::v1::SampleVersion>> ReadSeries(
      const timeseries::v1::ReadSeriesRequest& request) {
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(60));
    const auto reader = series->ReadSeries(&context, request);
    std::vector<timeseries::v1::SampleVersion> samples;
    for (timeseries::v1::ReadSeriesResponse part; reader->Read(&part);) {
      samples.insert(samples.end(), part.samples().begin(), part.samples().end());
    }
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return rpc::FromGrpc(status);
    return samples;
  }

  // True once detection has handed over the signals of everything up to feed number `sequence`.
  // Gives up when detection stands still, not when it is slow: sanitizers make it ten times so.
  bool WaitForDetection(std::uint64_t sequence) {
    std::uint64_t processed = 0;
    while (processed < sequence) {
      const std::uint64_t before = processed;
      const bool moved = Eventually([&] {
        const auto progress = Call<detection::v1::GetProgressResponse>(
            *detection, &detection::v1::DetectionService::Stub::GetProgress,
            detection::v1::GetProgressRequest());
        if (progress.ok()) processed = progress->processed_sequence();
        return processed > before;
      });
      if (!moved) return false;
    }
    return true;
  }

  base::StatusOr<std::vector<alerting::v1::Alert>> ListAlerts() {
    ASSIGN_OR_RETURN(const auto response,
                     Call<alerting::v1::ListAlertsResponse>(
                         *official, &alerting::v1::AlertingService::Stub::ListAlerts,
                         alerting::v1::ListAlertsRequest()));
    return std::vector<alerting::v1::Alert>(response.alerts().begin(), response.alerts().end());
  }

  base::StatusOr<alerting::v1::GetAlertResponse> GetAlert(const std::string& id) {
    alerting::v1::GetAlertRequest request;
    request.set_alert_id(id);
    return Call<alerting::v1::GetAlertResponse>(
        *official, &alerting::v1::AlertingService::Stub::GetAlert, request);
  }

  // Every entry of the audit log.
  base::StatusOr<std::vector<storage::v1::AuditEntry>> ReadAudit() {
    std::vector<storage::v1::AuditEntry> entries;
    while (true) {
      compliance::v1::ReadAuditRequest request;
      request.set_first_index(entries.size());
      request.set_count(1000);
      ASSIGN_OR_RETURN(const auto response,
                       Call<compliance::v1::ReadAuditResponse>(
                           *dpo, &compliance::v1::ComplianceService::Stub::ReadAudit, request));
      for (const std::string& bytes : response.entries()) {
        if (!entries.emplace_back().ParseFromString(bytes)) {
          return base::DataLoss("audit entry {} does not parse", entries.size() - 1);
        }
      }
      // Reading is audited too, so the log grows while it is read: stop at the size first seen.
      if (response.entries_size() < 1000) return entries;
    }
  }

  std::unique_ptr<timeseries::v1::SiteService::Stub> sites;
  std::unique_ptr<ingest::v1::IngestService::Stub> laboratory;
  std::unique_ptr<timeseries::v1::TimeseriesService::Stub> series;
  std::unique_ptr<timeseries::v1::TimeseriesService::Stub> records;
  std::unique_ptr<detection::v1::DetectionService::Stub> detection;
  std::unique_ptr<alerting::v1::AlertingService::Stub> official;
  std::unique_ptr<compliance::v1::ComplianceService::Stub> dpo;
};

}  // namespace belgrand::testing
