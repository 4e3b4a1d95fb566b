// An alerting role of its own behind a server in the process, with a fake compliance and clock.
#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "compliance/retention.h"
#include "platform/base/file.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "services/cli/alerts_command.h"
#include "services/shared/guard.h"
#include "services/shared/timestamp.h"
#include "tests/support/sink.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alerting/signals.h"
#include "tests/unit/services/fake_peers.h"

namespace belgrand::alerting {

inline constexpr char kNorth[] = "north/SARS-CoV-2/trend";
inline constexpr auto kLong = std::chrono::seconds(60);

class AlertingRoleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Years pass in these tests, and nobody follows: that is the concern of a test of its own.
    auto& console = *config_.mutable_alerting()->add_receivers();
    console.set_name("console");
    console.mutable_stream()->mutable_give_up_after()->set_seconds(3650L * 24 * 3600);
    Serve();
  }
  void TearDown() override { StopServer(); }

  void Serve() {
    metrics_ = std::make_unique<metrics::Registry>();
    peers_ = std::make_unique<shared::Peers>();
    guard_ = std::make_unique<shared::Guard>(clock_, *metrics_, *peers_);
    runtime_ = std::make_unique<shared::Runtime>(
        shared::Runtime{clock_, *metrics_, *peers_, *guard_, dir_.path()});
    auto role = CreateAlertingRole(config_, *runtime_);
    ASSERT_OK(role);
    role_ = *std::move(role);
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = role_->services();
    options.services.push_back(&compliance_);
    auto server = rpc::Server::Create(options);
    ASSERT_OK(server);
    server_ = *std::move(server);
    peers_->Set(shared::RoleName::kCompliance, server_->InProcessChannel());
    ASSERT_OK(role_->Start());
    guard_->Open();
    stub_ = v1::AlertingService::NewStub(server_->InProcessChannel());
  }
  void StopServer() {
    if (server_ == nullptr) return;
    role_->Stop();
    server_->Stop(std::chrono::seconds(5));
    stub_.reset();
    server_.reset();
    role_.reset();
  }
  void Restart() {
    StopServer();
    Serve();
  }

  std::uint32_t Report(const std::vector<testing::Signal>& signals) {
    v1::ReportSignalsRequest request;
    for (const testing::Signal& signal : signals) *request.add_signals() = signal;
    grpc::ClientContext context;
    v1::ReportSignalsResponse response;
    EXPECT_OK(rpc::FromGrpc(stub_->ReportSignals(&context, request, &response)));
    return response.applied();
  }
  base::StatusOr<v1::Alert> Acknowledge(const std::string& id, const std::string& by) {
    v1::AcknowledgeAlertRequest request;
    request.set_alert_id(id);
    request.set_by(by);
    request.set_comment("calling the hospital");
    grpc::ClientContext context;
    v1::AcknowledgeAlertResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(stub_->AcknowledgeAlert(&context, request, &response)));
    return response.alert();
  }
  v1::GetAlertResponse Get(const std::string& id) {
    v1::GetAlertRequest request;
    request.set_alert_id(id);
    grpc::ClientContext context;
    if (!purpose_.empty()) context.AddMetadata(shared::kPurposeHeader, purpose_);
    v1::GetAlertResponse response;
    EXPECT_OK(rpc::FromGrpc(stub_->GetAlert(&context, request, &response)));
    return response;
  }
  // The next `count` events, "<number>" or "<number>r" for a repeat; then hangs up.
  std::vector<std::string> Follow(std::size_t count, v1::FollowAlertsRequest request) {
    grpc::ClientContext context;
    rpc::SetTimeout(context, kLong);
    const auto stream = stub_->FollowAlerts(&context, request);
    std::vector<std::string> events;
    v1::AlertEvent event;
    while (events.size() < count && stream->Read(&event)) {
      events.push_back(std::to_string(event.sequence()) + (event.repeat() ? "r" : ""));
    }
    context.TryCancel();
    stream->Finish();
    return events;
  }
  std::vector<std::string> Follow(std::size_t count) {
    v1::FollowAlertsRequest request;
    request.set_subscriber("console");
    return Follow(count, request);
  }
  base::StatusOr<std::uint64_t> Confirm(std::uint64_t up_to, const std::string& who = "console") {
    v1::ConfirmEventsRequest request;
    request.set_subscriber(who);
    request.set_up_to_sequence(up_to);
    grpc::ClientContext context;
    v1::ConfirmEventsResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(stub_->ConfirmEvents(&context, request, &response)));
    return response.confirmed_sequence();
  }
  using Counts = std::map<std::string, std::uint64_t>;
  // "<record>.<field>" and how many of it a plan names; what a deletion did.
  Counts PlanExpiry(base::Instant now) {
    return Expiry(&Steward::PlanExpiry, compliance::v1::PlanExpiryRequest(),
                  compliance::v1::PlanExpiryResponse(), now);
  }
  Counts ApplyExpiry(base::Instant now) {
    return Expiry(&Steward::ApplyExpiry, compliance::v1::ApplyExpiryRequest(),
                  compliance::v1::ApplyExpiryResponse(), now);
  }
  // Whether a file of the database has these bytes.
  bool FilesHold(std::string_view text) const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
      if (!entry.is_regular_file()) continue;
      const auto content = base::ReadFile(entry.path());
      EXPECT_OK(content);
      if (content->find(text) != std::string::npos) return true;
    }
    return false;
  }
  // Runs `belgrand alerts ...` and returns what it printed.
  std::string Command(std::vector<std::string> words, int expected_exit = cli::kExitOk) {
    CLI::App app;
    cli::RunSlot run;
    cli::AddAlerts(app, run);
    words.push_back("--server");
    words.push_back("127.0.0.1:" + std::to_string(server_->port()));
    std::reverse(words.begin(), words.end());
    app.parse(words);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(), expected_exit);
    return ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
  }

  using Steward = compliance::v1::AlertingStewardService::Stub;
  template <typename Method, typename Request, typename Response>
  Counts Expiry(Method method, Request request, Response response, base::Instant now) {
    const auto steward =
        compliance::v1::AlertingStewardService::NewStub(server_->InProcessChannel());
    *request.mutable_now() = shared::ToTimestamp(now);
    grpc::ClientContext context;
    EXPECT_OK(rpc::FromGrpc(((*steward).*method)(&context, request, &response)));
    Counts expired;
    for (const auto& line : response.lines()) {
      if (line.expired() > 0) expired[line.record() + "." + line.field()] = line.expired();
    }
    return expired;
  }

  belgrand::testing::TempDir dir_;
  base::FakeClock clock_{base::FromMicros(1'700'000'000'000'000)};
  config::v1::Config config_;
  belgrand::testing::FakeCompliance compliance_;
  std::unique_ptr<metrics::Registry> metrics_;
  std::unique_ptr<shared::Peers> peers_;
  std::unique_ptr<shared::Guard> guard_;
  std::unique_ptr<shared::Runtime> runtime_;
  std::unique_ptr<shared::Role> role_;
  std::string purpose_;  // of Get; empty: the ordinary one
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::AlertingService::Stub> stub_;
};

}  // namespace belgrand::alerting
