// A compliance role behind a real gRPC server, with stewards that hold records in memory and decide
// with the project's own tally.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "belgrand/storage/v1/audit_entry.pb.h"
#include "belgrand/storage/v1/sample_record.pb.h"
#include "belgrand/storage/v1/sensor_record.pb.h"
#include "compliance/expiry_plan.h"
#include "platform/base/clock.h"
#include "platform/metrics/registry.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "services/compliance/compliance_role.h"
#include "services/shared/config_check.h"
#include "services/shared/guard.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {

template <typename Service, typename Record>
class FakeSteward final : public Service {
 public:
  grpc::Status PlanExpiry(grpc::ServerContext*, const compliance::v1::PlanExpiryRequest* request,
                          compliance::v1::PlanExpiryResponse* response) override {
    if (fail) return {grpc::StatusCode::UNAVAILABLE, "starting"};
    compliance::ExpiryTally tally = TallyOf(*request);
    for (const Record& record : records) tally.Count(record);
    for (const auto& line : tally.Lines()) *response->add_lines() = line;
    return grpc::Status::OK;
  }

  grpc::Status ApplyExpiry(grpc::ServerContext*, const compliance::v1::ApplyExpiryRequest* request,
                           compliance::v1::ApplyExpiryResponse* response) override {
    if (fail_apply) return {grpc::StatusCode::UNAVAILABLE, "disk full"};
    compliance::ExpiryTally tally = TallyOf(*request);
    std::vector<Record> kept;
    for (Record& record : records) {
      const auto verdict = tally.Count(record);
      if (verdict == compliance::ExpiryTally::Verdict::kDeleteRecord) continue;
      if (verdict == compliance::ExpiryTally::Verdict::kClearFields) {
        compliance::ClearExpiredFields(tally.policies(), &record, tally.now());
      }
      kept.push_back(record);
    }
    records = kept;
    for (const auto& line : tally.Lines()) *response->add_lines() = line;
    return grpc::Status::OK;
  }

  template <typename Request>
  static compliance::ExpiryTally TallyOf(const Request& request) {
    const auto& type = *Record::descriptor();
    return {type, shared::ToInstant(request.now()),
            compliance::HoldMatcher(type, {request.holds().begin(), request.holds().end()})};
  }

  std::vector<Record> records;
  std::atomic<bool> fail = false;
  std::atomic<bool> fail_apply = false;
};

class ComplianceFixture : public ::testing::Test {
 protected:
  using Stub = compliance::v1::ComplianceService::Stub;

  void SetUp() override { Begin(); }
  void TearDown() override { End(); }

  void Begin() {
    config::v1::Config config;
    config.set_data_dir((dir_.path() / "data").string());
    config.mutable_compliance()->set_keyring_dir((dir_.path() / "keys").string());
    for (const auto& witness : witnesses_) *config.mutable_compliance()->add_witnesses() = witness;
    *config.mutable_access() = access_;
    config = shared::WithDefaults(config);
    guard_ = std::make_unique<shared::Guard>(
        clock_, metrics_, peers_, 0,
        access_.tokens() ? shared::Tokens::kAccepted : shared::Tokens::kRefused);
    auto role = compliance::CreateComplianceRole(
        config, shared::Runtime{clock_, metrics_, peers_, *guard_, config.data_dir()});
    ASSERT_OK(role);
    role_ = std::move(*role);
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = role_->services();
    options.services.push_back(&samples_);
    options.services.push_back(&alerts_);
    options.services.push_back(&readings_);
    options.answers = &guard_->answers();
    auto server = rpc::Server::Create(options);
    ASSERT_OK(server);
    server_ = std::move(*server);
    for (const auto name : shared::kAllRoles) peers_.Set(name, server_->InProcessChannel());
    ASSERT_OK(role_->Start());
    guard_->Open();
    stub_ = compliance::v1::ComplianceService::NewStub(server_->InProcessChannel());
  }

  void End() {
    if (role_) role_->Stop();
    if (server_) server_->Stop(std::chrono::seconds(5));
    server_.reset();
    role_.reset();
  }

  void Restart() {
    End();
    Begin();
  }

  template <typename Request, typename Response>
  base::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(30));
    return rpc::FromGrpc((stub_.get()->*method)(&context, request, response));
  }

  base::Status Append(const std::string& actor, const std::string& method) {
    compliance::v1::AppendAuditRequest request;
    auto& event = *request.add_events();
    event.set_actor(actor);
    event.set_method(method);
    event.set_decision(compliance::v1::ALLOWED);
    compliance::v1::AppendAuditResponse response;
    const base::Status status = Call(&Stub::AppendAudit, request, &response);
    if (status.ok()) last_index_ = response.first_index();
    return status;
  }

  // At most `count` entries of the audit log, through the service.
  std::vector<storage::v1::AuditEntry> Read(std::uint64_t first, std::uint32_t count) {
    compliance::v1::ReadAuditRequest request;
    request.set_first_index(first);
    request.set_count(count);
    compliance::v1::ReadAuditResponse response;
    EXPECT_OK(Call(&Stub::ReadAudit, request, &response));
    std::vector<storage::v1::AuditEntry> entries;
    for (const std::string& bytes : response.entries()) {
      EXPECT_TRUE(entries.emplace_back().ParseFromString(bytes));
    }
    return entries;
  }

  std::filesystem::path log_directory() const { return dir_.path() / "data/compliance/audit"; }

  std::vector<config::v1::AuditWitness> witnesses_;
  config::v1::Access access_;
  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2031-06-01T12:00:00Z").value()};
  metrics::Registry metrics_;
  shared::Peers peers_;
  FakeSteward<compliance::v1::TimeseriesStewardService::Service, storage::v1::SampleRecord>
      samples_;
  FakeSteward<compliance::v1::AlertingStewardService::Service, storage::v1::AlertEventRecord>
      alerts_;
  FakeSteward<compliance::v1::SensorsStewardService::Service, storage::v1::SensorChunkRecord>
      readings_;
  std::unique_ptr<shared::Guard> guard_;
  std::unique_ptr<shared::Role> role_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Stub> stub_;
  std::uint64_t last_index_ = 0;
};

}  // namespace belgrand::testing
