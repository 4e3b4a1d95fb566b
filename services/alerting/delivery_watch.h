// Watches that alerts can be delivered: runs the exercises, and tells a watcher outside for as long
// as all is well.
//
// The heartbeat is withheld when the disk refuses writes, a delivery is overdue, or the newest
// exercise failed; the watcher outside shouts when it hears nothing, also when this whole process
// is gone. Thread safety: safe. Borrows everything it is given.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "alerting/book.h"
#include "alerting/exercise.h"
#include "belgrand/config/v1/config.pb.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "platform/metrics/registry.h"

namespace belgrand::alerting {

// Everything that is wrong with the sections, in words; reads the files they name.
std::vector<std::string> CheckHeartbeat(const config::v1::Heartbeat& heartbeat);
std::vector<std::string> CheckExercise(const config::v1::Exercise& exercise);

class DeliveryWatch {
 public:
  // `store_status`: why the store refuses writes. Absent sections of the configuration do nothing.
  DeliveryWatch(const config::v1::Alerting& config, std::set<std::string> streams, AlertBook& book,
                const base::Clock& clock, metrics::Registry& metrics,
                std::function<base::Status()> store_status);
  ~DeliveryWatch();

  void Start();
  // Idempotent; ends a call under way.
  void Stop();

  // What Start does every second: exercises, then the heartbeat when it is due.
  void Tick();

 private:
  void StepExercise();
  void Beat();
  // Why alerts cannot be trusted to arrive; empty: they can.
  std::string Trouble() const;
  void AddMetrics(metrics::Registry& metrics);

  const config::v1::Heartbeat heartbeat_;
  const bool beats_;
  const std::set<std::string> streams_;
  AlertBook& book_;
  const base::Clock& clock_;
  const std::function<base::Status()> store_status_;
  std::unique_ptr<ExerciseDrill> drill_;  // null: no exercises
  base::Instant next_beat_{};
  std::string trouble_;

  // Microseconds since 1970; 0: never. Read by scrapes.
  std::atomic<std::int64_t> passed_at_us_ = 0;
  std::atomic<std::int64_t> beat_at_us_ = 0;
  std::atomic<bool> exercise_failed_ = false;
  std::atomic<bool> cancelled_ = false;
  const base::Instant created_;

  base::Mutex mutex_;
  base::CondVar stopped_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
  std::vector<std::shared_ptr<void>> gauges_;
};

}  // namespace belgrand::alerting
