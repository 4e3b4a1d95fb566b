// The form in which services pass a validated row on.
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::shared {
namespace {

using timeseries::v1::SampleVersion;

void WriteCollection(const sample::Collection& from, SampleVersion& version) {
  if (from == sample::Collection()) return;
  ingest::v1::Collection& to = *version.mutable_collection();
  to.set_sampling(static_cast<ingest::v1::Sampling>(from.sampling));
  to.set_matrix(static_cast<ingest::v1::Matrix>(from.matrix));
  to.set_fraction(static_cast<ingest::v1::Fraction>(from.fraction));
  if (from.composite_hours) to.set_composite_hours(*from.composite_hours);
  if (from.started_at) *to.mutable_started_at() = ToTimestamp(*from.started_at);
  if (from.received_at) *to.mutable_received_at() = ToTimestamp(*from.received_at);
  if (from.received_celsius) to.set_received_celsius(*from.received_celsius);
  if (from.hold_hours) to.set_hold_hours(*from.hold_hours);
}

void ReadCollection(const ingest::v1::Collection& from, sample::Collection& to) {
  to.sampling = static_cast<sample::Sampling>(from.sampling());
  to.matrix = static_cast<sample::Matrix>(from.matrix());
  to.fraction = static_cast<sample::Fraction>(from.fraction());
  if (from.has_composite_hours()) to.composite_hours = from.composite_hours();
  if (from.has_started_at()) to.started_at = ToInstant(from.started_at());
  if (from.has_received_at()) to.received_at = ToInstant(from.received_at());
  if (from.has_received_celsius()) to.received_celsius = from.received_celsius();
  if (from.has_hold_hours()) to.hold_hours = from.hold_hours();
}

void WriteControls(const sample::Controls& from, SampleVersion& version) {
  if (from == sample::Controls()) return;
  ingest::v1::Quality& to = *version.mutable_quality();
  if (from.recovery_percent) to.set_recovery_percent(*from.recovery_percent);
  to.set_inhibition(static_cast<ingest::v1::Inhibition>(from.inhibition));
  to.set_no_template_control(static_cast<ingest::v1::Control>(from.no_template_control));
  to.set_extraction_blank(static_cast<ingest::v1::Control>(from.extraction_blank));
}

void ReadControls(const ingest::v1::Quality& from, sample::Controls& to) {
  if (from.has_recovery_percent()) to.recovery_percent = from.recovery_percent();
  to.inhibition = static_cast<sample::Inhibition>(from.inhibition());
  to.no_template_control = static_cast<sample::Control>(from.no_template_control());
  to.extraction_blank = static_cast<sample::Control>(from.extraction_blank());
}

void WriteRest(const sample::Measurement& m, SampleVersion& version) {
  WriteCollection(m.collection, version);
  WriteControls(m.controls, version);
  if (m.normalisers.ammonium_mg_n_per_l) {
    version.mutable_normalisers()->set_ammonium_mg_n_per_l(*m.normalisers.ammonium_mg_n_per_l);
  }
  if (m.normalisers.pmmov_gc_per_l) {
    version.mutable_normalisers()->set_pmmov_gc_per_l(*m.normalisers.pmmov_gc_per_l);
  }
  for (const sample::Replicate& replicate : m.replicates) {
    ingest::v1::Replicate& to = *version.add_replicates();
    if (replicate.value) to.set_value(*replicate.value);
    to.set_censoring(static_cast<ingest::v1::Censoring>(replicate.censoring));
  }
  for (const sample::Reported& reported : m.reported) {
    ingest::v1::ReportedNumber& to = *version.add_reported();
    to.set_column(static_cast<ingest::v1::ReportedNumber::Column>(reported.column));
    to.set_number(reported.number);
    to.set_unit(reported.unit);
    to.set_replicate(reported.replicate);
  }
}

void ReadRest(const SampleVersion& version, sample::Measurement& m) {
  if (version.has_collection()) ReadCollection(version.collection(), m.collection);
  if (version.has_quality()) ReadControls(version.quality(), m.controls);
  if (version.has_normalisers()) {
    const ingest::v1::Normalisers& from = version.normalisers();
    if (from.has_ammonium_mg_n_per_l()) {
      m.normalisers.ammonium_mg_n_per_l = from.ammonium_mg_n_per_l();
    }
    if (from.has_pmmov_gc_per_l()) m.normalisers.pmmov_gc_per_l = from.pmmov_gc_per_l();
  }
  for (const ingest::v1::Replicate& from : version.replicates()) {
    sample::Replicate& to = m.replicates.emplace_back();
    if (from.has_value()) to.value = from.value();
    to.censoring = static_cast<sample::Censoring>(from.censoring());
  }
  for (const ingest::v1::ReportedNumber& from : version.reported()) {
    m.reported.push_back({.column = static_cast<sample::ReportedColumn>(from.column()),
                          .number = from.number(),
                          .unit = from.unit(),
                          .replicate = from.replicate()});
  }
}

}  // namespace

timeseries::v1::SampleVersion ToVersion(const sample::Measurement& measurement) {
  timeseries::v1::SampleVersion version;
  version.set_sample_id(measurement.sample_id);
  version.set_laboratory_id(measurement.laboratory_id);
  version.set_site_id(measurement.site_id);
  *version.mutable_collected_at() = ToTimestamp(measurement.collected_at);
  if (measurement.known_at) *version.mutable_known_at() = ToTimestamp(*measurement.known_at);
  version.set_target(measurement.target);
  version.set_gene(measurement.gene);
  if (measurement.value) version.set_value(*measurement.value);
  version.set_censoring(static_cast<ingest::v1::Censoring>(measurement.censoring));
  if (measurement.lod) version.set_lod(*measurement.lod);
  if (measurement.loq) version.set_loq(*measurement.loq);
  if (measurement.flow_m3_per_day) version.set_flow_m3_per_day(*measurement.flow_m3_per_day);
  if (measurement.population_served) version.set_population_served(*measurement.population_served);
  version.set_method_id(measurement.method_id);
  version.set_method_version(measurement.method_version);
  version.set_retest_of(measurement.retest_of);
  for (const sample::QualityFlag flag : measurement.quality_flags) {
    version.add_quality_flags(static_cast<ingest::v1::QualityFlag>(flag));
  }
  WriteRest(measurement, version);
  return version;
}

sample::Measurement IdentityOf(const SampleVersion& version) {
  sample::Measurement m;
  m.sample_id = version.sample_id();
  m.laboratory_id = version.laboratory_id();
  m.site_id = version.site_id();
  m.target = version.target();
  m.gene = version.gene();
  m.collected_at = ToInstant(version.collected_at());
  return m;
}

base::StatusOr<sample::Measurement> ToMeasurement(const timeseries::v1::SampleVersion& version) {
  if (!version.has_collected_at() || version.censoring() == ingest::v1::CENSORING_UNSPECIFIED ||
      !ingest::v1::Censoring_IsValid(version.censoring())) {
    return base::DataLoss("version {} of sample \"{}\" has no collected_at or censoring code {}",
                          version.version(), version.sample_id(),
                          static_cast<int>(version.censoring()));
  }
  sample::Measurement m;
  m.sample_id = version.sample_id();
  m.laboratory_id = version.laboratory_id();
  m.site_id = version.site_id();
  m.target = version.target();
  m.gene = version.gene();
  m.collected_at = ToInstant(version.collected_at());
  if (version.has_known_at()) m.known_at = ToInstant(version.known_at());
  if (version.has_value()) m.value = version.value();
  m.censoring = static_cast<sample::Censoring>(version.censoring());
  if (version.has_lod()) m.lod = version.lod();
  if (version.has_loq()) m.loq = version.loq();
  if (version.has_flow_m3_per_day()) m.flow_m3_per_day = version.flow_m3_per_day();
  if (version.has_population_served()) m.population_served = version.population_served();
  m.method_id = version.method_id();
  m.method_version = version.method_version();
  m.retest_of = version.retest_of();
  for (const int flag : version.quality_flags()) {
    m.quality_flags.push_back(static_cast<sample::QualityFlag>(flag));
  }
  ReadRest(version, m);
  return m;
}

}  // namespace belgrand::shared
