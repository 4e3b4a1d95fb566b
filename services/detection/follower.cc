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
                   const base::Clock& clock, const DischargeBook& discharges, Stored stored,
                   std::function<void()> on_signals)
    : engine_(std::move(engine)),
      outbox_(outbox),
      metrics_(metrics),
      clock_(clock),
      discharges_(discharges),
      on_signals_(std::move(on_signals)),
      progress_(std::move(stored.progress)),
      holds_(std::move(stored.holds)),
      fingerprint_(engine_->Fingerprint()),
      silent_until_(progress_.processed_sequence()),
      rebuilt_(silent_until_ == 0),
      health_(base::Unavailable("detection has not read the change feed yet")) {
  if (!rebuilt_ && progress_.detectors() != fingerprint_) {
    reason_ = RejudgeReason::kOtherDetectors;
    base::Log(LogLevel::kWarning, "detection_detectors_changed",
              {{"before", progress_.detectors()}, {"now", fingerprint_}});
  }
}

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

std::optional<ArrivalBook> Follower::Arrivals() {
  if (!Health().ok() || processed_.load() < newest_.load()) return std::nullopt;
  base::MutexLock lock(engine_mutex_);
  return arrivals_;
}

base::Status Follower::HealthBetweenMessages() const {
  if (rebuilt_) return base::OkStatus();
  if (reason_ == RejudgeReason::kOtherFeed) {
    return base::FailedPrecondition(
        "the time series database is another or an older one than detection has followed: "
        "detection judges it from its beginning, {} samples read; until it has one, alerts stay as "
        "they are",
        processed_.load());
  }
  return base::Unavailable("detection rebuilds its state: {} of {} samples read", processed_.load(),
                           silent_until_.value_or(0));
}

void Follower::Run(timeseries::v1::TimeseriesService::StubInterface& timeseries,
                   timeseries::v1::SiteService::StubInterface& sites) {
  directory_ = std::make_unique<SiteDirectory>(sites, stop_);
  Backoff backoff(std::chrono::milliseconds(100), std::chrono::seconds(5));
  rebuild_started_us_ = SteadyMicros();
  while (!stop_.stopped()) {
    const std::uint64_t before = processed_.load();
    base::Status status = directory_->Refresh(clock_.Now());
    if (status.ok()) {
      // The feed may have nothing new for days: that the catalogue answers is the sign of life.
      SetHealth(HealthBetweenMessages());
      status = FollowOnce(timeseries);
    }
    if (stop_.stopped()) return;
    if (processed_.load() > before) backoff.Reset();
    const base::Duration wait = backoff.Next();
    base::Log(LogLevel::kWarning, "detection_feed_interrupted",
              {{"status", status}, {"retry_in_ms", wait.count() / 1000}});
    metrics_.feed_reconnects.Increment();
    SetHealth(status.code() == base::StatusCode::kOutOfRange
                  ? HealthBetweenMessages()
                  : base::Unavailable("the change feed is interrupted: {}", base::Message(status)));
    stop_.Pause(wait);
  }
}

timeseries::v1::FollowFeedRequest Follower::Request() const {
  timeseries::v1::FollowFeedRequest request;
  request.set_after_sequence(processed_.load());
  timeseries::v1::FeedPoint& handled = *request.mutable_handled();
  handled.set_feed_id(progress_.feed_id());
  handled.set_sequence(progress_.point_sequence());
  handled.set_digest(progress_.point_digest());
  // A position of an older version, which kept no point: at least its number must exist.
  if (progress_.feed_id().empty()) handled.set_sequence(silent_until_.value_or(0));
  return request;
}

base::Status Follower::FollowOnce(timeseries::v1::TimeseriesService::StubInterface& timeseries) {
  grpc::ClientContext context;
  const StopSignal::Call call(stop_, context);
  const auto reader = timeseries.FollowFeed(&context, Request());
  timeseries::v1::FollowFeedResponse response;
  base::Status status;
  while (status.ok() && reader->Read(&response)) {
    status = CheckSameFeed(response);
    if (status.ok()) status = Take(response);
  }
  if (!status.ok()) context.TryCancel();
  const grpc::Status ended = reader->Finish();
  if (status.ok()) {
    status = ended.ok() ? base::Unavailable("the feed ended") : rpc::FromGrpc(ended);
  }
  if (status.code() == base::StatusCode::kOutOfRange) BeginAnew(status);
  return status;
}

base::Status Follower::CheckSameFeed(const timeseries::v1::FollowFeedResponse& response) const {
  const std::string& feed_id = response.point().feed_id();
  const bool another =
      !feed_id.empty() && !progress_.feed_id().empty() && feed_id != progress_.feed_id();
  const std::uint64_t reached = std::max(processed_.load(), silent_until_.value_or(0));
  if (!another && response.newest_sequence() >= reached) return base::OkStatus();
  return base::MakeStatus(
      base::StatusCode::kOutOfRange,
      fmt::format("detection has handled number {}, the feed ends at {}{}", reached,
                  response.newest_sequence(), another ? " and has another id" : ""));
}

void Follower::BeginAnew(const base::Status& why) {
  base::Log(LogLevel::kError, "detection_feed_replaced",
            {{"status", why},
             {"handled_sequence", progress_.processed_sequence()},
             {"held_signals", holds_.size()}});
  metrics_.feed_replacements.Increment();
  {
    base::MutexLock lock(engine_mutex_);
    engine_->Reset();
    arrivals_.Clear();
  }
  processed_.store(0);
  newest_.store(0);
  progress_.clear_feed_id();
  progress_.clear_point_sequence();
  progress_.clear_point_digest();
  silent_until_.reset();
  reason_ = RejudgeReason::kOtherFeed;
  rebuilt_ = false;
  rebuild_started_us_ = SteadyMicros();
}

base::Status Follower::Take(const timeseries::v1::FollowFeedResponse& response) {
  newest_.store(response.newest_sequence());
  if (!silent_until_) silent_until_ = response.newest_sequence();
  if (!response.point().feed_id().empty()) progress_.set_feed_id(response.point().feed_id());
  std::vector<v1::Signal> signals;
  // What was said before a failure must still reach the disk.
  const base::Status taken = TakeSamples(response, signals);
  const std::uint64_t last = std::max(processed_.load(), *silent_until_);
  if (rebuilt_ && (must_write_ || last > progress_.processed_sequence())) {
    progress_.set_processed_sequence(last);
    progress_.set_detectors(fingerprint_);
    RETURN_IF_ERROR(Write(signals));
    must_write_ = false;
    if (!signals.empty()) on_signals_();
  }
  RETURN_IF_ERROR(taken);
  metrics_.processed_sequence.Set(static_cast<double>(processed_.load()));
  metrics_.lag.Set(
      static_cast<double>(newest_.load() - std::min(processed_.load(), newest_.load())));
  SetHealth(HealthBetweenMessages());
  return base::OkStatus();
}

base::Status Follower::TakeSamples(const timeseries::v1::FollowFeedResponse& response,
                                   std::vector<v1::Signal>& signals) {
  if (!response.samples().empty()) RETURN_IF_ERROR(directory_->RefreshIfOld(clock_.Now()));
  for (const timeseries::v1::SampleVersion& version : response.samples()) {
    if (version.feed_sequence() <= processed_.load()) continue;  // sent again after a reconnect
    if (version.feed_sequence() > *silent_until_) FinishRebuild(signals);
    RETURN_IF_ERROR(TakeSample(version, signals));
    // The engine has it: should the write fail, the sample must not be taken in twice.
    processed_.store(version.feed_sequence());
    last_recorded_ = version.recorded_at();
    last_known_ = version.has_known_at() ? version.known_at() : version.recorded_at();
  }
  if (response.point().sequence() > progress_.point_sequence()) {
    progress_.set_point_sequence(response.point().sequence());
    progress_.set_point_digest(response.point().digest());
  }
  const std::uint64_t covered = std::max(processed_.load(), response.covered_sequence());
  if (covered >= *silent_until_) FinishRebuild(signals);
  return base::OkStatus();
}

void Follower::FinishRebuild(std::vector<v1::Signal>& signals) {
  if (rebuilt_) return;
  rebuilt_ = true;
  LogRebuilt();
  Rejudgement judgement;
  judgement.reason = reason_;
  judgement.feed_sequence = *silent_until_;
  // Above every generation of a directory that was lost.
  judgement.generation = std::max(progress_.generation() + 1,
                                  static_cast<std::uint64_t>(base::ToMicros(clock_.Now())));
  judgement.known_at = last_known_;
  judgement.recorded_at = last_recorded_;
  {
    base::MutexLock lock(engine_mutex_);
    judgement.detectors = engine_->detectors();
    const auto held = engine_->Held(*silent_until_, shared::ToInstant(last_known_));
    signals = Rejudge(judgement, holds_, held);
  }
  if (reason_ == RejudgeReason::kRestart && signals.empty()) return;
  reason_ = RejudgeReason::kRestart;
  must_write_ = true;
  progress_.set_generation(judgement.generation);
  std::uint64_t cleared = 0;
  for (const v1::Signal& signal : signals) {
    const bool over = signal.phase() == v1::Signal::CLEARED;
    (over ? metrics_.cleared : metrics_.updated).Increment();
    cleared += over ? 1 : 0;
    Follow(holds_, signal);
  }
  metrics_.rejudgements.Increment();
  base::Log(LogLevel::kWarning, "detection_judged_anew",
            {{"held", signals.size() - cleared},
             {"ended", cleared},
             {"generation", judgement.generation}});
}

base::Status Follower::Write(const std::vector<v1::Signal>& signals) {
  base::Status written = outbox_.Commit(progress_, signals);
  // Signals exist only here and now: keep trying until they are on disk or the process ends, when
  // the stored position makes the next start say them again.
  Backoff backoff(std::chrono::milliseconds(200), std::chrono::seconds(10));
  while (!written.ok()) {
    base::Log(LogLevel::kError, "detection_outbox_write_failed", {{"status", written}});
    SetHealth(written);
    if (stop_.Pause(backoff.Next())) return written;
    written = outbox_.Commit(progress_, signals);
  }
  return written;
}

void Follower::LogRebuilt() const {
  const double seconds = static_cast<double>(SteadyMicros() - rebuild_started_us_) * 1e-6;
  const std::uint64_t samples = processed_.load();
  base::Log(LogLevel::kInfo, "detection_state_rebuilt",
            {{"samples", samples},
             {"seconds", seconds},
             {"samples_per_second", static_cast<double>(samples) / std::max(seconds, 1e-6)}});
}

base::StatusOr<Observation> Follower::ToObservation(const timeseries::v1::SampleVersion& version) {
  Observation observation;
  observation.voided = version.voided();
  if (observation.voided) {
    observation.measurement = shared::IdentityOf(version);
  } else {
    ASSIGN_OR_RETURN(observation.measurement, shared::ToMeasurement(version));
  }
  const sample::Measurement& row = observation.measurement;
  const sample::Site* site = directory_->Find(row.site_id);
  if (site == nullptr) {
    RETURN_IF_ERROR(directory_->Refresh(clock_.Now()));
    site = directory_->Find(row.site_id);
  }
  // The store refuses rows of unknown sites, so this is a site that was taken out of the catalogue.
  observation.district_id = site != nullptr ? site->district_id : row.site_id;
  observation.population =
      row.population_served.value_or(site != nullptr ? site->PopulationAt(row.collected_at) : 0);
  if (site != nullptr) observation.shares = site->SharesAt(row.collected_at);
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
    const sample::Measurement& row = observation->measurement;
    arrivals_.Take(row.site_id, row.target, row.laboratory_id, row.collected_at);
  }
  metrics_.update_seconds.Observe(static_cast<double>(SteadyMicros() - started) * 1e-6);
  metrics_.samples.Increment();
  if (!rebuilt_) return base::OkStatus();
  for (SignalChange& change : changes) {
    TagDischarges(discharges_, change);
    metrics_.CountSignal(change);
    v1::Signal& signal = signals.emplace_back(ToProto(change));
    signal.set_generation(progress_.generation());
    *signal.mutable_recorded_at() = version.recorded_at();
    Follow(holds_, signal);
  }
  return base::OkStatus();
}

}  // namespace belgrand::detection
