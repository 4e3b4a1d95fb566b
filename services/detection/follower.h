// Reads the change feed from where detection stopped, and writes what it says to the outbox.
//
// The engine's state lives in memory only. At a start the follower reads the feed from its
// beginning: up to the stored position it rebuilds the state and says nothing, after it every
// sample counts. The signals of a feed message and the new position are written in one batch.
// Limits: a rebuild reads the whole feed (its rate is logged); it uses the catalogue of sites as it
// is now, so a site that changed its district counts as if it had always lain there.
//
// Thread safety: Run on one thread; everything else from any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "detection/engine.h"
#include "platform/base/mutex.h"
#include "services/detection/backoff.h"
#include "services/detection/detection_metrics.h"
#include "services/detection/signal_outbox.h"
#include "services/detection/site_directory.h"

namespace belgrand::detection {

class Follower {
 public:
  // Borrows everything; `on_signals` is called after signals were written.
  Follower(std::unique_ptr<Engine> engine, SignalOutbox& outbox, DetectionMetrics& metrics,
           std::uint64_t stored_position, std::function<void()> on_signals);

  // Until Stop. The stubs must outlive it.
  void Run(timeseries::v1::TimeseriesService::StubInterface& timeseries,
           timeseries::v1::SiteService::StubInterface& sites);
  void Stop() { stop_.Stop(); }

  std::vector<AreaState> States(std::string_view district_id, std::string_view target);
  std::uint64_t processed() const { return processed_.load(); }
  std::uint64_t newest() const { return newest_.load(); }
  // OK; Unavailable while rebuilding or cut off; FailedPrecondition when the feed is not the one
  // that was followed before.
  base::Status Health();

 private:
  // Follows until the stream ends; returns why.
  base::Status FollowOnce(timeseries::v1::TimeseriesService::StubInterface& timeseries);
  base::Status Take(const timeseries::v1::FollowFeedResponse& response);
  base::Status TakeSample(const timeseries::v1::SampleVersion& version,
                          std::vector<v1::Signal>& signals);
  base::StatusOr<Observation> ToObservation(const timeseries::v1::SampleVersion& version);
  // Signals and position, in one batch.
  base::Status Write(std::uint64_t position, const std::vector<v1::Signal>& signals);
  void LogRebuilt();
  void SetHealth(const base::Status& health);

  base::Mutex engine_mutex_;
  std::unique_ptr<Engine> engine_ GUARDED_BY(engine_mutex_);
  SignalOutbox& outbox_;
  DetectionMetrics& metrics_;
  const std::uint64_t stored_position_;
  const std::function<void()> on_signals_;
  std::unique_ptr<SiteDirectory> directory_;
  StopSignal stop_;
  // Newest number that the engine has taken in, and that the feed has.
  std::atomic<std::uint64_t> processed_ = 0;
  std::atomic<std::uint64_t> newest_ = 0;
  std::int64_t rebuild_started_us_ = 0;
  bool rebuilt_ = false;
  base::Mutex health_mutex_;
  base::Status health_ GUARDED_BY(health_mutex_);
};

}  // namespace belgrand::detection
