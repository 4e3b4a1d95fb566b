// The wire form that laboratories send.
#include "services/shared/sample_convert.h"

#include <optional>
#include <string>

#include "services/shared/timestamp.h"

namespace belgrand::shared {
namespace {

using google::protobuf::Timestamp;
using ingest::v1::ReportedNumber;
using sample::Field;

// Each replaces what the field holds and keeps its memory.
template <typename T>
void Read(bool present, T value, Field<T>& field) {
  field.value = present ? std::optional<T>(value) : std::nullopt;
  field.text.clear();
}

void Read(bool present, const Timestamp& timestamp, Field<base::Instant>& field) {
  Read(present, present ? ToInstant(timestamp) : base::Instant(), field);
}

void Read(bool present, double number, sample::Quantity& quantity) {
  Read(present, number, quantity.number);
  quantity.unit.clear();
}

// 0 is absent; a code of a newer client becomes text, which Validate refuses.
template <typename Code>
void ReadCode(int number, bool (*is_valid)(int), Field<Code>& field) {
  const bool known = number != 0 && is_valid(number);
  Read(known, static_cast<Code>(known ? number : 0), field);
  if (number != 0 && !known) field.text = std::to_string(number);
}

void ReadCollection(const ingest::v1::Collection& sent, sample::Row& row) {
  ReadCode(sent.sampling(), ingest::v1::Sampling_IsValid, row.sampling);
  Read(sent.has_composite_hours(), sent.composite_hours(), row.composite_hours);
  Read(sent.has_started_at(), sent.started_at(), row.started_at);
  ReadCode(sent.matrix(), ingest::v1::Matrix_IsValid, row.matrix);
  ReadCode(sent.fraction(), ingest::v1::Fraction_IsValid, row.fraction);
  Read(sent.has_received_at(), sent.received_at(), row.received_at);
  Read(sent.has_received_celsius(), sent.received_celsius(), row.received_temperature);
  Read(sent.has_hold_hours(), sent.hold_hours(), row.hold_hours);
}

void ReadQuality(const ingest::v1::Quality& sent, sample::Row& row) {
  Read(sent.has_recovery_percent(), sent.recovery_percent(), row.recovery_percent);
  ReadCode(sent.inhibition(), ingest::v1::Inhibition_IsValid, row.inhibition);
  ReadCode(sent.no_template_control(), ingest::v1::Control_IsValid, row.no_template_control);
  ReadCode(sent.extraction_blank(), ingest::v1::Control_IsValid, row.extraction_blank);
}

void ReadFlags(const ingest::v1::Sample& sample, sample::Row& row) {
  row.quality_flags.clear();
  row.unknown_quality_flags.clear();
  for (const int flag : sample.quality_flags()) {
    if (flag != ingest::v1::QUALITY_FLAG_UNSPECIFIED && ingest::v1::QualityFlag_IsValid(flag)) {
      row.quality_flags.push_back(static_cast<sample::QualityFlag>(flag));
    } else {
      row.unknown_quality_flags.push_back(std::to_string(flag));
    }
  }
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
  ReadFlags(sample, row);
  ReadCollection(sample.collection(), row);
  ReadQuality(sample.quality(), row);
  const ingest::v1::Normalisers& normalisers = sample.normalisers();
  Read(normalisers.has_ammonium_mg_n_per_l(), normalisers.ammonium_mg_n_per_l(), row.ammonium);
  Read(normalisers.has_pmmov_gc_per_l(), normalisers.pmmov_gc_per_l(), row.pmmov);
  row.replicates.clear();
  for (const ingest::v1::Replicate& sent : sample.replicates()) {
    sample::RowReplicate& replicate = row.replicates.emplace_back();
    Read(sent.has_value(), sent.value(), replicate.value);
    ReadCode(sent.censoring(), ingest::v1::Censoring_IsValid, replicate.censoring);
  }
  row.given_twice.clear();
  row.unknown_reported.clear();
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

void ReadRow(const ingest::v1::Sample& sample, sample::Row& row) {
  row.line = 0;
  row.sample_id = sample.sample_id();
  row.laboratory_id = sample.laboratory_id();
  row.site_id = sample.site_id();
  row.district_id = sample.district_id();
  Read(sample.has_collected_at(), sample.collected_at(), row.collected_at);
  Read(sample.has_known_at(), sample.known_at(), row.known_at);
  row.target = sample.target();
  row.gene = sample.gene();
  Read(sample.has_value(), sample.value(), row.value);
  row.unit = sample.unit();
  ReadCode(sample.censoring(), ingest::v1::Censoring_IsValid, row.censoring);
  Read(sample.has_lod(), sample.lod(), row.lod);
  Read(sample.has_loq(), sample.loq(), row.loq);
  Read(sample.has_flow_m3_per_day(), sample.flow_m3_per_day(), row.flow);
  Read(sample.has_population_served(), sample.population_served(), row.population_served);
  row.method_id = sample.method_id();
  row.method_version = sample.method_version();
  row.retest_of = sample.retest_of();
  row.sampled_by = sample.sampled_by();
  row.analysed_by = sample.analysed_by();
  row.amended_by = sample.amended_by();
  row.amendment_reason = sample.amendment_reason();
  row.comment = sample.comment();
  row.reader_violations.clear();
  ReadRest(sample, row);
}

sample::Row ToRow(const ingest::v1::Sample& sample) {
  sample::Row row;
  ReadRow(sample, row);
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
