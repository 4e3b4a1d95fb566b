#include "services/cli/series_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "platform/base/quantity_text.h"
#include "platform/base/time.h"
#include "sample/codes.h"
#include "sample/csv.h"

namespace belgrand::cli {
namespace {

using alerting::Language;
using alerting::Pick;
using sample::Censoring;
using sample::MissingInput;
using sample::Normalisation;

// Loads in thousands of millions, ratios to PMMoV in parts of a million: numbers a person reads.
double ScaleOf(Normalisation way) { return way == Normalisation::kPmmovRatio ? 1e6 : 1e-9; }

std::string_view Heading(Normalisation way, Language language) {
  switch (way) {
    case Normalisation::kFlowAndPopulation:
      return Pick(language, "10^9 gc/100,000 persons/day", "10^9 gc/100 000 personnes/jour");
    case Normalisation::kPmmovRatio:
      return Pick(language, "per million PMMoV", "par million de PMMoV");
    case Normalisation::kAmmoniumPopulation:
      return Pick(language, "10^9 gc/100,000 by ammonium/day", "10^9 gc/100 000 par ammonium/jour");
  }
  return "";
}

std::string_view MissingWord(MissingInput missing, Language language) {
  switch (missing) {
    case MissingInput::kFlow:
      return Pick(language, "no flow", "sans débit");
    case MissingInput::kPopulation:
      return Pick(language, "no population", "sans population");
    case MissingInput::kPmmov:
      return Pick(language, "no PMMoV", "sans PMMoV");
    case MissingInput::kAmmonium:
      return Pick(language, "no ammonium", "sans ammonium");
    case MissingInput::kFlowOutOfRange:
      return Pick(language, "flow out of range", "débit hors limites");
    case MissingInput::kFlowingWastewater:
      return Pick(language, "sludge or tank", "boues ou cuve");
  }
  return "";
}

std::string Number(double value, Language language) {
  return base::QuantityText(value, language == Language::kFrench ? base::NumberStyle::kFrench
                                                                 : base::NumberStyle::kEnglish);
}

// "15,800", "< 1,000": below the limit that its censoring names.
std::string Result(Censoring censoring, const std::optional<double>& value,
                   const std::optional<double>& lod, const std::optional<double>& loq, double scale,
                   Language language) {
  if (censoring == Censoring::kNone) return value ? Number(*value * scale, language) : "";
  const std::optional<double>& limit = censoring == Censoring::kBelowLoq ? loq : lod;
  return limit ? "< " + Number(*limit * scale, language)
               : std::string(Pick(language, "not detected", "non détecté"));
}

std::string Cell(const SeriesRow& row, const sample::Normalised& normalised, Language language) {
  std::string out;
  for (const MissingInput missing : normalised.missing) {
    if (!out.empty()) out += ", ";
    out += MissingWord(missing, language);
  }
  if (!out.empty()) return out;
  return Result(row.raw.censoring, normalised.value, normalised.lod, normalised.loq,
                ScaleOf(normalised.normalisation), language);
}

std::size_t Characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string Optional(const std::optional<double>& number) {
  return number ? fmt::format("{:.6g}", *number) : "";
}

}  // namespace

std::vector<SeriesRow> MakeSeries(std::vector<sample::Measurement> rows, const sample::Site& site,
                                  const std::vector<Normalisation>& ways) {
  std::ranges::stable_sort(rows, {}, &sample::Measurement::collected_at);
  sample::FlowMedian flows;
  for (const sample::Measurement& row : rows) flows.Add(row.collected_at, row.flow_m3_per_day);
  const std::optional<double> median = flows.Value();
  std::vector<SeriesRow> series;
  series.reserve(rows.size());
  for (sample::Measurement& row : rows) {
    SeriesRow& out = series.emplace_back();
    for (const Normalisation way : ways) {
      out.normalised.push_back(
          sample::Normalise(row, way, {site.PopulationAt(row.collected_at), median}));
    }
    out.raw = std::move(row);
  }
  return series;
}

std::string SeriesText(const std::vector<SeriesRow>& rows, const std::vector<Normalisation>& ways,
                       Language language) {
  std::vector<std::vector<std::string>> table = {
      language == Language::kFrench
          ? std::vector<std::string>{"Prélevé", "Laboratoire", "Échantillon", "Gène", "gc/L"}
          : std::vector<std::string>{"Collected", "Laboratory", "Sample", "Gene", "gc/L"}};
  for (const Normalisation way : ways) table.front().emplace_back(Heading(way, language));
  for (const SeriesRow& row : rows) {
    const sample::Measurement& m = row.raw;
    auto& line = table.emplace_back(std::vector<std::string>{
        base::FormatDay(base::DayOf(m.collected_at)), m.laboratory_id, m.sample_id, m.gene,
        Result(m.censoring, m.value, m.lod, m.loq, 1, language)});
    for (const sample::Normalised& normalised : row.normalised) {
      line.push_back(Cell(row, normalised, language));
    }
  }
  std::vector<std::size_t> widths(table.front().size(), 0);
  for (const auto& line : table) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], Characters(line[i]));
    }
  }
  std::string out;
  for (const auto& line : table) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += line[i] + std::string(widths[i] + 2 - Characters(line[i]), ' ');
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string SeriesCsv(const std::vector<SeriesRow>& rows, const std::vector<Normalisation>& ways) {
  std::string out =
      "collected_at,laboratory_id,sample_id,gene,method_id,censoring,gc_per_l,lod,loq";
  for (const Normalisation way : ways) {
    out += fmt::format(",{0},{0}_lod,{0}_loq,{0}_missing", sample::NameOf(way));
  }
  out += "\n";
  for (const SeriesRow& row : rows) {
    const sample::Measurement& m = row.raw;
    // What stands beside a censored result is kept with the row, and is no measurement.
    const bool quantified = m.censoring == Censoring::kNone;
    out += fmt::format("{},{},{},{},{},{},{},{},{}", base::FormatInstant(m.collected_at),
                       sample::CsvField(m.laboratory_id), sample::CsvField(m.sample_id),
                       sample::CsvField(m.gene), sample::CsvField(m.method_id),
                       sample::CensoringName(m.censoring), quantified ? Optional(m.value) : "",
                       Optional(m.lod), Optional(m.loq));
    for (const sample::Normalised& n : row.normalised) {
      std::vector<std::string_view> missing;
      for (const MissingInput input : n.missing) missing.push_back(sample::NameOf(input));
      out += fmt::format(",{},{},{},{}", quantified ? Optional(n.value) : "", Optional(n.lod),
                         Optional(n.loq), fmt::join(missing, "; "));
    }
    out += "\n";
  }
  return out;
}

}  // namespace belgrand::cli
