#include "services/ingest/admission.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "platform/rpc/status.h"
#include "services/ingest/ingest_service.h"

namespace belgrand::ingest {
namespace {

// A laboratory may send this long at its rate at once.
constexpr std::uint64_t kBurstSeconds = 10;
constexpr base::Duration kBatchRetry = std::chrono::milliseconds(500);
constexpr base::Duration kStreamRetry = std::chrono::seconds(5);
// Of one laboratory, in max_bytes_in_flight.
constexpr std::uint64_t kByteShare = 2;
// Laboratories remembered only for their rate; beyond it those that are idle are forgotten.
constexpr std::size_t kRemembered = 10'000;

base::Duration ToDuration(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + base::Duration(duration.nanos() / 1000);
}

}  // namespace

base::StatusOr<Limits> ReadLimits(const config::v1::Ingest& config) {
  Limits limits;
  if (config.max_batch_rows() > kMaxBatchRows) {
    return base::InvalidArgument("ingest.max_batch_rows is {}: set at most {}",
                                 config.max_batch_rows(), kMaxBatchRows);
  }
  const auto set = [](auto& limit, auto configured) {
    if (configured != 0) limit = configured;
  };
  set(limits.max_batch_rows, config.max_batch_rows());
  set(limits.max_streams, config.max_streams());
  set(limits.max_streams_per_laboratory, config.max_streams_per_laboratory());
  set(limits.max_message_bytes, config.max_message_bytes());
  set(limits.max_rows_in_flight_per_laboratory, config.max_rows_in_flight_per_laboratory());
  set(limits.max_rows_per_second_per_laboratory, config.max_rows_per_second_per_laboratory());
  set(limits.max_bytes_in_flight, config.max_bytes_in_flight());
  if (config.has_stream_idle_timeout()) {
    limits.stream_idle_timeout = ToDuration(config.stream_idle_timeout());
  }
  if (config.has_acknowledgement_timeout()) {
    limits.acknowledgement_timeout = ToDuration(config.acknowledgement_timeout());
  }
  return limits;
}

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept {
  std::swap(admission_, other.admission_);
  std::swap(laboratory_, other.laboratory_);
  std::swap(streams_, other.streams_);
  std::swap(rows_, other.rows_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void Admission::Ticket::Release() {
  if (admission_ != nullptr) std::exchange(admission_, nullptr)->Release(*this);
}

double Admission::Burst() const {
  // One whole batch must fit, or it could never be sent.
  return static_cast<double>(std::max<std::uint64_t>(
      kBurstSeconds * limits_.max_rows_per_second_per_laboratory, limits_.max_batch_rows));
}

Admission::Laboratory& Admission::Find(const std::string& name) {
  const auto [found, fresh] = laboratories_.try_emplace(name);
  if (fresh) {
    found->second.allowance = Burst();
    found->second.filled_at = clock_.Now();
  }
  return found->second;
}

// Whoever holds nothing and has a full allowance is like one never seen.
void Admission::Forget(const std::string& name) {
  const auto found = laboratories_.find(name);
  if (found == laboratories_.end()) return;
  const Laboratory& laboratory = found->second;
  if (laboratory.streams > 0 || laboratory.rows > 0) return;
  if (limits_.max_rows_per_second_per_laboratory == 0 || laboratories_.size() > kRemembered) {
    laboratories_.erase(found);
  }
}

base::Status Admission::CheckSize(std::uint64_t rows, std::uint64_t bytes) {
  if (rows > limits_.max_batch_rows) {
    metrics_.Refused("batch_rows");
    return base::InvalidArgument(
        "the batch has {} rows and the limit is {}: send smaller batches, or raise "
        "ingest.max_batch_rows",
        rows, limits_.max_batch_rows);
  }
  if (bytes > limits_.max_message_bytes) {
    metrics_.Refused("message_bytes");
    return base::InvalidArgument(
        "the batch has {} bytes and the limit is {}: send smaller batches, or raise "
        "ingest.max_message_bytes",
        bytes, limits_.max_message_bytes);
  }
  return base::OkStatus();
}

base::Status Admission::CheckShare(const Laboratory& laboratory, std::uint64_t rows,
                                   std::uint64_t bytes) {
  if (laboratory.rows + rows > limits_.max_rows_in_flight_per_laboratory) {
    metrics_.Refused("rows_in_flight");
    return rpc::WithRetryDelay(
        base::ResourceExhausted("{} rows of this laboratory are being judged, {} more would be "
                                "over the limit of {}: wait for verdicts before sending more",
                                laboratory.rows, rows, limits_.max_rows_in_flight_per_laboratory),
        kBatchRetry);
  }
  if (bytes_ + bytes > limits_.max_bytes_in_flight ||
      laboratory.bytes + bytes > limits_.max_bytes_in_flight / kByteShare) {
    metrics_.Refused("bytes_in_flight");
    return rpc::WithRetryDelay(
        base::ResourceExhausted(
            "{} bytes are being judged, {} of this laboratory, and the limits are {} and {}: wait "
            "for verdicts before sending more",
            bytes_, laboratory.bytes, limits_.max_bytes_in_flight,
            limits_.max_bytes_in_flight / kByteShare),
        kBatchRetry);
  }
  return base::OkStatus();
}

base::Status Admission::TakeAllowance(Laboratory& laboratory, std::uint64_t rows) {
  const auto rate = static_cast<double>(limits_.max_rows_per_second_per_laboratory);
  if (rate == 0) return base::OkStatus();
  const base::Instant now = clock_.Now();
  const double seconds =
      std::max(0.0, std::chrono::duration<double>(now - laboratory.filled_at).count());
  laboratory.allowance = std::min(Burst(), laboratory.allowance + seconds * rate);
  laboratory.filled_at = now;
  const double missing = static_cast<double>(rows) - laboratory.allowance;
  if (missing > 0) {
    metrics_.Refused("rows_per_second");
    return rpc::WithRetryDelay(
        base::ResourceExhausted("this laboratory sends more than {} rows a second: come back later",
                                limits_.max_rows_per_second_per_laboratory),
        std::chrono::ceil<base::Duration>(std::chrono::duration<double>(missing / rate)));
  }
  laboratory.allowance -= static_cast<double>(rows);
  return base::OkStatus();
}

base::StatusOr<Admission::Ticket> Admission::Batch(const std::string& name, std::uint64_t rows,
                                                   std::uint64_t bytes) {
  RETURN_IF_ERROR(CheckSize(rows, bytes));
  const base::MutexLock lock(mutex_);
  Laboratory& laboratory = Find(name);
  base::Status status = CheckShare(laboratory, rows, bytes);
  if (status.ok()) status = TakeAllowance(laboratory, rows);
  if (!status.ok()) {
    Forget(name);
    return status;
  }
  laboratory.rows += rows;
  laboratory.bytes += bytes;
  bytes_ += bytes;
  metrics_.bytes_in_flight.Set(static_cast<double>(bytes_));
  Ticket ticket;
  ticket.admission_ = this;
  ticket.laboratory_ = name;
  ticket.rows_ = rows;
  ticket.bytes_ = bytes;
  return ticket;
}

base::StatusOr<Admission::Ticket> Admission::Stream(const std::string& name) {
  const base::MutexLock lock(mutex_);
  if (streams_ >= limits_.max_streams) {
    metrics_.Refused("streams");
    return rpc::WithRetryDelay(
        base::ResourceExhausted(
            "{} streams are open and the limit is {}: try again later, or use SubmitSamples",
            streams_, limits_.max_streams),
        kStreamRetry);
  }
  Laboratory& laboratory = Find(name);
  if (laboratory.streams >= limits_.max_streams_per_laboratory) {
    metrics_.Refused("streams_per_laboratory");
    return rpc::WithRetryDelay(
        base::ResourceExhausted("this laboratory has {} streams open and the limit is {}: use "
                                "those, or SubmitSamples",
                                laboratory.streams, limits_.max_streams_per_laboratory),
        kStreamRetry);
  }
  ++laboratory.streams;
  ++streams_;
  metrics_.open_streams.Set(static_cast<double>(streams_));
  Ticket ticket;
  ticket.admission_ = this;
  ticket.laboratory_ = name;
  ticket.streams_ = 1;
  return ticket;
}

void Admission::Release(const Ticket& ticket) {
  const base::MutexLock lock(mutex_);
  Laboratory& laboratory = Find(ticket.laboratory_);
  laboratory.streams -= ticket.streams_;
  laboratory.rows -= ticket.rows_;
  laboratory.bytes -= ticket.bytes_;
  streams_ -= ticket.streams_;
  bytes_ -= ticket.bytes_;
  metrics_.open_streams.Set(static_cast<double>(streams_));
  metrics_.bytes_in_flight.Set(static_cast<double>(bytes_));
  Forget(ticket.laboratory_);
}

}  // namespace belgrand::ingest
