#include "services/detection/detection_metrics.h"

namespace belgrand::detection {
namespace {

metrics::Counter& Signals(metrics::Registry& registry, const char* change) {
  return registry.AddCounter("belgrand_detection_signals_total", "Signals by what they say.",
                             {{"change", change}});
}

}  // namespace

DetectionMetrics::DetectionMetrics(metrics::Registry& registry)
    : samples(registry.AddCounter("belgrand_detection_samples_total",
                                  "Sample versions read from the change feed.")),
      processed_sequence(registry.AddGauge("belgrand_detection_processed_sequence",
                                           "Newest feed number that is processed.")),
      lag(registry.AddGauge("belgrand_detection_lag_samples",
                            "Sample versions in the feed that are not processed yet.")),
      unreadable(registry.AddCounter("belgrand_detection_unreadable_samples_total",
                                     "Stored versions that detection could not read.")),
      spike_raised(Signals(registry, "spike_raised")),
      rise_raised(Signals(registry, "rise_raised")),
      updated(Signals(registry, "updated")),
      cleared(Signals(registry, "cleared")),
      update_seconds(registry.AddHistogram("belgrand_detection_update_seconds",
                                           "Time to take in one sample.",
                                           {1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 0.1, 1})),
      outbox_depth(registry.AddGauge("belgrand_detection_outbox_signals",
                                     "Signals that alerting does not have yet.")),
      handover_failures(registry.AddCounter("belgrand_detection_handover_failures_total",
                                            "Attempts to hand signals to alerting that failed.")),
      feed_reconnects(registry.AddCounter("belgrand_detection_feed_reconnects_total",
                                          "Times the change feed had to be followed anew.")),
      feed_replacements(registry.AddCounter(
          "belgrand_detection_feed_replacements_total",
          "Times the time series database turned out to be another one or an older copy.")),
      rejudgements(registry.AddCounter(
          "belgrand_detection_rejudgements_total",
          "Times all samples were judged anew and alerting was told what holds now.")) {}

void DetectionMetrics::CountSignal(const SignalChange& change) {
  switch (change.phase) {
    case Phase::kRaised:
      (change.kind == SignalKind::kSpike ? spike_raised : rise_raised).Increment();
      return;
    case Phase::kUpdated:
      updated.Increment();
      return;
    case Phase::kCleared:
      cleared.Increment();
      return;
  }
}

}  // namespace belgrand::detection
