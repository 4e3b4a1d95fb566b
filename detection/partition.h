// A history cut into the parts that do not influence one another, and worked off in parallel.
//
// Used by the backtest and by the sweep over thresholds. Results are written by position, so they
// do not depend on the number of threads. Thread safety: Progress may be called from any thread;
// its callback is called by one at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "detection/observation.h"
#include "platform/base/mutex.h"

namespace belgrand::detection {

// Everything of one district and target, in the order in which it became known.
using Partition = std::vector<const Observation*>;
std::vector<Partition> PartitionByGroup(const std::vector<Observation>& observations);

// Called now and then with the observations read so far and all there are.
using OnProgress = std::function<void(std::size_t done, std::size_t total)>;

class Progress {
 public:
  Progress(std::size_t total, OnProgress on_progress)
      : total_(total), on_progress_(std::move(on_progress)) {}
  void Add(std::size_t observations);

 private:
  const std::size_t total_;
  const OnProgress on_progress_;
  base::Mutex mutex_;
  std::size_t done_ GUARDED_BY(mutex_) = 0;
};

// Calls work(i) for each i < count on `threads` threads, in no certain order.
void InParallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work);

}  // namespace belgrand::detection
