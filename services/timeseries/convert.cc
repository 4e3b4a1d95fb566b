#include "services/timeseries/convert.h"

#include "compliance/sealed_field.h"
#include "services/shared/content_hash.h"
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::timeseries {
namespace {

google::protobuf::Timestamp ToTimestamp(std::int64_t micros) {
  return shared::ToTimestamp(base::FromMicros(micros));
}
std::int64_t ToMicros(const google::protobuf::Timestamp& timestamp) {
  return base::ToMicros(shared::ToInstant(timestamp));
}

void ToRecord(const ingest::v1::Collection& from, Record::Collection& to) {
  to.set_sampling(from.sampling());
  if (from.has_composite_hours()) to.set_composite_hours(from.composite_hours());
  if (from.has_started_at()) to.set_started_at_us(ToMicros(from.started_at()));
  to.set_matrix(from.matrix());
  to.set_fraction(from.fraction());
  if (from.has_received_at()) to.set_received_at_us(ToMicros(from.received_at()));
  if (from.has_received_celsius()) to.set_received_celsius(from.received_celsius());
  if (from.has_hold_hours()) to.set_hold_hours(from.hold_hours());
}

void FromRecord(const Record::Collection& from, ingest::v1::Collection& to) {
  to.set_sampling(static_cast<ingest::v1::Sampling>(from.sampling()));
  if (from.has_composite_hours()) to.set_composite_hours(from.composite_hours());
  if (from.has_started_at_us()) *to.mutable_started_at() = ToTimestamp(from.started_at_us());
  to.set_matrix(static_cast<ingest::v1::Matrix>(from.matrix()));
  to.set_fraction(static_cast<ingest::v1::Fraction>(from.fraction()));
  if (from.has_received_at_us()) *to.mutable_received_at() = ToTimestamp(from.received_at_us());
  if (from.has_received_celsius()) to.set_received_celsius(from.received_celsius());
  if (from.has_hold_hours()) to.set_hold_hours(from.hold_hours());
}

void ToRecord(const ingest::v1::Quality& from, Record::Quality& to) {
  if (from.has_recovery_percent()) to.set_recovery_percent(from.recovery_percent());
  to.set_inhibition(from.inhibition());
  to.set_no_template_control(from.no_template_control());
  to.set_extraction_blank(from.extraction_blank());
}

void FromRecord(const Record::Quality& from, ingest::v1::Quality& to) {
  if (from.has_recovery_percent()) to.set_recovery_percent(from.recovery_percent());
  to.set_inhibition(static_cast<ingest::v1::Inhibition>(from.inhibition()));
  to.set_no_template_control(static_cast<ingest::v1::Control>(from.no_template_control()));
  to.set_extraction_blank(static_cast<ingest::v1::Control>(from.extraction_blank()));
}

template <typename From, typename To>
void CopyNormalisers(const From& from, To& to) {
  if (from.has_ammonium_mg_n_per_l()) to.set_ammonium_mg_n_per_l(from.ammonium_mg_n_per_l());
  if (from.has_pmmov_gc_per_l()) to.set_pmmov_gc_per_l(from.pmmov_gc_per_l());
}

void RestToRecord(const v1::SampleVersion& sample, Record& record) {
  if (sample.has_collection()) ToRecord(sample.collection(), *record.mutable_collection());
  if (sample.has_quality()) ToRecord(sample.quality(), *record.mutable_quality());
  if (sample.has_normalisers()) {
    CopyNormalisers(sample.normalisers(), *record.mutable_normalisers());
  }
  for (const ingest::v1::Replicate& from : sample.replicates()) {
    Record::Replicate& to = *record.add_replicates();
    if (from.has_value()) to.set_value(from.value());
    to.set_censoring(from.censoring());
  }
  for (const ingest::v1::ReportedNumber& from : sample.reported()) {
    Record::ReportedNumber& to = *record.add_reported();
    to.set_column(from.column());
    to.set_number(from.number());
    to.set_unit(from.unit());
    to.set_replicate(from.replicate());
  }
}

void RestFromRecord(const Record& record, v1::SampleVersion& sample) {
  if (record.has_collection()) FromRecord(record.collection(), *sample.mutable_collection());
  if (record.has_quality()) FromRecord(record.quality(), *sample.mutable_quality());
  if (record.has_normalisers()) {
    CopyNormalisers(record.normalisers(), *sample.mutable_normalisers());
  }
  for (const Record::Replicate& from : record.replicates()) {
    ingest::v1::Replicate& to = *sample.add_replicates();
    if (from.has_value()) to.set_value(from.value());
    to.set_censoring(static_cast<ingest::v1::Censoring>(from.censoring()));
  }
  for (const Record::ReportedNumber& from : record.reported()) {
    ingest::v1::ReportedNumber& to = *sample.add_reported();
    to.set_column(static_cast<ingest::v1::ReportedNumber::Column>(from.column()));
    to.set_number(from.number());
    to.set_unit(from.unit());
    to.set_replicate(from.replicate());
  }
}

}  // namespace

Record ToRecord(v1::SampleVersion sample) {
  Record record;
  record.set_laboratory_id(std::move(*sample.mutable_laboratory_id()));
  record.set_sample_id(std::move(*sample.mutable_sample_id()));
  record.set_site_id(std::move(*sample.mutable_site_id()));
  record.set_target(std::move(*sample.mutable_target()));
  record.set_gene(std::move(*sample.mutable_gene()));
  record.set_collected_at_us(ToMicros(sample.collected_at()));
  if (sample.has_known_at()) record.set_known_at_us(ToMicros(sample.known_at()));
  if (sample.has_value()) record.set_value(sample.value());
  record.set_censoring(sample.censoring());
  if (sample.has_lod()) record.set_lod(sample.lod());
  if (sample.has_loq()) record.set_loq(sample.loq());
  if (sample.has_flow_m3_per_day()) record.set_flow_m3_per_day(sample.flow_m3_per_day());
  if (sample.has_population_served()) record.set_population_served(sample.population_served());
  record.set_method_id(std::move(*sample.mutable_method_id()));
  record.set_method_version(std::move(*sample.mutable_method_version()));
  record.mutable_quality_flags()->Add(sample.quality_flags().begin(), sample.quality_flags().end());
  record.set_reported_unit(std::move(*sample.mutable_reported_unit()));
  record.set_sampled_by_sealed(std::move(*sample.mutable_sampled_by_sealed()));
  record.set_analysed_by_sealed(std::move(*sample.mutable_analysed_by_sealed()));
  record.set_amended_by_sealed(std::move(*sample.mutable_amended_by_sealed()));
  record.set_amendment_reason(std::move(*sample.mutable_amendment_reason()));
  record.set_comment(std::move(*sample.mutable_comment()));
  record.set_retest_of(std::move(*sample.mutable_retest_of()));
  record.set_voided(sample.voided());
  record.set_request_id(std::move(*sample.mutable_request_id()));
  record.set_content_hash(std::move(*sample.mutable_content_hash()));
  RestToRecord(sample, record);
  return record;
}

v1::SampleVersion ToSampleVersion(const Record& record, SealedFields sealed) {
  v1::SampleVersion sample;
  sample.set_laboratory_id(record.laboratory_id());
  sample.set_sample_id(record.sample_id());
  sample.set_site_id(record.site_id());
  sample.set_target(record.target());
  sample.set_gene(record.gene());
  *sample.mutable_collected_at() = ToTimestamp(record.collected_at_us());
  if (record.has_known_at_us()) *sample.mutable_known_at() = ToTimestamp(record.known_at_us());
  if (record.has_value()) sample.set_value(record.value());
  sample.set_censoring(static_cast<ingest::v1::Censoring>(record.censoring()));
  if (record.has_lod()) sample.set_lod(record.lod());
  if (record.has_loq()) sample.set_loq(record.loq());
  if (record.has_flow_m3_per_day()) sample.set_flow_m3_per_day(record.flow_m3_per_day());
  if (record.has_population_served()) sample.set_population_served(record.population_served());
  sample.set_method_id(record.method_id());
  sample.set_method_version(record.method_version());
  for (const int flag : record.quality_flags()) {
    sample.add_quality_flags(static_cast<ingest::v1::QualityFlag>(flag));
  }
  sample.set_reported_unit(record.reported_unit());
  if (sealed == SealedFields::kInclude) {
    sample.set_sampled_by_sealed(record.sampled_by_sealed());
    sample.set_analysed_by_sealed(record.analysed_by_sealed());
    sample.set_amended_by_sealed(record.amended_by_sealed());
  }
  sample.set_retest_of(record.retest_of());
  sample.set_voided(record.voided());
  sample.set_amendment_reason(record.amendment_reason());
  sample.set_version(record.version());
  *sample.mutable_recorded_at() = ToTimestamp(record.recorded_at_us());
  sample.set_feed_sequence(record.feed_sequence());
  sample.set_request_id(record.request_id());
  sample.set_content_hash(record.content_hash());
  RestFromRecord(record, sample);
  return sample;
}

bool HashIsDerived(const Record& record) {
  const auto sealed_whole = [](const std::string& sealed) {
    return sealed.empty() || compliance::SubjectRefOf(sealed).ok();
  };
  return record.censoring() != 0 && !record.voided() && sealed_whole(record.sampled_by_sealed()) &&
         sealed_whole(record.analysed_by_sealed());
}

std::string ContentHashOf(const Record& record) {
  if (!record.content_hash().empty() || !HashIsDerived(record)) return record.content_hash();
  const auto measurement = shared::ToMeasurement(ToSampleVersion(record, SealedFields::kLeaveOut));
  if (!measurement.ok()) return {};
  const auto reference = [](const std::string& sealed) {
    return sealed.empty() ? std::string() : *compliance::SubjectRefOf(sealed);
  };
  return shared::ContentHash(*measurement, reference(record.sampled_by_sealed()),
                             reference(record.analysed_by_sealed()), record.comment());
}

}  // namespace belgrand::timeseries
