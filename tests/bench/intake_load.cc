#include "tests/bench/intake_load.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "platform/base/check.h"

namespace belgrand::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kFirstDay = 1'577'836'800;  // 2020-01-01, s since 1970
constexpr std::int64_t kDaySeconds = 86'400;
constexpr int kDays = 1'800;
constexpr const char* kTargets[] = {"sars-cov-2", "fluav", "flubv", "rsv"};
constexpr int kSamplers = 12;
constexpr int kAnalysts = 4;
constexpr int kChannels = 8;

// Field by field as the real files have them: values with two decimals, limits that belong to the
// method, flows and populations that belong to the site.
void FillConstant(int site, ingest::v1::Sample& sample) {
  sample.set_laboratory_id(kLaboratory);
  sample.set_site_id(SiteId(site));
  sample.set_district_id(fmt::format("district-{}", site % 14));
  sample.set_unit("gc/L");
  sample.set_censoring(ingest::v1::NONE);
  sample.set_lod(316);
  sample.set_loq(968);
  sample.set_population_served(20'000 + 37 * site);
  sample.set_method_id("rt-qpcr-n1");
  sample.set_sampled_by(fmt::format("Sampler {}", site % kSamplers));
  sample.set_analysed_by(fmt::format("Analyst {}", site % kAnalysts));
}

class Tally {
 public:
  void Add(std::uint64_t rows, std::vector<double> latencies) {
    const std::lock_guard lock(mutex_);
    result_.rows += rows;
    result_.latencies_ms.insert(result_.latencies_ms.end(), latencies.begin(), latencies.end());
  }
  LoadResult Take(double seconds) {
    const std::lock_guard lock(mutex_);
    std::sort(result_.latencies_ms.begin(), result_.latencies_ms.end());
    result_.seconds = seconds;
    return std::move(result_);
  }

 private:
  std::mutex mutex_;
  LoadResult result_;
};

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double Milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

void CheckAllStored(const google::protobuf::RepeatedPtrField<ingest::v1::Verdict>& verdicts,
                    int rows) {
  BELGRAND_CHECK(verdicts.size() == rows);
  for (const ingest::v1::Verdict& verdict : verdicts) {
    BELGRAND_CHECK(verdict.outcome() == ingest::v1::Verdict::ACCEPTED);
  }
}

// The same of a compact answer, without a message for each row.
void CheckAllStored(const ingest::v1::StreamSamplesResponse& response, int rows) {
  int stored = response.verdicts_size();
  for (const ingest::v1::Verdict& verdict : response.verdicts()) {
    BELGRAND_CHECK(verdict.outcome() == ingest::v1::Verdict::ACCEPTED);
  }
  for (const auto& range : response.stored()) stored += static_cast<int>(range.count());
  BELGRAND_CHECK(stored == rows);
}

void RunStream(grpc::Channel& channel, int stream, int run, int rows_per_batch, double seconds,
               Expect expect, Tally& tally) {
  const auto stub = ingest::v1::IngestService::NewStub(
      std::shared_ptr<grpc::Channel>(&channel, [](grpc::Channel*) {}));
  RowSource source(run, stream, rows_per_batch);
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  const auto call = stub->StreamSamples(&context);
  ingest::v1::StreamSamplesRequest request;
  ingest::v1::StreamSamplesResponse response;
  request.set_compact_verdicts(true);
  std::uint64_t batches = 0;
  std::vector<double> latencies;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    source.Refill(*request.mutable_samples());
    request.set_batch_id(++batches);
    const auto sent = Clock::now();
    if (!call->Write(request) || !call->Read(&response)) {
      fmt::print(stderr, "stream ended: {}\n", call->Finish().error_message());
      std::abort();
    }
    latencies.push_back(Milliseconds(Clock::now() - sent));
    BELGRAND_CHECK(response.batch_id() == batches);
    if (expect == Expect::kVerdicts) CheckAllStored(response, rows_per_batch);
  }
  call->WritesDone();
  BELGRAND_CHECK(call->Finish().ok());
  tally.Add(batches * static_cast<std::uint64_t>(rows_per_batch), std::move(latencies));
}

}  // namespace

std::string SiteId(int site) { return fmt::format("site-{:04}", site); }

std::vector<timeseries::v1::Site> Sites() {
  std::vector<timeseries::v1::Site> sites;
  for (int i = 0; i < kSites; ++i) {
    timeseries::v1::Site& site = sites.emplace_back();
    site.set_site_id(SiteId(i));
    site.set_name(fmt::format("Site {}", i));
    site.set_district_id(fmt::format("district-{}", i % 14));
    site.set_population_served(20'000 + 37 * i);
  }
  return sites;
}

RowSource::RowSource(int run, int stream, int rows_per_batch)
    : prefix_(fmt::format("{:02}-{:02}-", run, stream)),
      rows_per_batch_(rows_per_batch),
      random_(0x9e3779b97f4a7c15U * static_cast<std::uint64_t>(run * 100 + stream + 1)) {}

void RowSource::Refill(google::protobuf::RepeatedPtrField<ingest::v1::Sample>& samples) {
  if (samples.empty()) {
    for (int i = 0; i < rows_per_batch_; ++i) samples.Add();
  }
  for (ingest::v1::Sample& sample : samples) {
    const std::uint64_t number = next_++;
    const int site = static_cast<int>(number % kSites);
    const std::uint64_t round = number / kSites;
    if (sample.site_id().empty() || rows_per_batch_ % kSites != 0) FillConstant(site, sample);
    random_ ^= random_ << 13U;
    random_ ^= random_ >> 7U;
    random_ ^= random_ << 17U;
    std::string& id = *sample.mutable_sample_id();
    id = prefix_;
    fmt::format_to(std::back_inserter(id), "{:09}", number);
    sample.set_target(kTargets[round % std::size(kTargets)]);
    const std::int64_t day = static_cast<std::int64_t>(round / std::size(kTargets)) % kDays;
    sample.mutable_collected_at()->set_seconds(kFirstDay + day * kDaySeconds + 8 * 3'600);
    sample.mutable_known_at()->set_seconds(kFirstDay + (day + 2) * kDaySeconds);
    sample.set_value(1'000 + static_cast<double>(random_ % 1'000'000) / 100);
    sample.set_flow_m3_per_day(5'000 + static_cast<double>(random_ >> 32U & 0xfffU));
  }
}

double LoadResult::latency(double quantile) const {
  if (latencies_ms.empty()) return 0;
  const auto last = static_cast<double>(latencies_ms.size() - 1);
  return latencies_ms[static_cast<std::size_t>(last * quantile)];
}

LoadResult StreamLoad(const ChannelMaker& connect, int streams, int rows_per_batch, double seconds,
                      int run, Expect expect) {
  Tally tally;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < std::min(streams, kChannels); ++i) channels.push_back(connect());
  const double cpu = CpuSeconds();
  const auto started = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < streams; ++i) {
    threads.emplace_back([&, i] {
      RunStream(*channels[static_cast<std::size_t>(i) % channels.size()], i, run, rows_per_batch,
                seconds, expect, tally);
    });
  }
  for (std::thread& thread : threads) thread.join();
  LoadResult result = tally.Take(std::chrono::duration<double>(Clock::now() - started).count());
  result.cpu_seconds = CpuSeconds() - cpu;
  return result;
}

LoadResult UnaryLoad(const ChannelMaker& connect, int clients, double seconds, int run) {
  Tally tally;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < std::min(clients, kChannels); ++i) channels.push_back(connect());
  const double cpu = CpuSeconds();
  const auto started = Clock::now();
  const auto end = started + std::chrono::duration<double>(seconds);
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] {
      const auto stub = ingest::v1::IngestService::NewStub(
          channels[static_cast<std::size_t>(i) % channels.size()]);
      RowSource source(run, i, 1);
      ingest::v1::SubmitSamplesRequest request;
      std::uint64_t rows = 0;
      std::vector<double> latencies;
      for (; Clock::now() < end; ++rows) {
        source.Refill(*request.mutable_samples());
        grpc::ClientContext context;
        context.set_wait_for_ready(true);
        ingest::v1::SubmitSamplesResponse response;
        const auto sent = Clock::now();
        const grpc::Status status = stub->SubmitSamples(&context, request, &response);
        if (!status.ok()) {
          fmt::print(stderr, "submission refused: {}\n", status.error_message());
          std::abort();
        }
        latencies.push_back(Milliseconds(Clock::now() - sent));
        CheckAllStored(response.verdicts(), 1);
      }
      tally.Add(rows, std::move(latencies));
    });
  }
  for (std::thread& thread : threads) thread.join();
  LoadResult result = tally.Take(std::chrono::duration<double>(Clock::now() - started).count());
  result.cpu_seconds = CpuSeconds() - cpu;
  return result;
}

}  // namespace belgrand::bench
