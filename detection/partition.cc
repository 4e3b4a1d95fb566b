#include "detection/partition.h"

#include <atomic>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

namespace belgrand::detection {

std::vector<Partition> PartitionByGroup(const std::vector<Observation>& observations) {
  std::map<std::pair<std::string_view, std::string_view>, Partition> by_group;
  for (const Observation& o : observations) {
    by_group[{o.district_id, o.measurement.target}].push_back(&o);
  }
  std::vector<Partition> partitions;
  for (auto& [key, partition] : by_group) partitions.push_back(std::move(partition));
  return partitions;
}

void Progress::Add(std::size_t observations) {
  if (!on_progress_) return;
  const base::MutexLock lock(mutex_);
  done_ += observations;
  on_progress_(done_, total_);
}

void InParallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> pool;
  for (unsigned i = 1; i < threads; ++i) pool.emplace_back(run);
  run();
}

}  // namespace belgrand::detection
