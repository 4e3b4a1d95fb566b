#include "sample/formats/odm_writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sample/codes.h"
#include "sample/csv.h"
#include "sample/findings.h"
#include "sample/formats/columns.h"
#include "sample/formats/odm.h"

namespace belgrand::sample {
namespace {

template <typename Fields>
std::string Line(const Fields& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i == 0 ? "" : ",") + CsvField(fields[i]);
  return line + "\n";
}

std::string_view MaterialCode(Matrix matrix) {
  switch (matrix) {
    case Matrix::kRawWastewater:
      return "rawWW";
    case Matrix::kPostGritRemoval:
      return "pstGrit";
    case Matrix::kPrimarySludge:
      return "pSludge";
    case Matrix::kPrimaryEffluent:
      return "pEfflu";
    case Matrix::kSecondarySludge:
      return "sSludge";
    case Matrix::kSecondaryEffluent:
      return "sEfflu";
    default:
      return MatrixName(matrix);
  }
}

std::string_view CollectionCode(Sampling sampling) {
  switch (sampling) {
    case Sampling::kGrab:
      return "grb";
    case Sampling::kCompositeTime:
      return "timePr";
    case Sampling::kCompositeFlow:
      return "flowPr";
    case Sampling::kCompositeVolume:
      return "volPr";
    case Sampling::kCompositeManual:
      return "manComp";
    case Sampling::kCompositeOther:
      return "comp";
    case Sampling::kPassive:
      return "passiveGen";
    default:
      return "";
  }
}

std::string_view FractionCode(Fraction fraction) {
  switch (fraction) {
    case Fraction::kLiquid:
      return "liq";
    case Fraction::kSolid:
      return "sol";
    case Fraction::kMixed:
      return "mix";
    default:
      return "";
  }
}

std::string_view CensoringFlag(Censoring censoring) {
  switch (censoring) {
    case Censoring::kBelowLod:
      return "beLOD";
    case Censoring::kBelowLoq:
      return "belowLOQ";
    case Censoring::kNotDetected:
      return "flagND";
    default:
      return "";
  }
}

std::string NumberOr(const std::optional<double>& number, std::string_view otherwise) {
  return number.has_value() ? NumberText(*number) : std::string(otherwise);
}

}  // namespace

OdmWriter::OdmWriter(const OdmStreams& out) : out_(out) {
  out_.sites << "siteID,name,siteType,sampleShed,contactID,geoLat,geoLong,geoEPSG,popServ,"
                "healthRegion\n";
  out_.samples << "sampleID,siteID,saMaterial,collType,collPer,collNum,collDT,collDTStart,"
                  "collDTEnd,recDate\n";
  out_.measures << "measureRepID,measureSetRepID,sampleID,siteID,organizationID,protocolID,"
                   "protocolVersion,aDateEnd,reportDate,specimen,fraction,measure,value,unit,"
                   "aggregation,index\n";
  out_.quality_reports << "qualityReportID,measureRepID,sampleID,qualityFlag,severity\n";
}

void OdmWriter::PutSite(const Site& site) {
  out_.sites << Line(std::vector<std::string>{site.site_id, site.name, "NA", "NA", "NA", "NA", "NA",
                                              "NA", NumberText(site.population_served),
                                              site.district_id});
}

std::string OdmWriter::SampleOf(const Measurement& m) {
  const Collection& c = m.collection;
  const std::string collected = TimeText(m.collected_at);
  const std::string rest = Line(std::vector<std::string>{
      m.site_id, std::string(MaterialCode(c.matrix)), std::string(CollectionCode(c.sampling)),
      NumberOr(c.composite_hours, ""), "", collected, TimeText(c.started_at),
      c.started_at.has_value() ? collected : "", TimeText(c.received_at)});
  // Laboratories may give the same identifier to different samples: '#' tells those apart, for it
  // stands in no identifier.
  std::vector<std::string>& known = samples_[m.sample_id];
  const auto found = std::ranges::find(known, rest);
  const auto place = static_cast<std::size_t>(found - known.begin());
  std::string id = place == 0 ? m.sample_id : fmt::format("{}#{}", m.sample_id, place + 1);
  if (found == known.end()) {
    known.push_back(rest);
    out_.samples << CsvField(id) << "," << rest;
  }
  return id;
}

std::string OdmWriter::WriteValue(const Measurement& m, const std::string& sample,
                                  const Value& value) {
  std::string report = fmt::format("m{}", ++reports_);
  const std::string known = TimeText(m.known_at);
  out_.measures << Line(std::vector<std::string>{
      report, fmt::format("set{}", sets_), sample, m.site_id, m.laboratory_id, m.method_id,
      m.method_version, known, known, std::string(value.specimen),
      std::string(FractionCode(m.collection.fraction)), std::string(value.measure), value.value,
      std::string(value.unit), std::string(value.aggregation), value.index});
  return report;
}

void OdmWriter::Flag(const std::string& report, std::string_view flag) {
  if (flag.empty()) return;
  out_.quality_reports << fmt::format("q{},{},,{},NA\n", ++flags_, report, flag);
}

void OdmWriter::WriteBeside(const Measurement& m, const std::string& sample) {
  const auto number = [&](std::string_view measure, const std::optional<double>& value,
                          std::string_view unit, std::string_view specimen = "sa") {
    if (!value.has_value()) return;
    WriteValue(
        m, sample,
        {.measure = measure, .value = NumberText(*value), .unit = unit, .specimen = specimen});
  };
  const auto word = [&](std::string_view measure, std::string_view value) {
    if (value.empty()) return;
    WriteValue(m, sample, {.measure = measure, .value = std::string(value), .unit = "unitless"});
  };
  number(kOdmLod, m.lod, "gcL");
  number(kOdmLoq, m.loq, "gcL");
  number(kOdmFlow, m.flow_m3_per_day, "m3D", "si");
  number(kOdmPopulation, m.population_served, "unitless", "po");
  number(kOdmRecovery, m.controls.recovery_percent, "perc");
  number(kOdmAmmonium, m.normalisers.ammonium_mg_n_per_l, "mgL");
  number(m.target == "pmmov" ? kOdmOwnPmmov : kOdmPmmov, m.normalisers.pmmov_gc_per_l, "gcL");
  number(kOdmArrivalTemperature, m.collection.received_celsius, "cel");
  number(kOdmHoldTime, m.collection.hold_hours, "hours");
  word(kOdmInhibition, InhibitionName(m.controls.inhibition));
  word(kOdmControl, ControlName(m.controls.no_template_control));
  word(kOdmBlank, ControlName(m.controls.extraction_blank));
  word(kOdmRetestOf, m.retest_of);
}

void OdmWriter::Write(const Measurement& m) {
  ++sets_;
  const std::string sample = SampleOf(m);
  const std::string measure = OdmMeasureOf(m.target, m.gene);
  const std::string report = WriteValue(m, sample,
                                        {.measure = measure,
                                         .value = NumberOr(m.value, "NA"),
                                         .unit = "gcL",
                                         .aggregation = m.replicates.empty() ? "sin" : "me"});
  Flag(report, CensoringFlag(m.censoring));
  for (const QualityFlag flag : m.quality_flags) Flag(report, QualityFlagOdmCode(flag));
  for (std::size_t i = 0; i < m.replicates.size(); ++i) {
    const Replicate& replicate = m.replicates[i];
    const std::string one = WriteValue(m, sample,
                                       {.measure = measure,
                                        .value = NumberOr(replicate.value, "NA"),
                                        .unit = "gcL",
                                        .index = fmt::format("{}", i + 1)});
    Flag(one, CensoringFlag(replicate.censoring));
  }
  WriteBeside(m, sample);
}

}  // namespace belgrand::sample
