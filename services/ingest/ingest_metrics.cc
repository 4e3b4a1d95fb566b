#include "services/ingest/ingest_metrics.h"

#include <string>

namespace belgrand::ingest {
namespace {

metrics::Counter& Rows(metrics::Registry& registry, const char* verdict) {
  return registry.AddCounter(
      "belgrand_ingest_rows_total",
      "Rows judged, by verdict; rows of validate_only calls are not counted.",
      {{"verdict", verdict}});
}

}  // namespace

IngestMetrics::IngestMetrics(metrics::Registry& registry)
    : accepted(Rows(registry, "accepted")),
      duplicate(Rows(registry, "duplicate")),
      amended(Rows(registry, "amended")),
      rejected(Rows(registry, "rejected")),
      voided(Rows(registry, "voided")),
      by_rule{},
      batch_seconds(registry.AddHistogram("belgrand_ingest_batch_duration_seconds",
                                          "Time from a batch to its verdicts, audit not included.",
                                          metrics::LatencyBuckets())),
      sealed_fields(registry.AddCounter("belgrand_ingest_sealed_fields_total",
                                        "Personal fields sealed before storage.")),
      open_streams(
          registry.AddGauge("belgrand_ingest_open_streams", "StreamSamples streams open now.")),
      bytes_in_flight(registry.AddGauge("belgrand_ingest_bytes_in_flight",
                                        "Bytes of the batches being judged now.")),
      registry_(registry) {
  for (std::size_t i = 0; i < by_rule.size(); ++i) {
    by_rule[i] = &registry.AddCounter("belgrand_ingest_findings_total",
                                      "Violations and warnings, by rule (docs/errors.md).",
                                      {{"rule", std::string(sample::kRuleNames[i])}});
  }
}

void IngestMetrics::Refused(const char* limit) {
  registry_
      .AddCounter("belgrand_ingest_refusals_total",
                  "Batches refused and streams refused or cut off, by limit.", {{"limit", limit}})
      .Increment();
}

}  // namespace belgrand::ingest
