#include "sample/unit.h"

#include <algorithm>
#include <array>

#include "sample/text.h"

namespace belgrand::sample {
namespace {

// Spellings, folded: NWSS "copies/L wastewater", PHES-ODM gcL and gcMl, and what laboratories
// write.
constexpr std::array<std::string_view, 9> kPerLitre = {
    "gc/l",         "gcl",  "copies/l", "copies/lwastewater", "genecopies/l", "gc/litre",
    "copies/litre", "cp/l", "gcperl"};
constexpr std::array<std::string_view, 9> kPerMillilitre = {
    "gc/ml",         "gcml",          "copies/ml",         "copies/mlwastewater",
    "genecopies/ml", "gc/millilitre", "copies/millilitre", "cp/ml",
    "gcperml"};

}  // namespace

std::optional<double> FactorToGcPerLitre(std::string_view unit) {
  std::string folded = Lower(Trim(unit));
  std::erase_if(folded, [](char c) { return c == ' ' || c == '_'; });
  if (std::ranges::find(kPerLitre, folded) != kPerLitre.end()) return 1.0;
  if (std::ranges::find(kPerMillilitre, folded) != kPerMillilitre.end()) return 1000.0;
  return std::nullopt;
}

std::string UnitList() {
  return "gc/L, gc/mL (also written copies/L, copies/mL, copies/L wastewater, gcL, gcMl)";
}

}  // namespace belgrand::sample
