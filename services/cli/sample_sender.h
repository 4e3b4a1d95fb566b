// Sends samples to intake and brings back a verdict for each: the one way of every client command.
//
// A call that may pass is made again until patience is over, which is safe: what had been stored
// comes back as DUPLICATE. Between two attempts the sender waits as long as the service asked for
// (RetryInfo), else for a time that doubles; always somewhat longer than that, by chance, so that
// laboratories cut off together do not come back together. A batch that is too large for the
// service is halved, and the size that fitted is kept for the next.
//
// Thread safety: externally synchronised.
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>

#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "platform/base/error.h"

namespace belgrand::cli {

enum class Persistence {
  kStore,
  // Judge only: nothing is stored.
  kDryRun,
};

using Verdicts = google::protobuf::RepeatedPtrField<ingest::v1::Verdict>;

class SampleSender {
 public:
  struct Options {
    Persistence persistence = Persistence::kStore;
    ingest::v1::Language language = ingest::v1::LANGUAGE_UNSPECIFIED;
    // Waiting for a service that does not answer or is busy, at most this long for each batch.
    std::chrono::milliseconds patience = std::chrono::seconds(60);
    // Told before each wait; may be empty.
    std::function<void(const base::Status& status, std::chrono::milliseconds wait)> on_wait = {};
    // Of one call; a service that takes longer counts as one that does not answer.
    std::chrono::milliseconds call_timeout = std::chrono::seconds(60);
  };
  using Sleep = std::function<void(std::chrono::milliseconds)>;

  // `sleep` and `seed` are for tests; by default the thread sleeps and chance is chance.
  explicit SampleSender(const std::shared_ptr<grpc::Channel>& channel, Sleep sleep = nullptr,
                        std::uint64_t seed = std::random_device()());

  // One verdict a sample, in order. The status of the service when it refused for good, or the last
  // one when patience ran out.
  base::StatusOr<Verdicts> Send(std::span<const ingest::v1::Sample> samples,
                                const Options& options);

  // Whether the same call may succeed later.
  static bool IsPassing(const base::Status& status);

 private:
  base::StatusOr<Verdicts> SendPatiently(std::span<const ingest::v1::Sample> samples,
                                         const Options& options);
  base::StatusOr<Verdicts> SendOnce(std::span<const ingest::v1::Sample> samples,
                                    const Options& options);

  const std::unique_ptr<ingest::v1::IngestService::Stub> stub_;
  const Sleep sleep_;
  std::mt19937_64 random_;
  // No batch larger than this fitted.
  std::size_t fitting_rows_ = SIZE_MAX;
};

// The wait before the next attempt: at least `asked` where the service asked, else `backoff`; up to
// half as long again by chance.
std::chrono::milliseconds WaitBeforeRetry(const base::Status& status,
                                          std::chrono::milliseconds backoff,
                                          std::mt19937_64& random);

}  // namespace belgrand::cli
