// Identities with the real binary and its commands, under TLS: tokens are issued, limited, revoked,
// and stay revoked over a crash; nobody learns that what is another's exists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/file.h"
#include "platform/rpc/call_headers.h"
#include "tests/support/client.h"
#include "tests/support/server_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class IdentityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = authority_.Issue("service", "URI:spiffe://test/service/all");
    operator_ = authority_.Issue("operator", "URI:spiffe://test/operator/one");
    config_ = dir_.path() / "config.textproto";
    ASSERT_OK(base::WriteFileAtomically(
        config_,
        fmt::format("data_dir: \"{}\" listen: \"127.0.0.1:0\" http_listen: \"127.0.0.1:0\"\n"
                    "tls {{ certificate_file: \"{}\" private_key_file: \"{}\" ca_file: \"{}\" }}\n"
                    "access {{ tokens: true }}\n",
                    (dir_.path() / "data").string(), server_.certificate, server_.private_key,
                    server_.authorities)));
    Start();
    for (const auto& [site, district] :
         {std::pair("site-n", "north"), std::pair("site-s", "south")}) {
      timeseries::v1::PutSitesRequest sites;
      auto& added = *sites.add_sites();
      added.set_site_id(site);
      added.set_district_id(district);
      added.set_population_served(20'000);
      const auto stub = timeseries::v1::SiteService::NewStub(Channel(operator_));
      ASSERT_OK(Call<timeseries::v1::PutSitesResponse>(
          *stub, &timeseries::v1::SiteService::Stub::PutSites, sites));
    }
    for (const std::string laboratory : {"lab-a", "lab-b"}) {
      Submit(Channel(authority_.Issue(laboratory, "URI:spiffe://test/laboratory/" + laboratory)),
             laboratory);
    }
  }

  void Start() {
    auto process = ServerProcess::Start({"--config", config_.string()}, dir_.path() / "log");
    ASSERT_OK(process);
    process_ = *std::move(process);
  }

  std::shared_ptr<grpc::Channel> Channel(const base::TlsFiles& who, rpc::Headers headers = {}) {
    auto channel = rpc::OpenChannelWithHeaders(process_->grpc_address(), who, std::move(headers));
    EXPECT_OK(channel);
    return *channel;
  }
  // Of a person, who has no certificate.
  std::shared_ptr<grpc::Channel> ChannelOf(const std::string& token) {
    return Channel({"", "", server_.authorities},
                   {{"authorization", "Bearer " + token}, {"belgrand-purpose", "surveillance"}});
  }

  void Submit(const std::shared_ptr<grpc::Channel>& channel, const std::string& laboratory) {
    ingest::v1::SubmitSamplesRequest request;
    for (const char* site : {"site-n", "site-s"}) {
      auto& sample = *request.add_samples();
      sample.set_laboratory_id(laboratory);
      sample.set_sample_id(std::string("S-") + site);
      sample.set_site_id(site);
      sample.mutable_collected_at()->set_seconds(1'609'804'800);
      sample.set_target("sars-cov-2");
      sample.set_unit("gc/L");
      sample.set_value(25'000);
      sample.set_censoring(ingest::v1::NONE);
      sample.set_lod(1000);
      sample.set_loq(3000);
      sample.set_comment("filtered twice");
    }
    const auto stub = ingest::v1::IngestService::NewStub(channel);
    const auto answer = Call<ingest::v1::SubmitSamplesResponse>(
        *stub, &ingest::v1::IngestService::Stub::SubmitSamples, request);
    ASSERT_OK(answer);
    for (const auto& verdict : answer->verdicts()) {
      EXPECT_EQ(verdict.outcome(), ingest::v1::Verdict::ACCEPTED);
    }
  }

  // The comment of a row, and what the answer says was left out.
  std::pair<std::string, std::string> ReadComment(const std::shared_ptr<grpc::Channel>& channel) {
    timeseries::v1::GetSampleHistoryRequest request;
    request.set_laboratory_id("lab-a");
    request.set_sample_id("S-site-n");
    request.set_target("sars-cov-2");
    const auto stub = timeseries::v1::TimeseriesService::NewStub(channel);
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(30));
    timeseries::v1::GetSampleHistoryResponse response;
    EXPECT_OK(rpc::FromGrpc(stub->GetSampleHistory(&context, request, &response)));
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto found = trailers.find("belgrand-withheld");
    return {response.versions_size() == 1 ? response.versions(0).comment() : "",
            found == trailers.end() ? "" : std::string(found->second.data(), found->second.size())};
  }

  // Laboratories of the rows that are read, or why not.
  base::StatusOr<std::vector<std::string>> Read(const std::shared_ptr<grpc::Channel>& channel,
                                                const std::string& site) {
    timeseries::v1::ReadSeriesRequest request;
    request.set_site_id(site);
    request.set_target("sars-cov-2");
    const auto stub = timeseries::v1::TimeseriesService::NewStub(channel);
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(30));
    const auto reader = stub->ReadSeries(&context, request);
    timeseries::v1::ReadSeriesResponse response;
    std::vector<std::string> laboratories;
    while (reader->Read(&response)) {
      for (const auto& row : response.samples()) laboratories.push_back(row.laboratory_id());
    }
    RETURN_IF_ERROR(rpc::FromGrpc(reader->Finish()));
    return laboratories;
  }

  std::vector<std::string> Tls(const base::TlsFiles& who) const {
    return {"--server",  process_->grpc_address(), "--tls-cert", who.certificate,
            "--tls-key", who.private_key,          "--tls-ca",   who.authorities};
  }
  CommandResult Run(std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunBelgrand(arguments);
  }
  // The token and the actor that it stands for.
  std::pair<std::string, std::string> Issue(const std::vector<std::string>& flags) {
    std::vector<std::string> arguments = {"identity", "create", "--owner", "A. Person"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const CommandResult result = Run(arguments, Tls(operator_));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return {result.out.substr(0, result.out.find('\n')),
            result.err.substr(0, result.err.find(' '))};
  }

  const TempDir dir_;
  TestAuthority authority_{dir_.path() / "tls"};
  base::TlsFiles server_;
  base::TlsFiles operator_;
  std::filesystem::path config_;
  std::unique_ptr<ServerProcess> process_;
};

TEST_F(IdentityTest, ATokenReadsItsDistrictAndNothingElseExistsForIt) {
  const auto [token, actor] = Issue({"--role", "official", "--district", "north"});
  EXPECT_EQ(Read(ChannelOf(token), "site-n")->size(), 2U);
  const base::Status hidden = Read(ChannelOf(token), "site-s").status();
  base::Status unknown = Read(ChannelOf(token), "site-x").status();
  EXPECT_EQ(hidden.code(), base::StatusCode::kNotFound);
  std::string expected = base::Message(unknown);
  expected.replace(expected.find("site-x"), 6, "site-s");
  EXPECT_EQ(base::Message(hidden), expected) << "as if it were not there";

  // The command, with the token in a file.
  const std::string file = dir_.path() / "token";
  ASSERT_OK(base::WriteFileAtomically(file, token + "\n"));
  ASSERT_EQ(::setenv("BELGRAND_TOKEN_FILE", file.c_str(), 1), 0);
  const std::vector<std::string> person = {"--server", process_->grpc_address(), "--tls-ca",
                                           server_.authorities};
  const auto silent = Run({"sites", "list"}, person);
  const auto sites = Run({"sites", "list", "--purpose", "surveillance"}, person);
  const auto list = Run({"identity", "list", "--purpose", "operation"}, person);
  std::filesystem::permissions(file, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const auto readable = Run({"sites", "list"}, person);
  ASSERT_EQ(::unsetenv("BELGRAND_TOKEN_FILE"), 0);
  EXPECT_NE(silent.exit_code, 0);
  EXPECT_THAT(silent.err, HasSubstr("belgrand-purpose")) << "a person says what for";
  EXPECT_EQ(sites.exit_code, 0) << sites.err;
  EXPECT_THAT(sites.out, HasSubstr("site-n"));
  EXPECT_THAT(sites.out, Not(HasSubstr("site-s")));
  EXPECT_NE(list.exit_code, 0) << "not an official's";
  EXPECT_THAT(readable.err, HasSubstr("others may read"));
}

TEST_F(IdentityTest, ALaboratoryReadsItsOwnRowsOnly) {
  const auto own =
      Read(Channel(authority_.Issue("a2", "URI:spiffe://test/laboratory/lab-a")), "site-n");
  ASSERT_OK(own);
  EXPECT_EQ(*own, std::vector<std::string>{"lab-a"});
  const auto [token, actor] =
      Issue({"--role", "laboratory", "--laboratory", "lab-b", "--site", "site-n"});
  const auto limited = Read(ChannelOf(token), "site-n");
  ASSERT_OK(limited);
  EXPECT_EQ(*limited, std::vector<std::string>{"lab-b"});
  EXPECT_EQ(Read(ChannelOf(token), "site-s").status().code(), base::StatusCode::kNotFound);
}

// The same rows for everybody who may read them, and in each what they may see.
TEST_F(IdentityTest, WhatALaboratoryWroteIsNotTheOperatorsToRead) {
  const auto [token, actor] = Issue({"--role", "official", "--everything"});
  const auto official = ReadComment(ChannelOf(token));
  EXPECT_EQ(official.first, "filtered twice");
  EXPECT_EQ(official.second, "");
  const auto operated = ReadComment(Channel(operator_));
  EXPECT_EQ(operated.first, "");
  EXPECT_EQ(operated.second, "belgrand.timeseries.v1.SampleVersion.comment");
  // The command says so as well.
  const auto own = Run({"void", "--lab", "lab-a", "--sample", "S-site-n", "--target", "sars-cov-2",
                        "--reason", "x", "--by", "y", "--dry-run"},
                       Tls(operator_));
  EXPECT_THAT(own.err, HasSubstr("left out"));
  EXPECT_THAT(own.err, HasSubstr("SampleVersion.comment"));
}

TEST_F(IdentityTest, WithoutAnIdentityNothingIsServed) {
  const base::TlsFiles nobody{"", "", server_.authorities};
  EXPECT_EQ(Read(Channel(nobody), "site-n").status().code(), base::StatusCode::kUnauthenticated);
  EXPECT_EQ(Read(ChannelOf("belgrand_nonsense"), "site-n").status().code(),
            base::StatusCode::kUnauthenticated);
  EXPECT_EQ(Read(rpc::OpenChannel(process_->grpc_address(), std::nullopt).value(), "site-n")
                .status()
                .code(),
            base::StatusCode::kUnavailable)
      << "plain text";
}

TEST_F(IdentityTest, ThePublicMayFollowTheAuditLogAndNothingElse) {
  const std::vector<std::string> public_flags = {"--server", process_->grpc_address(), "--tls-ca",
                                                 server_.authorities};
  const auto checkpoint = Run({"audit", "checkpoint"}, public_flags);
  EXPECT_EQ(checkpoint.exit_code, 0) << checkpoint.err;
  EXPECT_THAT(checkpoint.out, HasSubstr("verifier key"));
  const auto shown = Run({"audit", "show"}, public_flags);
  EXPECT_NE(shown.exit_code, 0);
  EXPECT_THAT(shown.err, HasSubstr("client certificate"));
}

TEST_F(IdentityTest, RevokedIsAtOnceCutsOffWhatIsUnderWayAndOutlivesACrash) {
  const auto [token, actor] = Issue({"--role", "official", "--district", "north"});
  const auto [other, other_actor] = Issue({"--role", "official", "--everything"});
  // A stream under way.
  const auto stub = alerting::v1::AlertingService::NewStub(ChannelOf(token));
  grpc::ClientContext context;
  rpc::SetTimeout(context, std::chrono::minutes(2));
  alerting::v1::FollowAlertsRequest request;
  request.set_subscriber("console");
  const auto stream = stub->FollowAlerts(&context, request);
  stream->WaitForInitialMetadata();

  const auto revoked = Run({"identity", "revoke", actor}, Tls(operator_));
  ASSERT_EQ(revoked.exit_code, 0) << revoked.err;
  EXPECT_THAT(revoked.out, HasSubstr("revoked"));
  EXPECT_EQ(Read(ChannelOf(token), "site-n").status().code(), base::StatusCode::kUnauthenticated);
  alerting::v1::AlertEvent event;
  while (stream->Read(&event)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED) << "not its deadline";

  process_->Kill();
  Start();
  EXPECT_EQ(Read(ChannelOf(token), "site-n").status().code(), base::StatusCode::kUnauthenticated);
  EXPECT_OK(Read(ChannelOf(other), "site-n"));
  const auto list = Run({"identity", "list"}, Tls(operator_));
  EXPECT_THAT(list.out, HasSubstr(actor));
  EXPECT_THAT(list.out, HasSubstr("revoked"));
  EXPECT_THAT(list.out, HasSubstr("A. Person"));
  const std::string secret = token.substr(26, 64);
  EXPECT_THAT(list.out, Not(HasSubstr(secret)));

  // A certificate by its name.
  const auto laboratory = authority_.Issue("a3", "URI:spiffe://test/laboratory/lab-a");
  EXPECT_OK(Read(Channel(laboratory), "site-n"));
  ASSERT_EQ(Run({"identity", "revoke", "laboratory:lab-a"}, Tls(operator_)).exit_code, 0);
  EXPECT_EQ(Read(Channel(laboratory), "site-n").status().code(),
            base::StatusCode::kUnauthenticated);
}

TEST_F(IdentityTest, NoFileOfTheServiceHoldsAToken) {
  const auto [token, actor] = Issue({"--role", "official", "--everything"});
  EXPECT_OK(Read(ChannelOf(token), "site-n"));
  process_->Terminate();
  const std::string secret = token.substr(26, 64);
  int files = 0;
  bool listed = false;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const auto bytes = base::ReadFile(entry.path());
    ASSERT_OK(bytes);
    EXPECT_EQ(bytes->find(secret), std::string::npos) << entry.path();
    listed = listed || bytes->find(actor) != std::string::npos;
  }
  EXPECT_GT(files, 10);
  EXPECT_TRUE(listed) << "the search finds what is there";
}

}  // namespace
}  // namespace belgrand::testing
