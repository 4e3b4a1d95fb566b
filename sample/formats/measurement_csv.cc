#include "sample/formats/measurement_csv.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sample/codes.h"
#include "sample/csv.h"
#include "sample/findings.h"
#include "sample/formats/columns.h"

namespace belgrand::sample {
namespace {

constexpr std::array kColumns = {
    CsvColumn{"sample_id", "string", "the laboratory's own identifier of the sample"},
    CsvColumn{"site_id", "string", "sampling site, of sites.csv"},
    CsvColumn{"collected_on", "any", "end of the collection: a date (midnight UTC) or a time"},
    CsvColumn{"known_on", "any", "when the result became known, likewise"},
    CsvColumn{"target", "string", "pathogen or marker"},
    CsvColumn{"gene", "string", "gene that was amplified"},
    CsvColumn{"value", "number", "concentration in unit"},
    CsvColumn{"unit", "string", "gc/L: gene copies per litre"},
    CsvColumn{"censoring", "string",
              "none: quantified; below_lod, below_loq, not_detected: not quantified"},
    CsvColumn{"lod", "number", "limit of detection in unit"},
    CsvColumn{"loq", "number", "limit of quantification in unit"},
    CsvColumn{"replicates", "string", "the values that value summarises, separated by spaces"},
    CsvColumn{"flow_m3_per_day", "number", "flow of the day at the site, m3/d"},
    CsvColumn{"population", "number", "persons served on that day, where told"},
    CsvColumn{"lab_id", "string", "laboratory"},
    CsvColumn{"method_id", "string", "the laboratory's method"},
    CsvColumn{"method_version", "string", "version of the method"},
    CsvColumn{"quality_flags", "string", "quality flags, separated by spaces"},
    CsvColumn{"sample_type", "string", "how the sample was taken"},
    CsvColumn{"composite_hours", "number", "hours from the first portion to the last"},
    CsvColumn{"started_on", "any", "begin of the collection: a date or a time"},
    CsvColumn{"matrix", "string", "what was taken"},
    CsvColumn{"fraction", "string", "which part of it was analysed"},
    CsvColumn{"received_on", "any", "when the laboratory had it: a date or a time"},
    CsvColumn{"received_temperature", "number", "on receipt, degrees Celsius"},
    CsvColumn{"hold_hours", "number", "hours from the end of collection to the extraction"},
    CsvColumn{"recovery_percent", "number", "of the spiked control; empty: not tested"},
    CsvColumn{"inhibition", "string", "absent, not_tested, adjusted or unadjusted"},
    CsvColumn{"no_template_control", "string", "clean, amplified or not_run"},
    CsvColumn{"extraction_blank", "string", "clean, amplified or not_run"},
    CsvColumn{"ammonium", "number", "mg of nitrogen per litre"},
    CsvColumn{"pmmov", "number", "pepper mild mottle virus, gc/L"},
    CsvColumn{"retest_of", "string", "sample of which this is a new analysis"},
};

constexpr std::array kSiteColumns = {
    CsvColumn{"site_id", "string", "sampling site"},
    CsvColumn{"name", "string", "name of the site"},
    CsvColumn{"district_id", "string", "district that the site belongs to"},
    CsvColumn{"population", "number", "persons served"},
};

std::string Number(const std::optional<double>& number) {
  return number.has_value() ? NumberText(*number) : std::string();
}

std::string Replicates(const std::vector<Replicate>& replicates) {
  std::string text;
  for (const Replicate& replicate : replicates) {
    if (!text.empty()) text += ' ';
    if (replicate.censoring == Censoring::kNone) {
      text += Number(replicate.value);
      continue;
    }
    text += CensoringName(replicate.censoring);
    if (replicate.value.has_value()) text += ":" + Number(replicate.value);
  }
  return text;
}

std::string Flags(const std::vector<QualityFlag>& flags) {
  std::string text;
  for (const QualityFlag flag : flags) {
    text += (text.empty() ? "" : " ") + std::string(QualityFlagName(flag));
  }
  return text;
}

template <typename Fields>
void WriteLine(std::ostream& out, const Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) out << (i == 0 ? "" : ",") << CsvField(fields[i]);
  out << '\n';
}

void WriteHeader(std::ostream& out, std::span<const CsvColumn> columns) {
  for (std::size_t i = 0; i < columns.size(); ++i) out << (i == 0 ? "" : ",") << columns[i].name;
  out << '\n';
}

}  // namespace

std::span<const CsvColumn> MeasurementCsvColumns() { return kColumns; }
std::span<const CsvColumn> SiteCsvColumns() { return kSiteColumns; }

MeasurementCsvWriter::MeasurementCsvWriter(std::ostream& measurements, std::ostream& sites)
    : measurements_(measurements), sites_(sites) {
  WriteHeader(measurements_, kColumns);
  WriteHeader(sites_, kSiteColumns);
}

void MeasurementCsvWriter::PutSite(const Site& site) {
  WriteLine(sites_,
            std::array<std::string, kSiteColumns.size()>{site.site_id, site.name, site.district_id,
                                                         NumberText(site.population_served)});
}

void MeasurementCsvWriter::Write(const Measurement& m) {
  const Collection& c = m.collection;
  WriteLine(measurements_, std::array<std::string, kColumns.size()>{
                               m.sample_id,
                               m.site_id,
                               TimeText(m.collected_at),
                               TimeText(m.known_at),
                               m.target,
                               m.gene,
                               Number(m.value),
                               "gc/L",
                               std::string(CensoringName(m.censoring)),
                               Number(m.lod),
                               Number(m.loq),
                               Replicates(m.replicates),
                               Number(m.flow_m3_per_day),
                               Number(m.population_served),
                               m.laboratory_id,
                               m.method_id,
                               m.method_version,
                               Flags(m.quality_flags),
                               std::string(SamplingName(c.sampling)),
                               Number(c.composite_hours),
                               TimeText(c.started_at),
                               std::string(MatrixName(c.matrix)),
                               std::string(FractionName(c.fraction)),
                               TimeText(c.received_at),
                               Number(c.received_celsius),
                               Number(c.hold_hours),
                               Number(m.controls.recovery_percent),
                               std::string(InhibitionName(m.controls.inhibition)),
                               std::string(ControlName(m.controls.no_template_control)),
                               std::string(ControlName(m.controls.extraction_blank)),
                               Number(m.normalisers.ammonium_mg_n_per_l),
                               Number(m.normalisers.pmmov_gc_per_l),
                               m.retest_of});
}

}  // namespace belgrand::sample
