// What intake counts. Each metric answers a question of the operator.
//
// Thread safety: safe.
#pragma once

#include <array>

#include "platform/metrics/registry.h"
#include "sample/rule.h"

namespace belgrand::ingest {

struct IngestMetrics {
  explicit IngestMetrics(metrics::Registry& registry);

  // What became of the rows?
  metrics::Counter& accepted;
  metrics::Counter& duplicate;
  metrics::Counter& amended;
  metrics::Counter& rejected;
  metrics::Counter& voided;
  // Why are rows rejected or warned of?
  std::array<metrics::Counter*, sample::kRuleNames.size()> by_rule;
  // How long does a laboratory wait for its verdicts?
  metrics::Histogram& batch_seconds;
  metrics::Counter& sealed_fields;
  metrics::Gauge& open_streams;
  metrics::Gauge& bytes_in_flight;
  // Which limit turns clients away? One of the names of docs/runbook.md, "Limits".
  void Refused(const char* limit);

 private:
  metrics::Registry& registry_;
};

}  // namespace belgrand::ingest
