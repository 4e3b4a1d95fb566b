// What intake does with streams that nobody feeds and calls that nobody waits for.
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/services/ingest_fixture.h"

namespace belgrand::ingest {
namespace {

using ::belgrand::testing::IngestFixture;
using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

class IngestLimitsTest : public IngestFixture {
 protected:
  double Refusals(const std::string& limit) {
    return metrics_
        .AddCounter("belgrand_ingest_refusals_total",
                    "Batches refused and streams refused or cut off, by limit.", {{"limit", limit}})
        .Value();
  }
  std::unique_ptr<v1::IngestService::Stub> Stub() { return v1::IngestService::NewStub(Channel()); }
};

TEST_F(IngestLimitsTest, AStreamOnWhichNothingComesIsEndedAndItsPlaceIsFreed) {
  StopServer();
  config_.mutable_ingest()->set_max_streams(1);
  config_.mutable_ingest()->mutable_stream_idle_timeout()->set_seconds(60);
  Serve();
  const auto stub = Stub();
  grpc::ClientContext context;
  const auto stream = stub->StreamSamples(&context);
  v1::StreamSamplesRequest request;
  *request.add_samples() = Sample("S-1");
  v1::StreamSamplesResponse response;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  {
    // The service begins to wait a moment after its acknowledgement was read.
    std::jthread time([this](const std::stop_token& ended) {
      while (!ended.stop_requested()) {
        clock_.Advance(std::chrono::seconds(61));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
    EXPECT_FALSE(stream->Read(&response)) << "ended by the service";
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(Refusals("stream_idle"), 1);
  EXPECT_EQ(StoredRows(), 1U) << "what was acknowledged stands";
  // The handler may still be on its way out.
  for (int attempt = 0;; ++attempt) {
    grpc::ClientContext again;
    const auto next = stub->StreamSamples(&again);
    if (next->Write(request) && next->Read(&response)) {
      EXPECT_EQ(response.verdicts(0).outcome(), v1::Verdict::DUPLICATE);
      next->WritesDone();
      EXPECT_TRUE(next->Finish().ok());
      break;
    }
    ASSERT_EQ(next->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    ASSERT_LT(attempt, 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

TEST_F(IngestLimitsTest, TheRateLimitReachesTheClientWithItsDelay) {
  StopServer();
  config_.mutable_ingest()->set_max_batch_rows(2);
  config_.mutable_ingest()->set_max_rows_per_second_per_laboratory(1);
  Serve();
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(Submit({Sample(fmt::format("{}/0", i)), Sample(fmt::format("{}/1", i))}));
  }
  const base::Status refused = Submit({Sample("S-1"), Sample("S-2")});
  EXPECT_THAT(refused, StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("rows a second")));
  EXPECT_EQ(rpc::RetryDelay(refused), base::Duration(std::chrono::seconds(2)));
  EXPECT_EQ(StoredRows(), 10U);
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_OK(Submit({Sample("S-1"), Sample("S-2")}));
}

TEST_F(IngestLimitsTest, PeersAreNotWaitedForLongerThanTheCallerWaits) {
  const auto stub = Stub();
  v1::SubmitSamplesRequest request;
  *request.add_samples() = Sample("S-1");
  v1::SubmitSamplesResponse response;
  grpc::ClientContext context;
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(12);
  context.set_deadline(deadline);
  ASSERT_TRUE(stub->SubmitSamples(&context, request, &response).ok());
  // On the wire a deadline is a rest of time; it comes out a little later than it went in. Without
  // a caller's deadline the store is given thirty seconds.
  EXPECT_LT(timeseries_.deadline.load(), deadline + std::chrono::seconds(10));
}

}  // namespace
}  // namespace belgrand::ingest
