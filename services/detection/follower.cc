#include "services/detection/follower.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>

#include "platform/base/log.h"
#include "platform/rpc/status.h"
#include "services/detection/wire.h"
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::detection {
namespace {

using base::LogLevel;

std::int64_t SteadyMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Follower::Follower(std::unique_ptr<Engine> engine, SignalOutbox& outbox, DetectionMetrics& metrics,
                   std::uint64_t stored_position, std::function<void()> on_signals)
    : engine_(std::move(engine)),
      outbox_(outbox),
      metrics_(metrics),
      stored_position_(stored_position),
      on_signals_(std::move(on_signals)),
      rebuilt_(stored_position == 0),
      health_(base::Unavailable("detection has not read the change feed yet")) {}

void Follower::SetHealth(const base::Status& health) {
  base::MutexLock lock(health_mutex_);
  health_ = health;
}

base::Status Follower::Health() {
  base::MutexLock lock(health_mutex_);
  return health_;
}

std::vector<AreaState> Follower::States(std::string_view district_id, std::string_view target) {
  base::MutexLock lock(engine_mutex_);
  return engine_->States(district_id, target);
}

void Follower::Run(timeseries::v1::TimeseriesService::StubInterface& timeseries,
                   timeseries::v1::SiteService::StubInterface& sites) {
  directory_ = std::make_unique<SiteDirectory>(sites, stop_);
  Backoff backoff(std::chrono::milliseconds(100), std::chrono::seconds(5));
  rebuild_started_us_ = SteadyMicros();
  bool wrong_feed = false;
  while (!stop_.stopped()) {
    const std::uint64_t before = processed_.load();
    base::Status status = directory_->Refresh();
    if (status.ok()) {
      // The feed may have nothing new for days: that the catalogue answers is the sign of life.
      if (rebuilt_ && !wrong_feed) SetHealth(base::OkStatus());
      status = FollowOnce(timeseries);
    }
    if (stop_.stopped()) return;
    if (processed_.load() != before) backoff.Reset();
    wrong_feed = status.code() == base::StatusCode::kFailedPrecondition;
    const base::Duration wait = backoff.Next();
    base::Log(LogLevel::kWarning, "detection_feed_interrupted",
              {{"status", status}, {"retry_in_ms", wait.count() / 1000}});
    metrics_.feed_reconnects.Increment();
    SetHealth(wrong_feed
                  ? status
                  : base::Unavailable("the change feed is interrupted: {}", base::Message(status)));
    stop_.Pause(wait);
  }
}

base::Status Follower::FollowOnce(timeseries::v1::TimeseriesService::StubInterface& timeseries) {
  grpc::ClientContext context;
  const StopSignal::Call call(stop_, context);
  timeseries::v1::FollowFeedRequest request;
  request.set_after_sequence(processed_.load());
  const auto reader = timeseries.FollowFeed(&context, request);
  timeseries::v1::FollowFeedResponse response;
  base::Status taken;
  while (reader->Read(&response)) {
    taken = Take(response);
    if (!taken.ok()) {
      context.TryCancel();
      break;
    }
  }
  const grpc::Status ended = reader->Finish();
  if (!taken.ok()) return taken;
  if (ended.error_code() == grpc::StatusCode::OUT_OF_RANGE) {
    return base::FailedPrecondition(
        "detection is at {} and the feed does not reach that far: the time series database is "
        "another or an older one; restore it, or move detection's data directory away to begin "
        "anew",
        processed_.load());
  }
  if (ended.ok()) return base::Unavailable("the feed ended");
  return rpc::FromGrpc(ended);
}

base::Status Follower::Take(const timeseries::v1::FollowFeedResponse& response) {
  if (response.newest_sequence() < stored_position_) {
    return base::FailedPrecondition(
        "detection had processed {} and the feed ends at {}: the time series database is another "
        "or "
        "an older one; restore it, or move detection's data directory away to begin anew",
        stored_position_, response.newest_sequence());
  }
  newest_.store(response.newest_sequence());
  std::vector<v1::Signal> signals;
  std::uint64_t last = processed_.load();
  base::Status taken;
  for (const timeseries::v1::SampleVersion& version : response.samples()) {
    if (version.feed_sequence() <= last) continue;  // sent again after a reconnect
    taken = TakeSample(version, signals);
    // What was said before the failure must still reach the disk.
    if (!taken.ok()) break;
    last = version.feed_sequence();
    // The engine has it: should the write below fail, the sample must not be taken in twice.
    processed_.store(last);
  }
  if (last > stored_position_) {
    RETURN_IF_ERROR(Write(last, signals));
    if (!signals.empty()) on_signals_();
  }
  RETURN_IF_ERROR(taken);
  if (last >= stored_position_) LogRebuilt();
  metrics_.processed_sequence.Set(static_cast<double>(last));
  metrics_.lag.Set(static_cast<double>(newest_.load() - std::min(last, newest_.load())));
  SetHealth(rebuilt_ ? base::OkStatus()
                     : base::Unavailable("detection rebuilds its state: {} of {} samples read",
                                         last, stored_position_));
  return base::OkStatus();
}

base::Status Follower::Write(std::uint64_t position, const std::vector<v1::Signal>& signals) {
  base::Status written = outbox_.Commit(position, signals);
  // Signals exist only here and now: keep trying until they are on disk or the process ends, when
  // the stored position makes the next start say them again.
  Backoff backoff(std::chrono::milliseconds(200), std::chrono::seconds(10));
  while (!written.ok()) {
    base::Log(LogLevel::kError, "detection_outbox_write_failed", {{"status", written}});
    SetHealth(written);
    if (stop_.Pause(backoff.Next())) return written;
    written = outbox_.Commit(position, signals);
  }
  return written;
}

void Follower::LogRebuilt() {
  if (rebuilt_) return;
  rebuilt_ = true;
  const double seconds = static_cast<double>(SteadyMicros() - rebuild_started_us_) * 1e-6;
  base::Log(
      LogLevel::kInfo, "detection_state_rebuilt",
      {{"samples", stored_position_},
       {"seconds", seconds},
       {"samples_per_second", static_cast<double>(stored_position_) / std::max(seconds, 1e-6)}});
}

base::StatusOr<Observation> Follower::ToObservation(const timeseries::v1::SampleVersion& version) {
  Observation observation;
  ASSIGN_OR_RETURN(observation.measurement, shared::ToMeasurement(version));
  const sample::Measurement& row = observation.measurement;
  const sample::Site* site = directory_->Find(row.site_id);
  if (site == nullptr) {
    RETURN_IF_ERROR(directory_->Refresh());
    site = directory_->Find(row.site_id);
  }
  // The store refuses rows of unknown sites, so this is a site that was taken out of the catalogue.
  observation.district_id = site != nullptr ? site->district_id : row.site_id;
  observation.population =
      row.population_served.value_or(site != nullptr ? site->population_served : 0);
  observation.known_at = row.known_at.value_or(shared::ToInstant(version.recorded_at()));
  observation.feed_sequence = version.feed_sequence();
  observation.version = version.version();
  return observation;
}

base::Status Follower::TakeSample(const timeseries::v1::SampleVersion& version,
                                  std::vector<v1::Signal>& signals) {
  const auto observation = ToObservation(version);
  if (!observation.ok()) {
    if (observation.status().code() != base::StatusCode::kDataLoss) return observation.status();
    base::Log(LogLevel::kError, "detection_sample_unreadable",
              {{"feed_sequence", version.feed_sequence()}, {"status", observation.status()}});
    metrics_.unreadable.Increment();
    return base::OkStatus();
  }
  const std::int64_t started = SteadyMicros();
  std::vector<SignalChange> changes;
  {
    base::MutexLock lock(engine_mutex_);
    changes = engine_->OnSample(*observation);
  }
  metrics_.update_seconds.Observe(static_cast<double>(SteadyMicros() - started) * 1e-6);
  metrics_.samples.Increment();
  if (version.feed_sequence() <= stored_position_) return base::OkStatus();
  for (const SignalChange& change : changes) {
    metrics_.CountSignal(change);
    signals.push_back(ToProto(change));
  }
  return base::OkStatus();
}

}  // namespace belgrand::detection
