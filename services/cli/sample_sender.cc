#include "services/cli/sample_sender.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"

namespace belgrand::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstWait{100};
constexpr milliseconds kLongestWait{5'000};

// gRPC's own refusals of a message that is over a limit carry no RetryInfo; intake's are
// INVALID_ARGUMENT.
bool IsTooLarge(const base::Status& status) {
  const bool over_wire = status.code() == base::StatusCode::kResourceExhausted &&
                         !rpc::RetryDelay(status) &&
                         base::Message(status).find("larger than max") != std::string::npos;
  return over_wire || status.code() == base::StatusCode::kInvalidArgument;
}

}  // namespace

bool SampleSender::IsPassing(const base::Status& status) {
  switch (status.code()) {
    case base::StatusCode::kUnavailable:
    case base::StatusCode::kDeadlineExceeded:
    case base::StatusCode::kCancelled:
    case base::StatusCode::kAborted:
      return true;
    case base::StatusCode::kResourceExhausted:
      // Without RetryInfo it is gRPC's: no thread or memory was left, or the message is too large
      // for ever.
      return rpc::RetryDelay(status).has_value() || !IsTooLarge(status);
    default:
      return false;
  }
}

milliseconds WaitBeforeRetry(const base::Status& status, milliseconds backoff,
                             std::mt19937_64& random) {
  const auto asked = rpc::RetryDelay(status);
  const milliseconds least = asked ? std::chrono::ceil<milliseconds>(*asked) : backoff;
  const auto extra = static_cast<std::uint64_t>(least.count() / 2 + 1);
  return least + milliseconds(static_cast<std::int64_t>(random() % extra));
}

SampleSender::SampleSender(const std::shared_ptr<grpc::Channel>& channel, Sleep sleep,
                           std::uint64_t seed)
    : stub_(ingest::v1::IngestService::NewStub(channel)),
      sleep_(sleep ? std::move(sleep)
                   : [](milliseconds time) { std::this_thread::sleep_for(time); }),
      random_(seed) {}

base::StatusOr<Verdicts> SampleSender::SendOnce(std::span<const ingest::v1::Sample> samples,
                                                const Options& options) {
  ingest::v1::SubmitSamplesRequest request;
  request.mutable_samples()->Assign(samples.begin(), samples.end());
  request.set_language(options.language);
  request.set_validate_only(options.persistence == Persistence::kDryRun);
  grpc::ClientContext context;
  rpc::SetTimeout(context, options.call_timeout);
  ingest::v1::SubmitSamplesResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub_->SubmitSamples(&context, request, &response)));
  if (static_cast<std::size_t>(response.verdicts_size()) != samples.size()) {
    return base::Internal("the service answered {} of {} rows", response.verdicts_size(),
                          samples.size());
  }
  return std::move(*response.mutable_verdicts());
}

base::StatusOr<Verdicts> SampleSender::SendPatiently(std::span<const ingest::v1::Sample> samples,
                                                     const Options& options) {
  milliseconds waited{0};
  milliseconds backoff = kFirstWait;
  for (;;) {
    auto verdicts = SendOnce(samples, options);
    if (verdicts.ok() || !IsPassing(verdicts.status())) return verdicts;
    const milliseconds wait = WaitBeforeRetry(verdicts.status(), backoff, random_);
    // A wait that patience does not reach is not begun.
    if (waited + wait > options.patience) return verdicts;
    if (options.on_wait) options.on_wait(verdicts.status(), wait);
    sleep_(wait);
    waited += wait;
    backoff = std::min(backoff * 2, kLongestWait);
  }
}

base::StatusOr<Verdicts> SampleSender::Send(std::span<const ingest::v1::Sample> samples,
                                            const Options& options) {
  Verdicts all;
  while (!samples.empty()) {
    const auto part = samples.first(std::min(samples.size(), fitting_rows_));
    auto verdicts = SendPatiently(part, options);
    if (!verdicts.ok()) {
      if (!IsTooLarge(verdicts.status()) || part.size() == 1) return verdicts.status();
      fitting_rows_ = (part.size() + 1) / 2;
      continue;
    }
    for (auto& verdict : *verdicts) {
      verdict.set_row(static_cast<std::uint32_t>(all.size()));
      *all.Add() = std::move(verdict);
    }
    samples = samples.subspan(part.size());
  }
  return all;
}

}  // namespace belgrand::cli
