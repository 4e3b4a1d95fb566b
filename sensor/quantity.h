// The closed set of what a sensor measures, and the units each may come in.
//
// Every quantity has one unit in which it is stored and read; other units are converted where they
// enter. A converted value is rounded to 12 significant decimal digits (finer than any sensor), so
// that 12.34 L/s is stored as 44.424 m3/h and not as its binary neighbour, which would cost nine
// times the space. A value in the stored unit is kept bit by bit.
//
// Factors are exact by definition, but for those of molar mass (N 14.007, NH4 18.039, NO3 62.004
// g/mol). Turbidity in FNU is taken as NTU: both are set with formazin, and differ on other
// particles.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::sensor {

// Stored; cannot be changed.
enum class Quantity : std::uint8_t {
  kFlow = 1,
  kLevel = 2,
  kTemperature = 3,
  kPh = 4,
  kConductivity = 5,
  kTurbidity = 6,
  kAmmonium = 7,  // as N
  kNitrate = 8,   // as N
  kCod = 9,       // chemical oxygen demand, by UV-Vis surrogate
  kTss = 10,      // total suspended solids, by UV-Vis surrogate
  kRedox = 11,
  kDissolvedOxygen = 12,
};

struct Unit {
  Quantity quantity;
  std::string_view name;
  // stored = (value - zero) * numerator / denominator
  double numerator;
  double denominator;
  double zero;
};

struct QuantityInfo {
  Quantity quantity;
  std::string_view name;  // "flow"
  std::string_view unit;  // as stored: "m3/h"
};

std::span<const QuantityInfo> Quantities();
std::span<const Unit> Units();

// InvalidArgument names all known ones.
base::StatusOr<Quantity> ParseQuantity(std::string_view name);
const QuantityInfo& Describe(Quantity quantity);
// `name` empty: the stored unit. InvalidArgument lists the units of the quantity.
base::StatusOr<const Unit*> FindUnit(Quantity quantity, std::string_view name);
// REQUIRES: value is finite.
double ToStored(const Unit& unit, double value);
std::optional<Quantity> QuantityOf(int number);

}  // namespace belgrand::sensor
