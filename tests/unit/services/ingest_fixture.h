// The intake role behind a real gRPC server, with the roles it calls in memory.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/tls_files.h"
#include "platform/metrics/registry.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "services/ingest/ingest_service.h"
#include "services/shared/timestamp.h"
#include "tests/support/fake_identities.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/services/fake_peers.h"

namespace belgrand::testing {

class IngestFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    sites_.Put("Seafield", "Lothian", 600000);
    Serve();
  }
  void TearDown() override { StopServer(); }

  void Serve(const std::optional<base::TlsFiles>& tls = std::nullopt) {
    auto role = ingest::CreateIngestRole(config_, runtime_);
    ASSERT_OK(role);
    role_ = std::move(*role);
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.tls = tls;
    options.services = role_->services();
    options.services.insert(options.services.end(),
                            {&sites_, &timeseries_, &compliance_, &identities_});
    auto server = rpc::Server::Create(options);
    ASSERT_OK(server);
    server_ = std::move(*server);
    for (const auto name : {shared::RoleName::kTimeseries, shared::RoleName::kCompliance}) {
      peers_.Set(name, server_->InProcessChannel());
    }
    ASSERT_OK(role_->Start());
    guard_.Open();
  }

  void StopServer() {
    if (server_ == nullptr) return;
    role_->Stop();
    server_->Stop(std::chrono::seconds(5));
    server_.reset();
    role_.reset();
  }

  std::string Address() const { return "localhost:" + std::to_string(server_->port()); }
  std::shared_ptr<grpc::Channel> Channel(const std::optional<base::TlsFiles>& tls = std::nullopt) {
    return *rpc::OpenChannel(Address(), tls);
  }

  ingest::v1::Sample Sample(const std::string& id) const {
    ingest::v1::Sample sample;
    sample.set_sample_id(id);
    sample.set_laboratory_id("lab-a");
    sample.set_site_id("Seafield");
    *sample.mutable_collected_at() = shared::ToTimestamp(*base::ParseInstant("2021-01-05"));
    sample.set_target("N1");
    sample.set_value(25000);
    sample.set_unit("gc/L");
    sample.set_censoring(ingest::v1::NONE);
    sample.set_lod(1316);
    sample.set_loq(11368);
    return sample;
  }

  enum class Persist { kYes, kNo };
  base::Status Submit(const std::vector<ingest::v1::Sample>& samples,
                      Persist persist = Persist::kYes,
                      const std::optional<base::TlsFiles>& tls = std::nullopt) {
    ingest::v1::SubmitSamplesRequest request;
    for (const auto& sample : samples) *request.add_samples() = sample;
    request.set_validate_only(persist == Persist::kNo);
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(20));
    const auto stub = ingest::v1::IngestService::NewStub(Channel(tls));
    answer_.Clear();
    return rpc::FromGrpc(stub->SubmitSamples(&context, request, &answer_));
  }

  // "ACCEPTED", or "REJECTED rule rule".
  std::vector<std::string> Outcomes() const {
    std::vector<std::string> outcomes;
    for (const auto& verdict : answer_.verdicts()) {
      std::string text = ingest::v1::Verdict::Outcome_Name(verdict.outcome());
      for (const auto& violation : verdict.violations()) text += " " + violation.rule();
      outcomes.push_back(text);
    }
    return outcomes;
  }

  std::size_t StoredRows() {
    std::size_t versions = 0;
    for (const auto& [key, row] : timeseries_.Rows()) versions += row.size();
    return versions;
  }
  std::size_t AuditEntries() { return compliance_.Events().size(); }

  config::v1::Config config_;
  base::FakeClock clock_{*base::ParseInstant("2021-02-01")};
  metrics::Registry metrics_;
  shared::Peers peers_;
  shared::Guard guard_{clock_, metrics_, peers_};
  shared::Runtime runtime_{clock_, metrics_, peers_, guard_, {}};
  FakeSites sites_;
  FakeTimeseries timeseries_;
  FakeCompliance compliance_;
  FakeIdentities identities_;
  std::unique_ptr<shared::Role> role_;
  std::unique_ptr<rpc::Server> server_;
  ingest::v1::SubmitSamplesResponse answer_;
};

}  // namespace belgrand::testing
