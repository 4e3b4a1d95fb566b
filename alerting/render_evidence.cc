// What an alert's evidence says beside its samples: seams of the series, and normalised values.
#include <algorithm>
#include <cmath>

#include "alerting/render_facts.h"

namespace belgrand::alerting {
namespace {

using detection::v1::Evidence;
using detection::v1::EvidenceSample;
using detection::v1::NormalisedValue;
using detection::v1::Seam;

std::string_view ChangeWord(int change, Language language) {
  switch (change) {
    case Seam::LABORATORY:
      return Pick(language, "laboratory", "laboratoire");
    case Seam::METHOD:
      return Pick(language, "method", "méthode");
    case Seam::METHOD_VERSION:
      return Pick(language, "version of the method", "version de la méthode");
    case Seam::GENE:
      return Pick(language, "gene", "gène");
    case Seam::SAMPLER:
      return Pick(language, "sampler", "mode de prélèvement");
    case Seam::MATRIX:
      return Pick(language, "matrix", "matrice");
    case Seam::FRACTION:
      return Pick(language, "fraction", "fraction");
    case Seam::LONG_GAP:
      return Pick(language, "long silence", "long silence");
    default:
      return Pick(language, "other", "autre");
  }
}

std::string NormalisedText(const EvidenceSample& sample, const NormalisedValue& value,
                           Language language) {
  std::string out;
  for (const int missing : value.missing()) {
    if (!out.empty()) out += ", ";
    out += MissingInputWord(static_cast<detection::v1::MissingInput>(missing), language);
  }
  if (!out.empty()) return out;
  EvidenceSample scaled = sample;
  const double scale = ReadableScale(value.normalisation());
  if (value.has_value()) scaled.set_value(value.value() * scale);
  if (value.has_lod()) scaled.set_lod(value.lod() * scale);
  if (value.has_loq()) scaled.set_loq(value.loq() * scale);
  return SampleResult(scaled, language);
}

std::string SignedTwo(double value, Language language) {
  const std::string text = Decimal(language, value, 2);
  return text.starts_with('-') ? text : "+" + text;
}

}  // namespace

std::string_view MissingInputWord(detection::v1::MissingInput missing, Language language) {
  switch (missing) {
    case detection::v1::FLOW:
      return Pick(language, "no flow", "sans débit");
    case detection::v1::POPULATION:
      return Pick(language, "no population", "sans population");
    case detection::v1::PMMOV:
      return Pick(language, "no PMMoV", "sans PMMoV");
    case detection::v1::AMMONIUM:
      return Pick(language, "no ammonium", "sans ammonium");
    case detection::v1::FLOW_OUT_OF_RANGE:
      return Pick(language, "flow out of range", "débit hors limites");
    case detection::v1::FLOWING_WASTEWATER:
      return Pick(language, "sludge or tank", "boues ou cuve");
    default:
      return Pick(language, "missing", "manquant");
  }
}

double ReadableScale(detection::v1::Normalisation way) {
  return way == detection::v1::PMMOV_RATIO ? 1e6 : 1e-9;
}

std::string_view NormalisationWord(detection::v1::Normalisation way, Language language) {
  switch (way) {
    case detection::v1::FLOW_AND_POPULATION:
      return Pick(language, "10^9 gc/100,000 persons/day", "10^9 gc/100 000 personnes/jour");
    case detection::v1::PMMOV_RATIO:
      return Pick(language, "per million PMMoV", "par million de PMMoV");
    case detection::v1::AMMONIUM_POPULATION:
      return Pick(language, "10^9 gc/100,000 by ammonium/day", "10^9 gc/100 000 par ammonium/jour");
    default:
      return Pick(language, "other", "autre");
  }
}

Table SeamTable(const Evidence& evidence, Language language) {
  Table table;
  for (const Seam& seam : evidence.seams()) {
    if (table.empty()) {
      table.push_back(language == Language::kFrench
                          ? std::vector<std::string>{"Depuis", "Site", "Change", "Avant", "Après",
                                                     "Fois", "Décalage log10", "Écart type"}
                          : std::vector<std::string>{"Since", "Site", "Change", "Before", "After",
                                                     "Times", "Offset log10", "Std. dev."});
    }
    std::string changes;
    for (const int change : seam.changes()) {
      if (!changes.empty()) changes += ", ";
      changes += ChangeWord(change, language);
    }
    table.push_back({FormatTimestamp(seam.at()).substr(0, 10), seam.site_id(), changes,
                     seam.before(), seam.after()});
    if (seam.has_offset_log10() && seam.has_sd_log10()) {
      table.back().push_back(FormatQuantity(std::pow(10.0, seam.offset_log10()), language));
      table.back().push_back(SignedTwo(seam.offset_log10(), language));
      table.back().push_back(Decimal(language, seam.sd_log10(), 2));
    } else {
      table.back().emplace_back(Pick(language, "starts anew", "repart de zéro"));
    }
  }
  return table;
}

Table NormalisedTable(const Evidence& evidence, Language language) {
  Table table;
  for (const EvidenceSample& sample : evidence.samples()) {
    if (sample.normalised().empty()) continue;
    if (table.empty()) {
      table.push_back(language == Language::kFrench
                          ? std::vector<std::string>{"Prélevé", "Site", "Échantillon"}
                          : std::vector<std::string>{"Collected", "Site", "Sample"});
      for (const NormalisedValue& value : sample.normalised()) {
        table.back().emplace_back(NormalisationWord(value.normalisation(), language));
      }
    }
    table.push_back({FormatTimestamp(sample.collected_at()).substr(0, 10), sample.site_id(),
                     sample.sample_id()});
    for (const NormalisedValue& value : sample.normalised()) {
      table.back().push_back(NormalisedText(sample, value, language));
    }
  }
  return table;
}

}  // namespace belgrand::alerting
