#include "sample/sample_csv.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sample/codes.h"
#include "sample/findings.h"
#include "sample/text.h"

namespace belgrand::sample {
namespace {

enum Column : std::size_t {
  kSampleId,
  kSiteId,
  kDistrictId,
  kPopulation,
  kCollectedOn,
  kKnownOn,
  kTarget,
  kValue,
  kUnit,
  kCensoring,
  kLod,
  kLoq,
  kFlow,
  kLabId,
  kMethodId,
  kQualityFlags,
  kSampledBy,
  kAnalysedBy,
  kAmendmentReason,
  kGene,
  kMethodVersion,
  kSampleType,
  kCompositeHours,
  kStartedOn,
  kMatrix,
  kFraction,
  kReceivedOn,
  kReceivedTemperature,
  kReceivedTemperatureUnit,
  kHoldHours,
  kRecoveryPercent,
  kInhibition,
  kNoTemplateControl,
  kExtractionBlank,
  kFlowNumber,
  kFlowUnit,
  kAmmonium,
  kAmmoniumUnit,
  kPmmov,
  kPmmovUnit,
  kReplicates,
  kRetestOf,
  kAmendedBy,
  kComment,
  kColumns,
};

constexpr std::array<std::string_view, kColumns> kNames = {"sample_id",
                                                           "site_id",
                                                           "district_id",
                                                           "population",
                                                           "collected_on",
                                                           "known_on",
                                                           "target",
                                                           "value",
                                                           "unit",
                                                           "censoring",
                                                           "lod",
                                                           "loq",
                                                           "flow_m3_per_day",
                                                           "lab_id",
                                                           "method_id",
                                                           "quality_flags",
                                                           "sampled_by",
                                                           "analysed_by",
                                                           "amendment_reason",
                                                           "gene",
                                                           "method_version",
                                                           "sample_type",
                                                           "composite_hours",
                                                           "started_on",
                                                           "matrix",
                                                           "fraction",
                                                           "received_on",
                                                           "received_temperature",
                                                           "received_temperature_unit",
                                                           "hold_hours",
                                                           "recovery_percent",
                                                           "inhibition",
                                                           "no_template_control",
                                                           "extraction_blank",
                                                           "flow",
                                                           "flow_unit",
                                                           "ammonium",
                                                           "ammonium_unit",
                                                           "pmmov",
                                                           "pmmov_unit",
                                                           "replicates",
                                                           "retest_of",
                                                           "amended_by",
                                                           "comment"};

constexpr std::array kRequired = {kSampleId, kSiteId, kCollectedOn, kTarget,
                                  kValue,    kUnit,   kCensoring,   kLabId};

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
using Positions = std::array<std::size_t, kColumns>;

std::string Join(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

// Where each column stands, or everything that is wrong with the header.
base::StatusOr<Positions> FindColumns(const std::vector<std::string>& header) {
  Positions positions;
  positions.fill(kAbsent);
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::string name = Lower(Trim(header[i]));
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) {
      const std::string_view near = Nearest(name, kNames);
      problems.push_back(fmt::format("column {} \"{}\" is not known{}", i + 1, Printable(name),
                                     near.empty() ? "" : fmt::format(" (did you mean {}?)", near)));
      continue;
    }
    std::size_t& position = positions[static_cast<std::size_t>(found - kNames.begin())];
    if (position != kAbsent) {
      problems.push_back(fmt::format("column {} appears twice", name));
    }
    position = i;
  }
  std::vector<std::string_view> missing;
  for (const Column column : kRequired) {
    if (positions[column] == kAbsent) missing.push_back(kNames[column]);
  }
  if (!missing.empty()) problems.push_back("missing column(s): " + Join(missing));
  if (problems.empty()) return positions;
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : "; ") + problem;
  return base::InvalidArgument(
      "the header row does not fit the sample CSV: {}. Known columns: {}. The separator may be a "
      "comma, a semicolon or a tab",
      text, Join(kNames));
}

// A date says less than a time: a result known on the day of collection is not known before it.
void AlignKnownDay(std::string_view known_text, Row& row) {
  if (!row.known_at.value || !row.collected_at.value || !base::ParseDay(Trim(known_text)).ok()) {
    return;
  }
  if (base::DayOf(*row.known_at.value) == base::DayOf(*row.collected_at.value)) {
    row.known_at.value = std::max(*row.known_at.value, *row.collected_at.value);
  }
}

void ReadFlags(std::string_view text, Row& row) {
  constexpr std::string_view kBetween = " ;,|";
  for (std::size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;
       at = text.find_first_not_of(kBetween, at)) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end;
    if (word == "NA") continue;
    if (const auto flag = ParseQualityFlag(word)) {
      row.quality_flags.push_back(*flag);
    } else {
      row.unknown_quality_flags.emplace_back(word);
    }
  }
}

// "1200", "not_detected", or "below_lod:850" where a censored value is told.
RowReplicate ParseReplicate(std::string_view text) {
  RowReplicate replicate;
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  if (const auto censoring = ParseCensoring(word)) {
    replicate.censoring.value = censoring;
    if (colon != std::string_view::npos) {
      replicate.value = ParseNumberField(text.substr(colon + 1));
    }
    return replicate;
  }
  replicate.censoring.value = Censoring::kNone;
  replicate.value = ParseNumberField(text);
  return replicate;
}

void ReadReplicates(std::string_view text, Row& row) {
  constexpr std::string_view kBetween = " ;|";
  for (std::size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;
       at = text.find_first_not_of(kBetween, at)) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    if (const std::string_view word = text.substr(at, end - at); word != "NA") {
      row.replicates.push_back(ParseReplicate(word));
    }
    at = end;
  }
}

template <typename Code>
Field<Code> ParseCode(std::string_view text, std::optional<Code> (*parse)(std::string_view)) {
  Field<Code> field;
  if (text.empty() || text == "NA") return field;
  field.value = parse(text);
  if (!field.value) field.text = text;
  return field;
}

void ReadSampleType(std::string_view text, Row& row) {
  if (text.empty() || text == "NA") return;
  const auto type = ParseSampleType(text);
  if (!type.has_value()) {
    row.sampling.text = text;
    return;
  }
  row.sampling.value = type->sampling;
  if (type->hours && row.composite_hours.absent()) row.composite_hours.value = type->hours;
}

class SampleCsvMapper final : public RowMapper {
 public:
  explicit SampleCsvMapper(const Positions& positions)
      : positions_(positions),
        has_more_(std::any_of(positions.begin() + kGene, positions.end(),
                              [](std::size_t position) { return position != kAbsent; })) {}

  // A header with any other column is refused.
  bool Reads(std::size_t) const override { return true; }

  FileRow Map(std::span<const std::string> fields) override {
    const auto text = [&](Column column) { return Cell(fields, column); };
    FileRow out;
    Row& row = out.row;
    row.sample_id = text(kSampleId);
    row.laboratory_id = text(kLabId);
    row.site_id = text(kSiteId);
    row.district_id = text(kDistrictId);
    row.collected_at = ParseTimeField(text(kCollectedOn));
    row.known_at = ParseTimeField(text(kKnownOn));
    AlignKnownDay(text(kKnownOn), row);
    row.target = text(kTarget);
    row.value = ParseNumberField(text(kValue));
    row.unit = text(kUnit);
    row.censoring.value = ParseCensoring(text(kCensoring));
    if (!row.censoring.value) row.censoring.text = text(kCensoring);
    row.lod = ParseNumberField(text(kLod));
    row.loq = ParseNumberField(text(kLoq));
    row.population_served = ParseNumberField(text(kPopulation));
    row.method_id = text(kMethodId);
    ReadFlags(text(kQualityFlags), row);
    row.sampled_by = text(kSampledBy);
    row.analysed_by = text(kAnalysedBy);
    row.amendment_reason = text(kAmendmentReason);
    ReadFlow(text(kFlow), text(kFlowNumber), text(kFlowUnit), row);
    if (has_more_) MapRest(fields, row);
    const double population = row.population_served.value.value_or(0);
    if (!row.site_id.empty() && !row.district_id.empty() && population > 0) {
      out.site = Site{.site_id = row.site_id,
                      .name = row.site_id,
                      .district_id = row.district_id,
                      .population_served = population};
    }
    return out;
  }

 private:
  std::string_view Cell(std::span<const std::string> fields, Column column) const {
    return positions_[column] == kAbsent ? std::string_view() : Trim(fields[positions_[column]]);
  }

  // Two columns for one number: m3/d, or any unit beside it.
  static void ReadFlow(std::string_view cubic_metres, std::string_view number,
                       std::string_view unit, Row& row) {
    row.flow.number = ParseNumberField(cubic_metres);
    const Field<double> other = ParseNumberField(number);
    if (other.absent()) return;
    if (!row.flow.absent()) {
      row.given_twice.emplace_back("flow_m3_per_day");
      return;
    }
    row.flow = {.number = other, .unit = std::string(unit)};
  }

  // The columns that most files do not have.
  void MapRest(std::span<const std::string> fields, Row& row) const {
    const auto text = [&](Column column) { return Cell(fields, column); };
    const auto quantity = [&](Column number, Column unit) {
      return Quantity{.number = ParseNumberField(text(number)), .unit = std::string(text(unit))};
    };
    row.gene = text(kGene);
    row.method_version = text(kMethodVersion);
    row.composite_hours = ParseNumberField(text(kCompositeHours));
    ReadSampleType(text(kSampleType), row);
    row.started_at = ParseTimeField(text(kStartedOn));
    row.matrix = ParseCode(text(kMatrix), ParseMatrix);
    row.fraction = ParseCode(text(kFraction), ParseFraction);
    row.received_at = ParseTimeField(text(kReceivedOn));
    row.received_temperature = quantity(kReceivedTemperature, kReceivedTemperatureUnit);
    row.hold_hours = ParseNumberField(text(kHoldHours));
    row.recovery_percent = ParseNumberField(text(kRecoveryPercent));
    row.inhibition = ParseCode(text(kInhibition), ParseInhibition);
    row.no_template_control = ParseCode(text(kNoTemplateControl), ParseControl);
    row.extraction_blank = ParseCode(text(kExtractionBlank), ParseControl);
    row.ammonium = quantity(kAmmonium, kAmmoniumUnit);
    row.pmmov = quantity(kPmmov, kPmmovUnit);
    ReadReplicates(text(kReplicates), row);
    row.retest_of = text(kRetestOf);
    row.amended_by = text(kAmendedBy);
    row.comment = text(kComment);
  }

  const Positions positions_;
  const bool has_more_;
};

std::string TimeText(const std::optional<base::Instant>& time) {
  if (!time.has_value()) return "";
  const base::Day day = base::DayOf(*time);
  return *time == base::Instant(day) ? base::FormatDay(day) : base::FormatInstant(*time);
}

std::string OptionalNumber(const Field<double>& field) {
  return field.value.has_value() ? NumberText(*field.value) : field.text;
}

}  // namespace

base::StatusOr<std::unique_ptr<RowMapper>> NewSampleCsvMapper(
    const std::vector<std::string>& header) {
  ASSIGN_OR_RETURN(const Positions positions, FindColumns(header));
  return std::make_unique<SampleCsvMapper>(positions);
}

SampleCsvWriter::SampleCsvWriter(std::ostream& out) : out_(out) {
  out_ << kSampleCsvHeader << '\n';
}

void SampleCsvWriter::Write(const Row& row, const Site& site) {
  const std::string censoring =
      row.censoring.value ? std::string(CensoringName(*row.censoring.value)) : row.censoring.text;
  const std::array<std::string, 15> fields = {row.sample_id,
                                              row.site_id,
                                              site.district_id,
                                              NumberText(site.population_served),
                                              TimeText(row.collected_at.value),
                                              TimeText(row.known_at.value),
                                              row.target,
                                              OptionalNumber(row.value),
                                              row.unit,
                                              censoring,
                                              OptionalNumber(row.lod),
                                              OptionalNumber(row.loq),
                                              OptionalNumber(row.flow.number),
                                              row.laboratory_id,
                                              row.method_id};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    out_ << (i == 0 ? "" : ",") << CsvField(fields[i]);
  }
  out_ << '\n';
}

}  // namespace belgrand::sample
