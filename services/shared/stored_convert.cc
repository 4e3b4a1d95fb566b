#include "services/shared/stored_convert.h"

#include "platform/base/time.h"

namespace belgrand::shared {
namespace {

using storage::v1::SampleRecord;

void WriteCollection(const sample::Collection& from, SampleRecord::Collection& to) {
  to.set_sampling(static_cast<int>(from.sampling));
  if (from.composite_hours) to.set_composite_hours(*from.composite_hours);
  if (from.started_at) to.set_started_at_us(base::ToMicros(*from.started_at));
  to.set_matrix(static_cast<int>(from.matrix));
  to.set_fraction(static_cast<int>(from.fraction));
  if (from.received_at) to.set_received_at_us(base::ToMicros(*from.received_at));
  if (from.received_celsius) to.set_received_celsius(*from.received_celsius);
  if (from.hold_hours) to.set_hold_hours(*from.hold_hours);
}

void WriteControls(const sample::Controls& from, SampleRecord::Quality& to) {
  if (from.recovery_percent) to.set_recovery_percent(*from.recovery_percent);
  to.set_inhibition(static_cast<int>(from.inhibition));
  to.set_no_template_control(static_cast<int>(from.no_template_control));
  to.set_extraction_blank(static_cast<int>(from.extraction_blank));
}

void WriteNormalisers(const sample::Normalisers& from, SampleRecord& record) {
  if (from.ammonium_mg_n_per_l) {
    record.mutable_normalisers()->set_ammonium_mg_n_per_l(*from.ammonium_mg_n_per_l);
  }
  if (from.pmmov_gc_per_l) {
    record.mutable_normalisers()->set_pmmov_gc_per_l(*from.pmmov_gc_per_l);
  }
}

void WriteRest(const sample::Measurement& m, SampleRecord& record) {
  if (m.collection != sample::Collection()) {
    WriteCollection(m.collection, *record.mutable_collection());
  }
  if (m.controls != sample::Controls()) WriteControls(m.controls, *record.mutable_quality());
  WriteNormalisers(m.normalisers, record);
  for (const sample::Replicate& replicate : m.replicates) {
    SampleRecord::Replicate& to = *record.add_replicates();
    if (replicate.value) to.set_value(*replicate.value);
    to.set_censoring(static_cast<int>(replicate.censoring));
  }
  for (const sample::Reported& reported : m.reported) {
    SampleRecord::ReportedNumber& to = *record.add_reported();
    to.set_column(static_cast<int>(reported.column));
    to.set_number(reported.number);
    to.set_unit(reported.unit);
    to.set_replicate(reported.replicate);
  }
}

}  // namespace

void ToStored(const sample::Measurement& m, SampleRecord& record) {
  record.set_laboratory_id(m.laboratory_id);
  record.set_sample_id(m.sample_id);
  record.set_site_id(m.site_id);
  record.set_target(m.target);
  // An empty text that is set is an allocation.
  if (!m.gene.empty()) record.set_gene(m.gene);
  record.set_collected_at_us(base::ToMicros(m.collected_at));
  if (m.known_at) record.set_known_at_us(base::ToMicros(*m.known_at));
  if (m.value) record.set_value(*m.value);
  record.set_censoring(static_cast<int>(m.censoring));
  if (m.lod) record.set_lod(*m.lod);
  if (m.loq) record.set_loq(*m.loq);
  if (m.flow_m3_per_day) record.set_flow_m3_per_day(*m.flow_m3_per_day);
  if (m.population_served) record.set_population_served(*m.population_served);
  if (!m.method_id.empty()) record.set_method_id(m.method_id);
  if (!m.method_version.empty()) record.set_method_version(m.method_version);
  for (const sample::QualityFlag flag : m.quality_flags) {
    record.add_quality_flags(static_cast<int>(flag));
  }
  if (!m.retest_of.empty()) record.set_retest_of(m.retest_of);
  WriteRest(m, record);
}

}  // namespace belgrand::shared
