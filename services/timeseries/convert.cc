#include "services/timeseries/convert.h"

#include "services/shared/timestamp.h"

namespace belgrand::timeseries {
namespace {

google::protobuf::Timestamp ToTimestamp(std::int64_t micros) {
  return shared::ToTimestamp(base::FromMicros(micros));
}
std::int64_t ToMicros(const google::protobuf::Timestamp& timestamp) {
  return base::ToMicros(shared::ToInstant(timestamp));
}

}  // namespace

Record ToRecord(const v1::SampleVersion& sample) {
  Record record;
  record.set_laboratory_id(sample.laboratory_id());
  record.set_sample_id(sample.sample_id());
  record.set_site_id(sample.site_id());
  record.set_target(sample.target());
  record.set_collected_at_us(ToMicros(sample.collected_at()));
  if (sample.has_known_at()) record.set_known_at_us(ToMicros(sample.known_at()));
  if (sample.has_value()) record.set_value(sample.value());
  record.set_censoring(sample.censoring());
  if (sample.has_lod()) record.set_lod(sample.lod());
  if (sample.has_loq()) record.set_loq(sample.loq());
  if (sample.has_flow_m3_per_day()) record.set_flow_m3_per_day(sample.flow_m3_per_day());
  if (sample.has_population_served()) record.set_population_served(sample.population_served());
  record.set_method_id(sample.method_id());
  record.mutable_quality_flags()->Add(sample.quality_flags().begin(), sample.quality_flags().end());
  record.set_reported_unit(sample.reported_unit());
  record.set_sampled_by_sealed(sample.sampled_by_sealed());
  record.set_analysed_by_sealed(sample.analysed_by_sealed());
  record.set_amendment_reason(sample.amendment_reason());
  record.set_request_id(sample.request_id());
  record.set_content_hash(sample.content_hash());
  return record;
}

v1::SampleVersion ToSampleVersion(const Record& record, SealedFields sealed) {
  v1::SampleVersion sample;
  sample.set_laboratory_id(record.laboratory_id());
  sample.set_sample_id(record.sample_id());
  sample.set_site_id(record.site_id());
  sample.set_target(record.target());
  *sample.mutable_collected_at() = ToTimestamp(record.collected_at_us());
  if (record.has_known_at_us()) *sample.mutable_known_at() = ToTimestamp(record.known_at_us());
  if (record.has_value()) sample.set_value(record.value());
  sample.set_censoring(static_cast<ingest::v1::Censoring>(record.censoring()));
  if (record.has_lod()) sample.set_lod(record.lod());
  if (record.has_loq()) sample.set_loq(record.loq());
  if (record.has_flow_m3_per_day()) sample.set_flow_m3_per_day(record.flow_m3_per_day());
  if (record.has_population_served()) sample.set_population_served(record.population_served());
  sample.set_method_id(record.method_id());
  for (const int flag : record.quality_flags()) {
    sample.add_quality_flags(static_cast<ingest::v1::QualityFlag>(flag));
  }
  sample.set_reported_unit(record.reported_unit());
  if (sealed == SealedFields::kInclude) {
    sample.set_sampled_by_sealed(record.sampled_by_sealed());
    sample.set_analysed_by_sealed(record.analysed_by_sealed());
  }
  sample.set_amendment_reason(record.amendment_reason());
  sample.set_version(record.version());
  *sample.mutable_recorded_at() = ToTimestamp(record.recorded_at_us());
  sample.set_feed_sequence(record.feed_sequence());
  sample.set_request_id(record.request_id());
  sample.set_content_hash(record.content_hash());
  return sample;
}

storage::v1::SiteRecord ToSiteRecord(const v1::Site& site) {
  storage::v1::SiteRecord record;
  record.set_site_id(site.site_id());
  record.set_name(site.name());
  record.set_district_id(site.district_id());
  record.set_population_served(site.population_served());
  return record;
}

v1::Site ToSite(const storage::v1::SiteRecord& record) {
  v1::Site site;
  site.set_site_id(record.site_id());
  site.set_name(record.name());
  site.set_district_id(record.district_id());
  site.set_population_served(record.population_served());
  return site;
}

}  // namespace belgrand::timeseries
