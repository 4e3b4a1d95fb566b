#include "sample/unit.h"

#include <array>
#include <cmath>

#include "sample/text.h"

namespace belgrand::sample {
namespace {

struct Spelling {
  std::string_view text;
  Conversion conversion;
};

constexpr Conversion kPerLitre{};
constexpr Conversion kPerMillilitre{.factor = 1000};
constexpr Conversion kLogPerLitre{.log10 = true};
constexpr Conversion kLogPerMillilitre{.factor = 1000, .log10 = true};

// NWSS "copies/L wastewater" and "log10 copies/L wastewater", PHES-ODM gcL, gcMl and log10cpL.
constexpr std::array kConcentrations = {
    Spelling{"gc/l", kPerLitre},
    Spelling{"gcl", kPerLitre},
    Spelling{"copies/l", kPerLitre},
    Spelling{"copies/lwastewater", kPerLitre},
    Spelling{"genecopies/l", kPerLitre},
    Spelling{"gc/litre", kPerLitre},
    Spelling{"copies/litre", kPerLitre},
    Spelling{"cp/l", kPerLitre},
    Spelling{"gcperl", kPerLitre},
    Spelling{"gc/ml", kPerMillilitre},
    Spelling{"gcml", kPerMillilitre},
    Spelling{"copies/ml", kPerMillilitre},
    Spelling{"copies/mlwastewater", kPerMillilitre},
    Spelling{"genecopies/ml", kPerMillilitre},
    Spelling{"gc/millilitre", kPerMillilitre},
    Spelling{"copies/millilitre", kPerMillilitre},
    Spelling{"cp/ml", kPerMillilitre},
    Spelling{"gcperml", kPerMillilitre},
    Spelling{"log10gc/l", kLogPerLitre},
    Spelling{"log10cpl", kLogPerLitre},
    Spelling{"log10copies/l", kLogPerLitre},
    Spelling{"log10copies/lwastewater", kLogPerLitre},
    Spelling{"log10gc/ml", kLogPerMillilitre},
    Spelling{"log10copies/ml", kLogPerMillilitre},
    Spelling{"log10copies/mlwastewater", kLogPerMillilitre},
};

// 1 MGD (million US gallons a day) is 3785.411784 m3/d. PHES-ODM m3D, m3S, mld.
constexpr double kMgd = 3785.411784;
constexpr std::array kFlows = {
    Spelling{"m3/d", {}},
    Spelling{"m3/day", {}},
    Spelling{"m³/d", {}},
    Spelling{"m³/day", {}},
    Spelling{"m3d", {}},
    Spelling{"m3/h", {.factor = 24}},
    Spelling{"m³/h", {.factor = 24}},
    Spelling{"m3/s", {.factor = 86400}},
    Spelling{"m³/s", {.factor = 86400}},
    Spelling{"m3s", {.factor = 86400}},
    Spelling{"l/d", {.factor = 1e-3}},
    Spelling{"l/day", {.factor = 1e-3}},
    Spelling{"l/h", {.factor = 24e-3}},
    Spelling{"l/s", {.factor = 86.4}},
    Spelling{"mgd", {.factor = kMgd}},
};

// Where case is the unit.
constexpr std::array kCasedFlows = {
    Spelling{"ML/d", {.factor = 1000}}, Spelling{"ML/day", {.factor = 1000}},
    Spelling{"MLD", {.factor = 1000}},  Spelling{"mld", {.factor = 1000}},
    Spelling{"mL/d", {.factor = 1e-6}}, Spelling{"mL/day", {.factor = 1e-6}},
};

constexpr std::array kTemperatures = {
    Spelling{"c", {}},
    Spelling{"°c", {}},
    Spelling{"degc", {}},
    Spelling{"celsius", {}},
    Spelling{"f", {.factor = 5.0 / 9, .before = -32}},
    Spelling{"°f", {.factor = 5.0 / 9, .before = -32}},
    Spelling{"degf", {.factor = 5.0 / 9, .before = -32}},
    Spelling{"fahrenheit", {.factor = 5.0 / 9, .before = -32}},
    Spelling{"k", {.before = -273.15}},
    Spelling{"kelvin", {.before = -273.15}},
};

// Masses per mole: N 14.0067 g, NH4 18.0385 g.
constexpr double kNitrogen = 14.0067;
constexpr double kAmmoniumIon = 18.0385;
constexpr std::array kAmmoniums = {
    Spelling{"mg/l", {}},
    Spelling{"mgl", {}},
    Spelling{"mgn/l", {}},
    Spelling{"mg/ln", {}},
    Spelling{"mgnh4-n/l", {}},
    Spelling{"mgnh4/l", {.factor = kNitrogen / kAmmoniumIon}},
    Spelling{"ug/l", {.factor = 1e-3}},
    Spelling{"µg/l", {.factor = 1e-3}},
    Spelling{"umol/l", {.factor = kNitrogen * 1e-3}},
    Spelling{"µmol/l", {.factor = kNitrogen * 1e-3}},
    Spelling{"mmol/l", {.factor = kNitrogen}},
};

template <typename Spellings>
std::optional<Conversion> Find(const Spellings& spellings, std::string_view text) {
  for (const Spelling& spelling : spellings) {
    if (spelling.text == text) return spelling.conversion;
  }
  return std::nullopt;
}

}  // namespace

double Conversion::operator()(double number) const {
  if (log10) return std::pow(10.0, number) * factor;
  return (number + before) * factor;
}

std::optional<Conversion> ConversionOf(Dimension dimension, std::string_view unit) {
  // By far the most frequent.
  if (dimension == Dimension::kConcentration && unit == "gc/L") return kPerLitre;
  std::string text(Trim(unit));
  std::erase_if(text, [](char c) { return c == ' ' || c == '_'; });
  if (dimension == Dimension::kFlow) {
    if (const auto cased = Find(kCasedFlows, text)) return cased;
  }
  text = Lower(text);
  switch (dimension) {
    case Dimension::kConcentration:
      return Find(kConcentrations, text);
    case Dimension::kFlow:
      return Find(kFlows, text);
    case Dimension::kTemperature:
      return Find(kTemperatures, text);
    case Dimension::kAmmonium:
      return Find(kAmmoniums, text);
  }
  return std::nullopt;
}

std::string_view CanonicalUnit(Dimension dimension) {
  switch (dimension) {
    case Dimension::kConcentration:
      return "gc/L";
    case Dimension::kFlow:
      return "m3/d";
    case Dimension::kTemperature:
      return "C";
    case Dimension::kAmmonium:
      return "mg/L";
  }
  return "";
}

std::string_view UnitList(Dimension dimension) {
  switch (dimension) {
    case Dimension::kConcentration:
      return "gc/L, gc/mL, log10 gc/L, log10 gc/mL (copies/L, copies/mL, copies/L wastewater, "
             "gcL, gcMl, log10cpL)";
    case Dimension::kFlow:
      return "m3/d, m3/h, m3/s, L/d, L/h, L/s, ML/d, mL/d, MGD";
    case Dimension::kTemperature:
      return "C, F, K";
    case Dimension::kAmmonium:
      return "mg/L (of nitrogen), mg NH4/L, ug/L, umol/L, mmol/L";
  }
  return "";
}

std::optional<double> FactorToGcPerLitre(std::string_view unit) {
  const auto conversion = ConversionOf(Dimension::kConcentration, unit);
  if (!conversion || conversion->log10) return std::nullopt;
  return conversion->factor;
}

}  // namespace belgrand::sample
