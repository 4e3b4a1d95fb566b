// The numbers the compliance role shows: is the log written, how fast, how well covered; what was
// opened.
#pragma once

#include "platform/metrics/registry.h"

namespace belgrand::compliance {

struct ComplianceMetrics {
  explicit ComplianceMetrics(metrics::Registry& registry)
      : audit_entries(registry.AddCounter("belgrand_compliance_audit_entries_total",
                                          "Entries made durable in the audit log.")),
        audit_failures(registry.AddCounter(
            "belgrand_compliance_audit_append_failures_total",
            "Appends the audit log refused; each stopped the call that needed it.")),
        append_seconds(registry.AddHistogram("belgrand_compliance_audit_append_seconds",
                                             "Time until entries were durable.",
                                             metrics::LatencyBuckets())),
        sealed(registry.AddCounter("belgrand_compliance_fields_sealed_total",
                                   "Personal values sealed.")),
        opened(registry.AddCounter("belgrand_compliance_fields_opened_total",
                                   "Sealed values asked for, by what became of them.",
                                   {{"result", "opened"}})),
        key_dropped(registry.AddCounter("belgrand_compliance_fields_opened_total",
                                        "Sealed values asked for, by what became of them.",
                                        {{"result", "key_dropped"}})),
        altered(registry.AddCounter("belgrand_compliance_fields_opened_total",
                                    "Sealed values asked for, by what became of them.",
                                    {{"result", "altered"}})),
        retention_runs(registry.AddCounter("belgrand_compliance_retention_runs_total",
                                           "Retention plans carried out.")),
        retention_deleted(registry.AddCounter("belgrand_compliance_retention_deleted_total",
                                              "Records deleted and fields cleared by retention.")),
        retention_last_run(registry.AddGauge(
            "belgrand_compliance_retention_last_run_timestamp_seconds",
            "When retention was last carried out by this process; 0: not yet.")) {}

  metrics::Counter& audit_entries;
  metrics::Counter& audit_failures;
  metrics::Histogram& append_seconds;
  metrics::Counter& sealed;
  metrics::Counter& opened;
  metrics::Counter& key_dropped;
  metrics::Counter& altered;
  metrics::Counter& retention_runs;
  metrics::Counter& retention_deleted;
  metrics::Gauge& retention_last_run;
};

}  // namespace belgrand::compliance
