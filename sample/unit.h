// Units of measurement: every column has its own, and each is converted once, at the edge.
//
// Spellings are those of NWSS, PHES-ODM and of laboratories; spaces and '_' carry no meaning, and
// neither does case, except where it is the unit ("ML/d" is a million litres, "mL/d" a thousandth
// of one). Other quantities (a Ct, a load per day, a ratio to PMMoV, gc per gram) are no units of a
// concentration and are not known here.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace belgrand::sample {

// From a number in some unit to the unit of the store: (number + before) * factor, or
// 10^number * factor.
struct Conversion {
  double factor = 1;
  double before = 0;
  bool log10 = false;

  double operator()(double number) const;
  bool is_identity() const { return factor == 1 && before == 0 && !log10; }
  friend bool operator==(const Conversion&, const Conversion&) = default;
};

enum class Dimension {
  // gc/L.
  kConcentration,
  // m3/d.
  kFlow,
  // Degrees Celsius.
  kTemperature,
  // mg of nitrogen per litre.
  kAmmonium,
};

// nullopt: not a known unit of that dimension.
std::optional<Conversion> ConversionOf(Dimension dimension, std::string_view unit);
// The unit of the store: "gc/L", "m3/d", "C", "mg/L".
std::string_view CanonicalUnit(Dimension dimension);
// The units of a dimension, for messages.
std::string_view UnitList(Dimension dimension);

// Of a linear unit of concentration; nullopt for logarithms too.
std::optional<double> FactorToGcPerLitre(std::string_view unit);

}  // namespace belgrand::sample
