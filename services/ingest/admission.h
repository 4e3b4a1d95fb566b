// How much intake takes on at once, from whom: the gate in front of every batch and stream.
//
// A laboratory that floods is told when to come back and holds nobody else up: what it may have
// under way is bounded by itself (streams, rows, half of the bytes, rows a second), and all of them
// together by the service. Who is over a limit gets RESOURCE_EXHAUSTED with RetryInfo; nothing of
// the batch was stored.
//
// Thread safety: safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "services/ingest/ingest_metrics.h"

namespace belgrand::ingest {

// The defaults are those of config.v1.Ingest.
struct Limits {
  std::uint32_t max_batch_rows = 5'000;
  std::uint32_t max_streams = 64;
  std::uint32_t max_streams_per_laboratory = 16;
  std::uint64_t max_message_bytes = std::uint64_t{16} << 20;
  std::uint64_t max_rows_in_flight_per_laboratory = 100'000;
  std::uint64_t max_rows_per_second_per_laboratory = 0;  // 0: no limit
  std::uint64_t max_bytes_in_flight = std::uint64_t{256} << 20;
  base::Duration stream_idle_timeout = std::chrono::minutes(10);
  base::Duration acknowledgement_timeout = std::chrono::seconds(30);
};

// InvalidArgument: a limit is out of range.
base::StatusOr<Limits> ReadLimits(const config::v1::Ingest& config);

class Admission {
 public:
  // Borrows clock and metrics.
  Admission(const Limits& limits, const base::Clock& clock, IngestMetrics& metrics)
      : limits_(limits), clock_(clock), metrics_(metrics) {}

  // Gives back what it holds when it goes.
  class Ticket {
   public:
    Ticket() = default;
    ~Ticket() { Release(); }
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept;
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    friend class Admission;
    void Release();
    Admission* admission_ = nullptr;
    std::string laboratory_;
    std::uint64_t streams_ = 0;
    std::uint64_t rows_ = 0;
    std::uint64_t bytes_ = 0;
  };

  // `laboratory` is whoever the limits are counted for.
  base::StatusOr<Ticket> Stream(const std::string& laboratory);
  // InvalidArgument where the batch is over a limit by itself, whoever else is there.
  base::StatusOr<Ticket> Batch(const std::string& laboratory, std::uint64_t rows,
                               std::uint64_t bytes);

 private:
  struct Laboratory {
    std::uint64_t streams = 0;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    // Rows it may still send in this burst, as of `filled_at`.
    double allowance = 0;
    base::Instant filled_at;
  };
  base::Status CheckSize(std::uint64_t rows, std::uint64_t bytes);
  base::Status CheckShare(const Laboratory& laboratory, std::uint64_t rows, std::uint64_t bytes)
      REQUIRES_LOCK(mutex_);
  base::Status TakeAllowance(Laboratory& laboratory, std::uint64_t rows) REQUIRES_LOCK(mutex_);
  double Burst() const;
  Laboratory& Find(const std::string& name) REQUIRES_LOCK(mutex_);
  void Forget(const std::string& name) REQUIRES_LOCK(mutex_);
  void Release(const Ticket& ticket);

  const Limits limits_;
  const base::Clock& clock_;
  IngestMetrics& metrics_;
  base::Mutex mutex_;
  std::map<std::string, Laboratory> laboratories_ GUARDED_BY(mutex_);
  std::uint64_t streams_ GUARDED_BY(mutex_) = 0;
  std::uint64_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace belgrand::ingest
