// The wire form that laboratories send.
#include "services/shared/sample_convert.h"

#include <string>

#include "services/shared/timestamp.h"

namespace belgrand::shared {
namespace {

using google::protobuf::Timestamp;
using ingest::v1::ReportedNumber;
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

// 0 is absent; a code of a newer client becomes text, which Validate refuses.
template <typename Code>
Field<Code> ReadCode(int number, bool (*is_valid)(int)) {
  Field<Code> field;
  if (number == 0) return field;
  if (is_valid(number)) {
    field.value = static_cast<Code>(number);
  } else {
    field.text = std::to_string(number);
  }
  return field;
}

Field<sample::Censoring> ReadCensoring(ingest::v1::Censoring censoring) {
  return ReadCode<sample::Censoring>(censoring, ingest::v1::Censoring_IsValid);
}

void ReadCollection(const ingest::v1::Collection& sent, sample::Row& row) {
  row.sampling = ReadCode<sample::Sampling>(sent.sampling(), ingest::v1::Sampling_IsValid);
  row.composite_hours = ReadNumber(sent.has_composite_hours(), sent.composite_hours());
  row.started_at = ReadTime(sent.has_started_at(), sent.started_at());
  row.matrix = ReadCode<sample::Matrix>(sent.matrix(), ingest::v1::Matrix_IsValid);
  row.fraction = ReadCode<sample::Fraction>(sent.fraction(), ingest::v1::Fraction_IsValid);
  row.received_at = ReadTime(sent.has_received_at(), sent.received_at());
  row.received_temperature.number =
      ReadNumber(sent.has_received_celsius(), sent.received_celsius());
  row.hold_hours = ReadNumber(sent.has_hold_hours(), sent.hold_hours());
}

void ReadQuality(const ingest::v1::Quality& sent, sample::Row& row) {
  row.recovery_percent = ReadNumber(sent.has_recovery_percent(), sent.recovery_percent());
  row.inhibition = ReadCode<sample::Inhibition>(sent.inhibition(), ingest::v1::Inhibition_IsValid);
  row.no_template_control =
      ReadCode<sample::Control>(sent.no_template_control(), ingest::v1::Control_IsValid);
  row.extraction_blank =
      ReadCode<sample::Control>(sent.extraction_blank(), ingest::v1::Control_IsValid);
}

struct OtherUnit {
  ReportedNumber::Column column;
  sample::Quantity sample::Row::*quantity;
  // The field of Sample that the number ends in.
  std::string_view field;
};

constexpr OtherUnit kOtherUnits[] = {
    {ReportedNumber::FLOW, &sample::Row::flow, "flow_m3_per_day"},
    {ReportedNumber::RECEIVED_TEMPERATURE, &sample::Row::received_temperature, "received_celsius"},
    {ReportedNumber::AMMONIUM, &sample::Row::ammonium, "ammonium_mg_n_per_l"},
    {ReportedNumber::PMMOV, &sample::Row::pmmov, "pmmov_gc_per_l"},
};

void ReadReported(const ReportedNumber& sent, sample::Row& row) {
  for (const OtherUnit& other : kOtherUnits) {
    if (other.column != sent.column()) continue;
    sample::Quantity& quantity = row.*other.quantity;
    if (!quantity.absent()) {
      row.given_twice.emplace_back(other.field);
    } else {
      quantity.number.value = sent.number();
      quantity.unit = sent.unit();
    }
    return;
  }
  row.unknown_reported.push_back(std::to_string(sent.column()));
}

void ReadRest(const ingest::v1::Sample& sample, sample::Row& row) {
  if (sample.has_collection()) ReadCollection(sample.collection(), row);
  if (sample.has_quality()) ReadQuality(sample.quality(), row);
  if (sample.has_normalisers()) {
    const ingest::v1::Normalisers& sent = sample.normalisers();
    row.ammonium.number = ReadNumber(sent.has_ammonium_mg_n_per_l(), sent.ammonium_mg_n_per_l());
    row.pmmov.number = ReadNumber(sent.has_pmmov_gc_per_l(), sent.pmmov_gc_per_l());
  }
  row.replicates.reserve(static_cast<std::size_t>(sample.replicates_size()));
  for (const ingest::v1::Replicate& replicate : sample.replicates()) {
    row.replicates.push_back({.value = ReadNumber(replicate.has_value(), replicate.value()),
                              .censoring = ReadCensoring(replicate.censoring())});
  }
  for (const ReportedNumber& reported : sample.reported()) ReadReported(reported, row);
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
  RETURN_IF_ERROR(RequireReadable(row.population_served, "population_served"));
  RETURN_IF_ERROR(RequireReadable(row.sampling, "sampling"));
  RETURN_IF_ERROR(RequireReadable(row.composite_hours, "composite_hours"));
  RETURN_IF_ERROR(RequireReadable(row.started_at, "started_at"));
  RETURN_IF_ERROR(RequireReadable(row.matrix, "matrix"));
  RETURN_IF_ERROR(RequireReadable(row.fraction, "fraction"));
  RETURN_IF_ERROR(RequireReadable(row.received_at, "received_at"));
  RETURN_IF_ERROR(RequireReadable(row.hold_hours, "hold_hours"));
  RETURN_IF_ERROR(RequireReadable(row.recovery_percent, "recovery_percent"));
  RETURN_IF_ERROR(RequireReadable(row.inhibition, "inhibition"));
  RETURN_IF_ERROR(RequireReadable(row.no_template_control, "no_template_control"));
  RETURN_IF_ERROR(RequireReadable(row.extraction_blank, "extraction_blank"));
  for (const OtherUnit& other : kOtherUnits) {
    RETURN_IF_ERROR(RequireReadable((row.*other.quantity).number, other.field));
  }
  for (const sample::RowReplicate& replicate : row.replicates) {
    RETURN_IF_ERROR(RequireReadable(replicate.value, "replicates"));
    RETURN_IF_ERROR(RequireReadable(replicate.censoring, "replicates"));
  }
  if (!row.unknown_quality_flags.empty()) {
    return base::InvalidArgument(
        "quality_flags cannot be sent: they hold a code that is not known");
  }
  if (!row.given_twice.empty() || !row.unknown_reported.empty()) {
    return base::InvalidArgument("{} cannot be sent: it stands twice or has no other unit",
                                 row.given_twice.empty() ? "reported" : row.given_twice.front());
  }
  return base::OkStatus();
}

void WriteCollection(const sample::Row& row, ingest::v1::Sample& sample) {
  ingest::v1::Collection collection;
  if (row.sampling.value) {
    collection.set_sampling(static_cast<ingest::v1::Sampling>(*row.sampling.value));
  }
  if (row.composite_hours.value) collection.set_composite_hours(*row.composite_hours.value);
  if (row.started_at.value) {
    *collection.mutable_started_at() = ToTimestamp(*row.started_at.value);
  }
  if (row.matrix.value) collection.set_matrix(static_cast<ingest::v1::Matrix>(*row.matrix.value));
  if (row.fraction.value) {
    collection.set_fraction(static_cast<ingest::v1::Fraction>(*row.fraction.value));
  }
  if (row.received_at.value) {
    *collection.mutable_received_at() = ToTimestamp(*row.received_at.value);
  }
  if (row.received_temperature.unit.empty() && row.received_temperature.number.value) {
    collection.set_received_celsius(*row.received_temperature.number.value);
  }
  if (row.hold_hours.value) collection.set_hold_hours(*row.hold_hours.value);
  if (collection.ByteSizeLong() > 0) *sample.mutable_collection() = std::move(collection);
}

void WriteQuality(const sample::Row& row, ingest::v1::Sample& sample) {
  ingest::v1::Quality quality;
  if (row.recovery_percent.value) quality.set_recovery_percent(*row.recovery_percent.value);
  if (row.inhibition.value) {
    quality.set_inhibition(static_cast<ingest::v1::Inhibition>(*row.inhibition.value));
  }
  if (row.no_template_control.value) {
    quality.set_no_template_control(
        static_cast<ingest::v1::Control>(*row.no_template_control.value));
  }
  if (row.extraction_blank.value) {
    quality.set_extraction_blank(static_cast<ingest::v1::Control>(*row.extraction_blank.value));
  }
  if (quality.ByteSizeLong() > 0) *sample.mutable_quality() = std::move(quality);
}

void WriteRest(const sample::Row& row, ingest::v1::Sample& sample) {
  WriteCollection(row, sample);
  WriteQuality(row, sample);
  if (row.flow.unit.empty() && row.flow.number.value) {
    sample.set_flow_m3_per_day(*row.flow.number.value);
  }
  if (row.ammonium.unit.empty() && row.ammonium.number.value) {
    sample.mutable_normalisers()->set_ammonium_mg_n_per_l(*row.ammonium.number.value);
  }
  if (row.pmmov.unit.empty() && row.pmmov.number.value) {
    sample.mutable_normalisers()->set_pmmov_gc_per_l(*row.pmmov.number.value);
  }
  for (const OtherUnit& other : kOtherUnits) {
    const sample::Quantity& quantity = row.*other.quantity;
    if (quantity.unit.empty() || !quantity.number.value) continue;
    ReportedNumber& reported = *sample.add_reported();
    reported.set_column(other.column);
    reported.set_number(*quantity.number.value);
    reported.set_unit(quantity.unit);
  }
  for (const sample::RowReplicate& replicate : row.replicates) {
    ingest::v1::Replicate& sent = *sample.add_replicates();
    if (replicate.value.value) sent.set_value(*replicate.value.value);
    if (replicate.censoring.value) {
      sent.set_censoring(static_cast<ingest::v1::Censoring>(*replicate.censoring.value));
    }
  }
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
  row.gene = sample.gene();
  row.value = ReadNumber(sample.has_value(), sample.value());
  row.unit = sample.unit();
  row.censoring = ReadCensoring(sample.censoring());
  row.lod = ReadNumber(sample.has_lod(), sample.lod());
  row.loq = ReadNumber(sample.has_loq(), sample.loq());
  row.flow.number = ReadNumber(sample.has_flow_m3_per_day(), sample.flow_m3_per_day());
  row.population_served = ReadNumber(sample.has_population_served(), sample.population_served());
  row.method_id = sample.method_id();
  row.method_version = sample.method_version();
  for (const int flag : sample.quality_flags()) {
    if (flag != ingest::v1::QUALITY_FLAG_UNSPECIFIED && ingest::v1::QualityFlag_IsValid(flag)) {
      row.quality_flags.push_back(static_cast<sample::QualityFlag>(flag));
    } else {
      row.unknown_quality_flags.push_back(std::to_string(flag));
    }
  }
  row.retest_of = sample.retest_of();
  row.sampled_by = sample.sampled_by();
  row.analysed_by = sample.analysed_by();
  row.amended_by = sample.amended_by();
  row.amendment_reason = sample.amendment_reason();
  row.comment = sample.comment();
  ReadRest(sample, row);
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
  sample.set_gene(row.gene);
  if (row.value.value) sample.set_value(*row.value.value);
  sample.set_unit(row.unit);
  if (row.censoring.value) {
    sample.set_censoring(static_cast<ingest::v1::Censoring>(*row.censoring.value));
  }
  if (row.lod.value) sample.set_lod(*row.lod.value);
  if (row.loq.value) sample.set_loq(*row.loq.value);
  if (row.population_served.value) sample.set_population_served(*row.population_served.value);
  sample.set_method_id(row.method_id);
  sample.set_method_version(row.method_version);
  for (const sample::QualityFlag flag : row.quality_flags) {
    sample.add_quality_flags(static_cast<ingest::v1::QualityFlag>(flag));
  }
  sample.set_retest_of(row.retest_of);
  sample.set_sampled_by(row.sampled_by);
  sample.set_analysed_by(row.analysed_by);
  sample.set_amended_by(row.amended_by);
  sample.set_amendment_reason(row.amendment_reason);
  sample.set_comment(row.comment);
  WriteRest(row, sample);
  return sample;
}

timeseries::v1::Site ToProto(const sample::Site& site) {
  timeseries::v1::Site proto;
  proto.set_site_id(site.site_id);
  proto.set_name(site.name);
  proto.set_district_id(site.district_id);
  proto.set_population_served(site.population_served);
  for (const sample::DatedPopulation& dated : site.populations) {
    auto& out = *proto.add_populations();
    if (dated.valid_from) *out.mutable_valid_from() = ToTimestamp(*dated.valid_from);
    out.set_persons(dated.persons);
  }
  for (const sample::DatedDistricts& dated : site.districts) {
    auto& out = *proto.add_districts();
    if (dated.valid_from) *out.mutable_valid_from() = ToTimestamp(*dated.valid_from);
    for (const sample::DistrictShare& share : dated.shares) {
      auto& part = *out.add_shares();
      part.set_district_id(share.district_id);
      part.set_share(share.share);
    }
  }
  return proto;
}

sample::Site ToSite(const timeseries::v1::Site& site) {
  sample::Site out{.site_id = site.site_id(),
                   .name = site.name(),
                   .district_id = site.district_id(),
                   .population_served = site.population_served()};
  for (const auto& dated : site.populations()) {
    auto& entry = out.populations.emplace_back();
    if (dated.has_valid_from()) entry.valid_from = ToInstant(dated.valid_from());
    entry.persons = dated.persons();
  }
  for (const auto& dated : site.districts()) {
    auto& entry = out.districts.emplace_back();
    if (dated.has_valid_from()) entry.valid_from = ToInstant(dated.valid_from());
    for (const auto& share : dated.shares()) {
      entry.shares.push_back({share.district_id(), share.share()});
    }
  }
  return out;
}

ingest::v1::Violation ToProto(const sample::Violation& violation, sample::Language language) {
  ingest::v1::Violation proto;
  proto.set_field(violation.field);
  proto.set_value(violation.value);
  proto.set_rule(std::string(sample::RuleName(violation.rule())));
  proto.set_message(violation.Message(language));
  proto.set_remedy(violation.Remedy(language));
  proto.set_allowed(violation.Allowed());
  return proto;
}

}  // namespace belgrand::shared
