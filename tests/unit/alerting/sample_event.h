// One alert event with everything in it.
#pragma once

#include "belgrand/alerting/v1/alerting.pb.h"

namespace belgrand::alerting::testing {

inline v1::AlertEvent SampleEvent() {
  constexpr std::int64_t kDay = 86'400;
  constexpr std::int64_t kCollected = 1'604'275'200;  // 2020-11-02
  v1::AlertEvent event;
  event.set_sequence(7);
  event.set_kind(v1::OPENED);
  event.mutable_at()->set_seconds(kCollected + 2 * kDay + 33'120);
  v1::Alert& alert = *event.mutable_alert();
  alert.set_alert_id("%C3%8Ele/SARS-CoV-2/trend");
  alert.set_district_id("Île");
  alert.set_target("SARS-CoV-2");
  alert.set_rule("trend");
  alert.set_kind(detection::v1::RISE);
  alert.set_state(v1::OPEN);
  alert.set_severity(detection::v1::WARNING);
  *alert.mutable_opened_at() = event.at();
  *alert.mutable_changed_at() = event.at();
  alert.mutable_observed_at()->set_seconds(kCollected);
  alert.set_episode(2);
  alert.add_active_areas("Île");
  alert.add_active_areas("works-1");
  detection::v1::Evidence& evidence = *alert.mutable_evidence();
  evidence.set_score(5.25);
  evidence.set_limit(4);
  evidence.set_baseline_log10(3.6);
  evidence.set_estimate_log10(4.2);
  evidence.set_lower_log10(4.0);
  evidence.set_upper_log10(4.4);
  evidence.set_growth_per_day(0.0693);
  evidence.set_probability_rising(0.982);
  evidence.set_explanation(
      "The level of the district has grown for three weeks <faster & faster>; the newest two "
      "samples "
      "lie above what the last eight weeks let us expect.");
  for (int i = 0; i < 3; ++i) {
    auto& sample = *evidence.add_samples();
    sample.set_laboratory_id("lab-1");
    sample.set_sample_id("S-10" + std::to_string(i));
    sample.set_site_id("works-1");
    sample.mutable_collected_at()->set_seconds(kCollected - (2 - i) * 7 * kDay);
    sample.set_expected_log10(3.6);
    if (i == 0) {
      sample.set_censoring(ingest::v1::BELOW_LOD);
      sample.set_lod(1'180);
      sample.set_residual(-0.8);
    } else {
      sample.set_censoring(ingest::v1::NONE);
      sample.set_value(8'000.4 * i);
      sample.set_residual(2.1 * i);
    }
  }
  auto& site = *evidence.add_sites();
  site.set_site_id("works-1");
  site.set_weight(0.625);
  site.set_estimate_log10(4.2);
  site.set_growth_per_day(0.0693);
  return event;
}

}  // namespace belgrand::alerting::testing
