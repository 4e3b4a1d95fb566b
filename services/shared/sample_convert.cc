#include "services/shared/sample_convert.h"

#include <string>

#include "services/shared/timestamp.h"

namespace belgrand::shared {
namespace {

using google::protobuf::Timestamp;
using sample::Field;

Field<base::Instant> ReadTime(bool present, const Timestamp& timestamp) {
  Field<base::Instant> field;
  if (present) field.value = ToInstant(timestamp);
  return field;
}

Field<double> ReadNumber(bool present, double number) {
  Field<double> field;
  if (present) field.value = number;
  return field;
}

Field<sample::Censoring> ReadCensoring(ingest::v1::Censoring censoring) {
  Field<sample::Censoring> field;
  if (censoring == ingest::v1::CENSORING_UNSPECIFIED) return field;
  if (ingest::v1::Censoring_IsValid(censoring)) {
    field.value = static_cast<sample::Censoring>(censoring);
  } else {
    field.text = std::to_string(censoring);
  }
  return field;
}

template <typename T>
base::Status RequireReadable(const Field<T>& field, std::string_view name) {
  if (field.value.has_value() || field.text.empty()) return base::OkStatus();
  return base::InvalidArgument("{} cannot be sent: its text is not a value", name);
}

base::Status RequireSendable(const sample::Row& row) {
  RETURN_IF_ERROR(RequireReadable(row.collected_at, "collected_at"));
  RETURN_IF_ERROR(RequireReadable(row.known_at, "known_at"));
  RETURN_IF_ERROR(RequireReadable(row.value, "value"));
  RETURN_IF_ERROR(RequireReadable(row.censoring, "censoring"));
  RETURN_IF_ERROR(RequireReadable(row.lod, "lod"));
  RETURN_IF_ERROR(RequireReadable(row.loq, "loq"));
  RETURN_IF_ERROR(RequireReadable(row.flow_m3_per_day, "flow_m3_per_day"));
  RETURN_IF_ERROR(RequireReadable(row.population_served, "population_served"));
  if (!row.unknown_quality_flags.empty()) {
    return base::InvalidArgument(
        "quality_flags cannot be sent: they hold a code that is not known");
  }
  return base::OkStatus();
}

}  // namespace

sample::Row ToRow(const ingest::v1::Sample& sample) {
  sample::Row row;
  row.sample_id = sample.sample_id();
  row.laboratory_id = sample.laboratory_id();
  row.site_id = sample.site_id();
  row.district_id = sample.district_id();
  row.collected_at = ReadTime(sample.has_collected_at(), sample.collected_at());
  row.known_at = ReadTime(sample.has_known_at(), sample.known_at());
  row.target = sample.target();
  row.value = ReadNumber(sample.has_value(), sample.value());
  row.unit = sample.unit();
  row.censoring = ReadCensoring(sample.censoring());
  row.lod = ReadNumber(sample.has_lod(), sample.lod());
  row.loq = ReadNumber(sample.has_loq(), sample.loq());
  row.flow_m3_per_day = ReadNumber(sample.has_flow_m3_per_day(), sample.flow_m3_per_day());
  row.population_served = ReadNumber(sample.has_population_served(), sample.population_served());
  row.method_id = sample.method_id();
  for (const int flag : sample.quality_flags()) {
    if (flag != ingest::v1::QUALITY_FLAG_UNSPECIFIED && ingest::v1::QualityFlag_IsValid(flag)) {
      row.quality_flags.push_back(static_cast<sample::QualityFlag>(flag));
    } else {
      row.unknown_quality_flags.push_back(std::to_string(flag));
    }
  }
  row.sampled_by = sample.sampled_by();
  row.analysed_by = sample.analysed_by();
  row.amendment_reason = sample.amendment_reason();
  return row;
}

base::StatusOr<ingest::v1::Sample> ToProto(const sample::Row& row) {
  RETURN_IF_ERROR(RequireSendable(row));
  ingest::v1::Sample sample;
  sample.set_sample_id(row.sample_id);
  sample.set_laboratory_id(row.laboratory_id);
  sample.set_site_id(row.site_id);
  sample.set_district_id(row.district_id);
  if (row.collected_at.value) *sample.mutable_collected_at() = ToTimestamp(*row.collected_at.value);
  if (row.known_at.value) *sample.mutable_known_at() = ToTimestamp(*row.known_at.value);
  sample.set_target(row.target);
  if (row.value.value) sample.set_value(*row.value.value);
  sample.set_unit(row.unit);
  if (row.censoring.value) {
    sample.set_censoring(static_cast<ingest::v1::Censoring>(*row.censoring.value));
  }
  if (row.lod.value) sample.set_lod(*row.lod.value);
  if (row.loq.value) sample.set_loq(*row.loq.value);
  if (row.flow_m3_per_day.value) sample.set_flow_m3_per_day(*row.flow_m3_per_day.value);
  if (row.population_served.value) sample.set_population_served(*row.population_served.value);
  sample.set_method_id(row.method_id);
  for (const sample::QualityFlag flag : row.quality_flags) {
    sample.add_quality_flags(static_cast<ingest::v1::QualityFlag>(flag));
  }
  sample.set_sampled_by(row.sampled_by);
  sample.set_analysed_by(row.analysed_by);
  sample.set_amendment_reason(row.amendment_reason);
  return sample;
}

timeseries::v1::SampleVersion ToVersion(const sample::Measurement& measurement) {
  timeseries::v1::SampleVersion version;
  version.set_sample_id(measurement.sample_id);
  version.set_laboratory_id(measurement.laboratory_id);
  version.set_site_id(measurement.site_id);
  *version.mutable_collected_at() = ToTimestamp(measurement.collected_at);
  if (measurement.known_at) *version.mutable_known_at() = ToTimestamp(*measurement.known_at);
  version.set_target(measurement.target);
  if (measurement.value) version.set_value(*measurement.value);
  version.set_censoring(static_cast<ingest::v1::Censoring>(measurement.censoring));
  if (measurement.lod) version.set_lod(*measurement.lod);
  if (measurement.loq) version.set_loq(*measurement.loq);
  if (measurement.flow_m3_per_day) version.set_flow_m3_per_day(*measurement.flow_m3_per_day);
  if (measurement.population_served) version.set_population_served(*measurement.population_served);
  version.set_method_id(measurement.method_id);
  for (const sample::QualityFlag flag : measurement.quality_flags) {
    version.add_quality_flags(static_cast<ingest::v1::QualityFlag>(flag));
  }
  return version;
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
  m.collected_at = ToInstant(version.collected_at());
  if (version.has_known_at()) m.known_at = ToInstant(version.known_at());
  if (version.has_value()) m.value = version.value();
  m.censoring = static_cast<sample::Censoring>(version.censoring());
  if (version.has_lod()) m.lod = version.lod();
  if (version.has_loq()) m.loq = version.loq();
  if (version.has_flow_m3_per_day()) m.flow_m3_per_day = version.flow_m3_per_day();
  if (version.has_population_served()) m.population_served = version.population_served();
  m.method_id = version.method_id();
  for (const int flag : version.quality_flags()) {
    m.quality_flags.push_back(static_cast<sample::QualityFlag>(flag));
  }
  return m;
}

timeseries::v1::Site ToProto(const sample::Site& site) {
  timeseries::v1::Site proto;
  proto.set_site_id(site.site_id);
  proto.set_name(site.name);
  proto.set_district_id(site.district_id);
  proto.set_population_served(site.population_served);
  return proto;
}

sample::Site ToSite(const timeseries::v1::Site& site) {
  return {.site_id = site.site_id(),
          .name = site.name(),
          .district_id = site.district_id(),
          .population_served = site.population_served()};
}

ingest::v1::Violation ToProto(const sample::Violation& violation) {
  ingest::v1::Violation proto;
  proto.set_field(violation.field);
  proto.set_value(violation.value);
  proto.set_rule(std::string(sample::RuleName(violation.rule)));
  proto.set_message(violation.message);
  proto.set_remedy(violation.remedy);
  return proto;
}

}  // namespace belgrand::shared
