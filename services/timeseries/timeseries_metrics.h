// What the time series role measures.
//
// Thread safety: safe. Must be destroyed before the store and the followers it reads.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "platform/metrics/registry.h"
#include "services/timeseries/follower_set.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::timeseries {

class TimeseriesMetrics {
 public:
  TimeseriesMetrics(metrics::Registry& registry, const SampleStore& store,
                    const FollowerSet& followers);

  void CountRows(const std::vector<AppendResult>& results);
  // From the request's arrival until it is on disk.
  void ObserveAppend(base::Duration elapsed);

 private:
  std::map<Outcome, metrics::Counter*> rows_;
  metrics::Histogram& append_seconds_;
  std::vector<std::shared_ptr<void>> gauges_;
};

}  // namespace belgrand::timeseries
