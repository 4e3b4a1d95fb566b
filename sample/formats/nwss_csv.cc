// CDC NWSS, dictionary version 6.2 (2025-09-18): profile nwss; docs/formats/nwss.md.
//
// One line is one gene target of one sample. Its sentinel numbers (a concentration of 0, a recovery
// of -1) become explicit states here and go no further.
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include "sample/codes.h"
#include "sample/formats/columns.h"
#include "sample/formats/formats.h"
#include "sample/text.h"

namespace belgrand::sample {
namespace {

enum Column : std::size_t {
  kSampleId,
  kLabId,
  kCollectDate,
  kPcrTarget,
  kUnits,
  kConcentration,
  kSiteId,
  kWwtpName,
  kCounties,
  kPopulation,
  kCollectTime,
  kTimeZone,
  kSampleType,
  kSampleMatrix,
  kGene,
  kLod,
  kBelowLod,
  kTestDate,
  kFlow,
  kNtc,
  kBlank,
  kRecovery,
  kInhibitionDetect,
  kInhibitionAdjust,
  kMethod,
  kQualityFlag,
  kQcIgnore,
  kAnalysisIgnore,
  kFaecalTarget,
  kFaecalConcentration,
  kFaecalUnit,
  kColumns,
};

constexpr std::array<std::string_view, kColumns> kNames = {"sample_id",
                                                           "lab_id",
                                                           "sample_collect_date",
                                                           "pcr_target",
                                                           "pcr_target_units",
                                                           "pcr_target_avg_conc",
                                                           "site_id",
                                                           "wwtp_name",
                                                           "county_names",
                                                           "population_served",
                                                           "sample_collect_time",
                                                           "time_zone",
                                                           "sample_type",
                                                           "sample_matrix",
                                                           "pcr_gene_target",
                                                           "lod_sewage",
                                                           "pcr_target_below_lod",
                                                           "test_result_date",
                                                           "flow_rate",
                                                           "ntc_amplify",
                                                           "ext_blank",
                                                           "rec_eff_percent",
                                                           "inhibition_detect",
                                                           "inhibition_adjust",
                                                           "major_lab_method",
                                                           "quality_flag",
                                                           "qc_ignore",
                                                           "analysis_ignore",
                                                           "hum_frac_target_mic",
                                                           "hum_frac_mic_conc",
                                                           "hum_frac_mic_unit"};
constexpr std::size_t kRequired = 6;

bool Yes(std::string_view text) { return Lower(text) == "yes" || Lower(text) == "true"; }
bool No(std::string_view text) { return Lower(text) == "no" || Lower(text) == "false"; }

template <typename Code>
Field<Code> ReadCode(std::string_view text, std::optional<Code> (*parse)(std::string_view)) {
  Field<Code> field;
  if (text.empty()) return field;
  field.value = parse(text);
  if (!field.value.has_value()) field.text = text;
  return field;
}

// "utc-06:00" -> "-06:00"; "Z" where nothing is said.
std::string ZoneOf(std::string_view text) {
  std::string zone = Lower(text);
  if (zone.starts_with("utc")) zone.erase(0, 3);
  return zone.empty() ? "Z" : zone;
}

class NwssMapper final : public RowMapper {
 public:
  explicit NwssMapper(Columns columns) : columns_(std::move(columns)) {}

  bool Reads(std::size_t column) const override { return columns_.Reads(column); }

  FileRow Map(std::span<const std::string> fields) override {
    const auto text = [&](Column column) { return columns_(fields, column); };
    FileRow out;
    Row& row = out.row;
    row.sample_id = text(kSampleId);
    row.laboratory_id = text(kLabId);
    row.site_id = IdentifierOf(text(kSiteId).empty() ? text(kWwtpName) : text(kSiteId));
    row.district_id = IdentifierOf(text(kCounties));
    row.population_served = ParseNumberField(text(kPopulation));
    row.target = text(kPcrTarget);
    row.gene = Lower(text(kGene));
    row.unit = text(kUnits);
    row.method_id = text(kMethod);
    row.known_at = ParseTimeField(text(kTestDate));
    row.flow = {.number = ParseNumberField(text(kFlow)), .unit = "MGD"};
    if (row.flow.number.absent()) row.flow.unit.clear();
    ReadSampling(text(kSampleType), text(kSampleMatrix), row);
    ReadTimes(text(kCollectDate), text(kCollectTime), text(kTimeZone), row);
    ReadConcentration(text(kConcentration), text(kLod), text(kBelowLod), row);
    ReadControls(fields, row);
    ReadFaecal(fields, row);
    const double population = row.population_served.value.value_or(0);
    if (!row.site_id.empty() && !row.district_id.empty() && population > 0) {
      out.site = Site{.site_id = row.site_id,
                      .name = std::string(text(kWwtpName)),
                      .district_id = row.district_id,
                      .population_served = population};
      if (out.site->name.empty()) out.site->name = row.site_id;
    }
    return out;
  }

 private:
  static void ReadSampling(std::string_view type, std::string_view matrix, Row& row) {
    row.matrix = ReadCode(matrix, ParseMatrix);
    if (type.empty()) return;
    const auto parsed = ParseSampleType(type);
    if (!parsed.has_value()) {
      row.sampling.text = type;
      return;
    }
    row.sampling.value = parsed->sampling;
    row.composite_hours.value = parsed->hours;
  }

  // Date and time are those of the begin of a composite.
  static void ReadTimes(std::string_view date, std::string_view time, std::string_view zone,
                        Row& row) {
    std::string begin(date);
    if (!time.empty() && !date.empty()) {
      begin = fmt::format("{}T{}{}{}", date, time.size() == 4 ? "0" : "", time,
                          time.size() <= 5 ? ":00" : "");
      begin += ZoneOf(zone);
    }
    row.collected_at = ParseTimeField(begin);
    if (!row.collected_at.value.has_value()) return;
    const double hours = row.composite_hours.value.value_or(0);
    // Outside of this Validate refuses the hours themselves.
    if (!(hours > 0) || hours > 168) return;
    row.started_at.value = *row.collected_at.value;
    *row.collected_at.value +=
        std::chrono::microseconds(static_cast<std::int64_t>(std::llround(hours * 3600e6)));
    // A date says less than a time: a result of the day of collection is not known before it.
    if (row.known_at.value.has_value() && time.empty() &&
        *row.known_at.value >= *row.started_at.value &&
        *row.known_at.value < *row.collected_at.value) {
      row.known_at.value = row.collected_at.value;
    }
  }

  // 0 is "no amplification"; otherwise the estimate stands there even below the LOD.
  static void ReadConcentration(std::string_view concentration, std::string_view lod,
                                std::string_view below, Row& row) {
    row.value = ParseNumberField(concentration);
    row.lod = ParseNumberField(lod);
    const bool log10 = Lower(row.unit).starts_with("log10");
    const bool nothing =
        row.value.value.has_value() && *row.value.value == 0 && !(log10 && No(below));
    if (nothing) {
      row.censoring.value = Censoring::kNotDetected;
      row.value.value.reset();
    } else if (Yes(below)) {
      row.censoring.value = Censoring::kBelowLod;
    } else if (No(below) || below.empty()) {
      row.censoring.value = Censoring::kNone;
    } else {
      row.censoring.text = below;
    }
  }

  void ReadControls(std::span<const std::string> fields, Row& row) const {
    const auto text = [&](Column column) { return columns_(fields, column); };
    row.no_template_control = ReadCode(text(kNtc), ParseControl);
    // It says only whether a blank was run; that it stayed empty is not told.
    if (No(text(kBlank))) row.extraction_blank.value = Control::kNotRun;
    row.recovery_percent = ParseNumberField(text(kRecovery));
    if (row.recovery_percent.value == -1) row.recovery_percent.value.reset();
    const std::string_view detect = text(kInhibitionDetect);
    if (Yes(detect)) {
      row.inhibition.value =
          Yes(text(kInhibitionAdjust)) ? Inhibition::kAdjusted : Inhibition::kUnadjusted;
    } else {
      row.inhibition = ReadCode(detect, ParseInhibition);
    }
    const bool concern =
        Yes(text(kQualityFlag)) || Yes(text(kQcIgnore)) || Yes(text(kAnalysisIgnore));
    if (concern) row.quality_flags.push_back(QualityFlag::kOtherConcern);
  }

  void ReadFaecal(std::span<const std::string> fields, Row& row) const {
    const std::string target = Lower(columns_(fields, kFaecalTarget));
    if (target.find("pepper mild mottle") == std::string::npos && target != "pmmov") return;
    row.pmmov = {.number = ParseNumberField(columns_(fields, kFaecalConcentration)),
                 .unit = std::string(columns_(fields, kFaecalUnit))};
    if (row.pmmov.number.absent()) row.pmmov.unit.clear();
  }

  const Columns columns_;
};

bool IsNwss(std::span<const std::string> header) {
  return HasColumns(header, std::span(kNames).first(kRequired));
}

base::StatusOr<std::unique_ptr<TableMapper>> OpenNwss(const std::vector<std::string>& header,
                                                      const ReadContext&) {
  ASSIGN_OR_RETURN(Columns columns, Columns::Find(header, kNames, kRequired, "nwss"));
  return OneRowPerLine(std::make_unique<NwssMapper>(std::move(columns)));
}

}  // namespace

constinit const Format kNwssFormat = {Profile::kNwss, "nwss", IsNwss, OpenNwss};

}  // namespace belgrand::sample
