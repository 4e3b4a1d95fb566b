// What detection counts. Each metric answers a question of the operator.
//
// Thread safety: safe.
#pragma once

#include "detection/signal.h"
#include "platform/metrics/registry.h"

namespace belgrand::detection {

struct DetectionMetrics {
  explicit DetectionMetrics(metrics::Registry& registry);
  void CountSignal(const SignalChange& change);

  // How much has been read, and how far behind the newest sample are we?
  metrics::Counter& samples;
  metrics::Gauge& processed_sequence;
  metrics::Gauge& lag;
  // Stored versions that could not be read: each one is a gap in detection.
  metrics::Counter& unreadable;
  // What was said?
  metrics::Counter& spike_raised;
  metrics::Counter& rise_raised;
  metrics::Counter& updated;
  metrics::Counter& cleared;
  // What does one sample cost?
  metrics::Histogram& update_seconds;
  // Signals that alerting does not have yet.
  metrics::Gauge& outbox_depth;
  metrics::Counter& handover_failures;
  metrics::Counter& feed_reconnects;
  // Was the time series database replaced under us, and how often was everything judged anew?
  metrics::Counter& feed_replacements;
  metrics::Counter& rejudgements;
};

}  // namespace belgrand::detection
