// Reads the change feed from where detection stopped, and writes what it says to the outbox.
//
// The engine's state lives in memory only. At a start the follower reads the feed from its
// beginning: up to the stored position it rebuilds the state and says nothing, after it every
// sample counts. The signals of a feed message, what is held after them and the new position are
// written in one batch.
//
// It begins anew when the feed is not the one that was followed (each call carries a FeedPoint by
// which the store recognises its own), or other detectors judge than those that wrote the position:
// all that is stored is read in silence, then alerting is told the difference (rejudge.h), under
// the next generation. Nothing is written before that, so a crash on the way repeats it.
// A feed without any sample ends no alert: the follower waits for the first.
// Limits: a rebuild reads the whole feed (its rate is logged); it uses the catalogue of sites as it
// is now: population and shares in districts are those that hold, by its word of now, when a sample
// was collected; a change of the catalogue reaches samples read five seconds later, and all at a
// rebuild.
//
// Thread safety: Run on one thread; everything else from any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "detection/engine.h"
#include "detection/gaps.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "services/detection/backoff.h"
#include "services/detection/detection_metrics.h"
#include "services/detection/discharge_book.h"
#include "services/detection/rejudge.h"
#include "services/detection/signal_outbox.h"
#include "services/detection/site_directory.h"

namespace belgrand::detection {

class Follower {
 public:
  // What the outbox has on disk.
  struct Stored {
    storage::v1::DetectionProgress progress;
    Holds holds;
  };
  // Borrows everything; `on_signals` is called after signals were written.
  Follower(std::unique_ptr<Engine> engine, SignalOutbox& outbox, DetectionMetrics& metrics,
           const base::Clock& clock, const DischargeBook& discharges, Stored stored,
           std::function<void()> on_signals);

  // Until Stop. The stubs must outlive it.
  void Run(timeseries::v1::TimeseriesService::StubInterface& timeseries,
           timeseries::v1::SiteService::StubInterface& sites);
  void Stop() { stop_.Stop(); }

  std::vector<AreaState> States(std::string_view district_id, std::string_view target);
  // The newest sample of each series; absent while the feed is not read to its end.
  std::optional<ArrivalBook> Arrivals();
  std::uint64_t processed() const { return processed_.load(); }
  std::uint64_t newest() const { return newest_.load(); }
  // OK; Unavailable while rebuilding or cut off; FailedPrecondition from when the feed turned out
  // not to be the one that was followed until all of it is judged anew.
  base::Status Health();

 private:
  // Follows until the stream ends; returns why. OutOfRange: the feed is another, and the follower
  // is set to begin anew.
  base::Status FollowOnce(timeseries::v1::TimeseriesService::StubInterface& timeseries);
  timeseries::v1::FollowFeedRequest Request() const;
  base::Status CheckSameFeed(const timeseries::v1::FollowFeedResponse& response) const;
  base::Status Take(const timeseries::v1::FollowFeedResponse& response);
  base::Status TakeSamples(const timeseries::v1::FollowFeedResponse& response,
                           std::vector<v1::Signal>& signals);
  base::Status TakeSample(const timeseries::v1::SampleVersion& version,
                          std::vector<v1::Signal>& signals);
  base::StatusOr<Observation> ToObservation(const timeseries::v1::SampleVersion& version);
  void BeginAnew(const base::Status& why);
  // All that was stored is judged: adds what alerting must hear of it, and speaks from now on.
  void FinishRebuild(std::vector<v1::Signal>& signals);
  // Signals and progress, in one batch.
  base::Status Write(const std::vector<v1::Signal>& signals);
  void LogRebuilt() const;
  base::Status HealthBetweenMessages() const;
  void SetHealth(const base::Status& health);

  base::Mutex engine_mutex_;
  std::unique_ptr<Engine> engine_ GUARDED_BY(engine_mutex_);
  ArrivalBook arrivals_ GUARDED_BY(engine_mutex_);
  SignalOutbox& outbox_;
  DetectionMetrics& metrics_;
  const base::Clock& clock_;
  const DischargeBook& discharges_;
  const std::function<void()> on_signals_;
  std::unique_ptr<SiteDirectory> directory_;
  StopSignal stop_;
  // Newest number that the engine has taken in, and that the feed has.
  std::atomic<std::uint64_t> processed_ = 0;
  std::atomic<std::uint64_t> newest_ = 0;
  // As on disk, but for the point of the feed, which runs ahead until the next write.
  storage::v1::DetectionProgress progress_;
  Holds holds_;
  const std::string fingerprint_;
  // Up to here the feed is judged in silence. Absent: up to where it reaches at the next message.
  std::optional<std::uint64_t> silent_until_;
  RejudgeReason reason_ = RejudgeReason::kRestart;
  bool rebuilt_ = false;
  // There is more to write than a position.
  bool must_write_ = false;
  google::protobuf::Timestamp last_known_;
  google::protobuf::Timestamp last_recorded_;
  std::int64_t rebuild_started_us_ = 0;
  base::Mutex health_mutex_;
  base::Status health_ GUARDED_BY(health_mutex_);
};

}  // namespace belgrand::detection
