// Hostile clients of one laboratory against the real service under mutual TLS, while another
// laboratory works: one that never reads its answers, one that opens a thousand streams, one that
// sends messages of 17 MiB, one that floods. They are refused with the limit and when to come back;
// every batch of the good laboratory is stored.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/file.h"
#include "services/cli/sample_sender.h"
#include "tests/support/client.h"
#include "tests/support/server_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::testing {
namespace {

using ingest::v1::IngestService;
using ingest::v1::Sample;
using ingest::v1::Verdict;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr int kMib = 1 << 20;

Sample MakeSample(const std::string& laboratory, const std::string& id) {
  Sample sample;
  sample.set_laboratory_id(laboratory);
  sample.set_sample_id(id);
  sample.set_site_id("site-1");
  sample.mutable_collected_at()->set_seconds(1'609'804'800);
  sample.set_target("sars-cov-2");
  sample.set_unit("gc/L");
  sample.set_value(25'000);
  sample.set_censoring(ingest::v1::NONE);
  sample.set_lod(1000);
  sample.set_loq(3000);
  return sample;
}

class HostileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    authority_ = std::make_unique<TestAuthority>(dir_.path() / "tls");
    const base::TlsFiles server = authority_->Issue("service", "URI:spiffe://test/service/all");
    good_ = authority_->Issue("good", "URI:spiffe://test/laboratory/good");
    bad_ = authority_->Issue("bad", "URI:spiffe://test/laboratory/bad");
    operator_ = authority_->Issue("operator", "URI:spiffe://test/operator/one");
    config_ = dir_.path() / "config.textproto";
    ASSERT_OK(base::WriteFileAtomically(
        config_,
        fmt::format("data_dir: \"{}\" listen: \"127.0.0.1:0\" http_listen: \"127.0.0.1:0\"\n"
                    "tls {{ certificate_file: \"{}\" private_key_file: \"{}\" ca_file: "
                    "\"{}\" }}\n"
                    "ingest {{ max_rows_per_second_per_laboratory: 2000\n"
                    "  acknowledgement_timeout {{ seconds: 1 }} }}\n",
                    (dir_.path() / "data").string(), server.certificate, server.private_key,
                    server.authorities)));
    Start();
    timeseries::v1::PutSitesRequest sites;
    auto& site = *sites.add_sites();
    site.set_site_id("site-1");
    site.set_district_id("district-1");
    site.set_population_served(20'000);
    const auto stub = timeseries::v1::SiteService::NewStub(Channel(operator_));
    ASSERT_OK(Call<timeseries::v1::PutSitesResponse>(
        *stub, &timeseries::v1::SiteService::Stub::PutSites, sites));
  }

  void Start() {
    auto process = ServerProcess::Start({"--config", config_.string()}, dir_.path() / "log");
    ASSERT_OK(process);
    process_ = *std::move(process);
  }

  // A connection of its own each time.
  std::shared_ptr<grpc::Channel> Channel(const base::TlsFiles& who, int max_bytes = 16 * kMib) {
    auto channel = rpc::OpenChannel(process_->grpc_address(), who, max_bytes);
    EXPECT_OK(channel);
    return *channel;
  }

  // The good laboratory's day: forty batches, each of which must be stored, and is sent again by
  // the rules of the client alone.
  void Work(const std::atomic<bool>& enough) {
    cli::SampleSender sender(Channel(good_));
    for (int batch = 0; batch < 40 || !enough; ++batch) {
      if (batch == 400) return;  // the hostile side takes long; its test ends by itself
      std::vector<Sample> samples;
      for (int i = 0; i < 10; ++i) {
        samples.push_back(MakeSample("good", fmt::format("{}/{}", batch, i)));
      }
      const auto verdicts = sender.Send(samples, {});
      ASSERT_OK(verdicts) << "batch " << batch;
      for (const Verdict& verdict : *verdicts) {
        good_rows_ +=
            verdict.outcome() == Verdict::ACCEPTED || verdict.outcome() == Verdict::DUPLICATE;
      }
      good_sent_ += 10;
    }
  }

  // Runs the hostile side beside the good one, and checks that the good one did not suffer.
  void Beside(const std::function<void()>& hostile) {
    std::atomic<bool> enough = false;
    std::jthread work([&] { Work(enough); });
    hostile();
    enough = true;
    work.join();
    EXPECT_GE(good_sent_, 400);
    EXPECT_EQ(good_rows_, good_sent_);
    EXPECT_TRUE(process_->Running());
    EXPECT_EQ(process_->Terminate(), 0) << "an orderly stop after all that";
  }

  // Of the metric with this label; 0 when it was never counted.
  double Refusals(const std::string& limit) {
    const std::string text = Metrics();
    double sum = 0;
    for (const char* name : {"belgrand_ingest_refusals_total", "belgrand_rpc_refusals_total"}) {
      const std::string line = fmt::format("{}{{limit=\"{}\"}} ", name, limit);
      const std::size_t at = text.find(line);
      if (at != std::string::npos) sum += std::atof(text.c_str() + at + line.size());
    }
    return sum;
  }
  std::string Metrics() {
    const std::string command = fmt::format(
        "curl -s --cacert {} --cert {} --key {} https://localhost:{}/metrics",
        operator_.authorities, operator_.certificate, operator_.private_key, process_->http_port());
    std::string text;
    if (FILE* pipe = ::popen(command.c_str(), "r")) {
      char buffer[4096];
      while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) {
        text.append(buffer, got);
      }
      ::pclose(pipe);
    }
    return text;
  }

  TempDir dir_;
  std::filesystem::path config_;
  std::unique_ptr<TestAuthority> authority_;
  base::TlsFiles good_, bad_, operator_;
  std::unique_ptr<ServerProcess> process_;
  int good_rows_ = 0;
  int good_sent_ = 0;
};

TEST_F(HostileTest, AClientThatNeverReadsItsAnswersIsCutOff) {
  Beside([&] {
    const auto stub = IngestService::NewStub(Channel(bad_));
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::minutes(2));  // only ends a failing test
    const auto stream = stub->StreamSamples(&context);
    ingest::v1::StreamSamplesRequest request;
    // Wrong in every way, so that the answers are larger than the question.
    for (int i = 0; i < 500; ++i) {
      Sample& sample = *request.add_samples();
      sample.set_laboratory_id("elsewhere");
      sample.set_target("nothing");
    }
    int batches = 0;
    while (stream->Write(request)) ++batches;
    // gRPC gives the status only after the answers that came before the end.
    ingest::v1::StreamSamplesResponse response;
    while (stream->Read(&response)) continue;
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED) << status.error_message();
    EXPECT_GT(batches, 0);
    EXPECT_TRUE(Eventually([&] { return Refusals("slow_reader") >= 1; })) << Metrics();
  });
}

TEST_F(HostileTest, AThousandStreamsOfOneLaboratoryTakeOnlyItsShare) {
  Beside([&] {
    struct Open {
      grpc::ClientContext context;
      std::unique_ptr<grpc::ClientReaderWriter<ingest::v1::StreamSamplesRequest,
                                               ingest::v1::StreamSamplesResponse>>
          stream;
    };
    std::vector<std::unique_ptr<IngestService::Stub>> stubs;
    for (int i = 0; i < 10; ++i) stubs.push_back(IngestService::NewStub(Channel(bad_)));
    std::vector<std::unique_ptr<Open>> streams;
    for (int i = 0; i < 1000; ++i) {
      streams.push_back(std::make_unique<Open>());
      rpc::SetTimeout(streams.back()->context, std::chrono::minutes(2));
      streams.back()->stream = stubs[static_cast<std::size_t>(i) % stubs.size()]->StreamSamples(
          &streams.back()->context);
    }
    int admitted = 0;
    int refused = 0;
    int told_when = 0;
    for (int i = 0; i < 1000; ++i) {
      auto& stream = *streams[static_cast<std::size_t>(i)]->stream;
      ingest::v1::StreamSamplesRequest request;
      *request.add_samples() = MakeSample("bad", std::to_string(i));
      ingest::v1::StreamSamplesResponse response;
      if (stream.Write(request) && stream.Read(&response)) {
        ++admitted;  // and kept open
        continue;
      }
      const base::Status status = rpc::FromGrpc(stream.Finish());
      EXPECT_EQ(status.code(), base::StatusCode::kResourceExhausted) << status.ToString();
      ++refused;
      told_when += rpc::RetryDelay(status).has_value();
    }
    EXPECT_GT(admitted, 0);
    EXPECT_LE(admitted, 16) << "ingest.max_streams_per_laboratory";
    EXPECT_EQ(admitted + refused, 1000);
    EXPECT_GT(told_when, 0);
    EXPECT_GT(Refusals("streams_per_laboratory") + Refusals("calls_per_caller"), 0);
    for (auto& open : streams) open->context.TryCancel();
  });
}

TEST_F(HostileTest, AMessageOverTheLimitIsRefusedWithLimitAndRemedy) {
  Beside([&] {
    const auto stub = IngestService::NewStub(Channel(bad_, 64 * kMib));
    for (int i = 0; i < 5; ++i) {
      ingest::v1::SubmitSamplesRequest request;
      for (int mib = 0; mib < 17; ++mib) {
        Sample& sample = *request.add_samples();
        sample = MakeSample("bad", std::to_string(mib));
        sample.set_amendment_reason(std::string(kMib, 'x'));
      }
      const auto answer = Call<ingest::v1::SubmitSamplesResponse>(
          *stub, &IngestService::Stub::SubmitSamples, request);
      EXPECT_THAT(answer, StatusIs(base::StatusCode::kInvalidArgument,
                                   ::testing::AllOf(HasSubstr("the limit is 16777216"),
                                                    HasSubstr("ingest.max_message_bytes"))));
      for (int mib = 0; mib < 17; ++mib) *request.add_samples() = request.samples(0);
      // Over twice the limit gRPC itself refuses, before the message is in memory.
      EXPECT_THAT(Call<ingest::v1::SubmitSamplesResponse>(
                      *stub, &IngestService::Stub::SubmitSamples, request),
                  StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("larger than max")));
    }
    EXPECT_EQ(Refusals("message_bytes"), 5);
    // Headers have a limit too.
    grpc::ClientContext context;
    context.AddMetadata("x-large", std::string(64 << 10, 'x'));
    ingest::v1::SubmitSamplesResponse response;
    EXPECT_FALSE(stub->SubmitSamples(&context, {}, &response).ok());
  });
}

TEST_F(HostileTest, AFloodIsToldWhenToComeBack) {
  Beside([&] {
    std::atomic<int> taken = 0;
    std::atomic<int> refused = 0;
    std::atomic<int> told_when = 0;
    std::vector<std::jthread> flood;
    for (int thread = 0; thread < 8; ++thread) {
      flood.emplace_back([&, thread] {
        const auto stub = IngestService::NewStub(Channel(bad_));
        ingest::v1::SubmitSamplesRequest request;
        for (int i = 0; i < 3000; ++i) {
          *request.add_samples() = MakeSample("bad", fmt::format("{}/{}", thread, i));
        }
        for (int call = 0; call < 40; ++call) {
          const auto answer = Call<ingest::v1::SubmitSamplesResponse>(
              *stub, &IngestService::Stub::SubmitSamples, request);
          if (answer.ok()) {
            ++taken;
            continue;
          }
          EXPECT_EQ(answer.status().code(), base::StatusCode::kResourceExhausted)
              << answer.status().ToString();
          ++refused;
          told_when += rpc::RetryDelay(answer.status()).has_value();
        }
      });
    }
    flood.clear();
    EXPECT_EQ(taken + refused, 320);
    EXPECT_GT(taken, 0);
    EXPECT_GT(refused, 0) << "nearly a million rows passed a limit of 2,000 a second";
    EXPECT_EQ(told_when, refused);
    EXPECT_GT(Refusals("rows_per_second"), 0);
  });
}

TEST_F(HostileTest, AnOrderlyStopAnswersTheBatchesItTook) {
  struct Client {
    std::vector<std::vector<Sample>> acknowledged;
    std::atomic<std::size_t> count = 0;
    base::Status end;
  };
  std::vector<Client> clients(4);
  std::vector<std::jthread> threads;
  for (std::size_t c = 0; c < clients.size(); ++c) {
    threads.emplace_back([this, c, &client = clients[c]] {
      const auto stub = IngestService::NewStub(Channel(good_));
      for (int batch = 0; client.end.ok(); ++batch) {
        std::vector<Sample> samples;
        for (int i = 0; i < 20; ++i) {
          samples.push_back(MakeSample("good", fmt::format("{}/{}/{}", c, batch, i)));
        }
        ingest::v1::SubmitSamplesRequest request;
        request.mutable_samples()->Assign(samples.begin(), samples.end());
        client.end = Call<ingest::v1::SubmitSamplesResponse>(
                         *stub, &IngestService::Stub::SubmitSamples, request)
                         .status();
        if (!client.end.ok()) return;
        client.acknowledged.push_back(std::move(samples));
        ++client.count;
      }
    });
  }
  for (const Client& client : clients) {
    EXPECT_TRUE(Eventually([&] { return client.count >= 5; }));
  }
  EXPECT_EQ(process_->Terminate(), 0);
  threads.clear();
  Start();
  cli::SampleSender sender(Channel(good_));
  for (const Client& client : clients) {
    // CANCELLED is gRPC's answer to a call that comes in the moment in which it stops listening.
    EXPECT_THAT(client.end.code(),
                AnyOf(base::StatusCode::kUnavailable, base::StatusCode::kCancelled))
        << client.end.ToString();
    for (const auto& samples : client.acknowledged) {
      const auto verdicts = sender.Send(samples, {});
      ASSERT_OK(verdicts);
      for (const Verdict& verdict : *verdicts) {
        EXPECT_EQ(verdict.outcome(), Verdict::DUPLICATE) << "acknowledged, and not stored";
      }
    }
  }
}

}  // namespace
}  // namespace belgrand::testing
