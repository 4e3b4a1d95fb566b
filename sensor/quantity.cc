#include "sensor/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "platform/base/check.h"

namespace belgrand::sensor {
namespace {

constexpr std::array kQuantities = {
    QuantityInfo{Quantity::kFlow, "flow", "m3/h"},
    QuantityInfo{Quantity::kLevel, "level", "m"},
    QuantityInfo{Quantity::kTemperature, "temperature", "degC"},
    QuantityInfo{Quantity::kPh, "ph", "pH"},
    QuantityInfo{Quantity::kConductivity, "conductivity", "uS/cm"},
    QuantityInfo{Quantity::kTurbidity, "turbidity", "NTU"},
    QuantityInfo{Quantity::kAmmonium, "ammonium", "mg/L"},
    QuantityInfo{Quantity::kNitrate, "nitrate", "mg/L"},
    QuantityInfo{Quantity::kCod, "cod", "mg/L"},
    QuantityInfo{Quantity::kTss, "tss", "mg/L"},
    QuantityInfo{Quantity::kRedox, "redox", "mV"},
    QuantityInfo{Quantity::kDissolvedOxygen, "dissolved_oxygen", "mg/L"},
};

// The first unit of a quantity is the stored one.
constexpr std::array kUnits = {
    Unit{Quantity::kFlow, "m3/h", 1, 1, 0},
    Unit{Quantity::kFlow, "m3/d", 1, 24, 0},
    Unit{Quantity::kFlow, "m3/s", 3600, 1, 0},
    Unit{Quantity::kFlow, "L/s", 36, 10, 0},
    Unit{Quantity::kFlow, "L/min", 6, 100, 0},
    Unit{Quantity::kLevel, "m", 1, 1, 0},
    Unit{Quantity::kLevel, "cm", 1, 100, 0},
    Unit{Quantity::kLevel, "mm", 1, 1000, 0},
    Unit{Quantity::kTemperature, "degC", 1, 1, 0},
    Unit{Quantity::kTemperature, "K", 1, 1, 273.15},
    Unit{Quantity::kTemperature, "degF", 5, 9, 32},
    Unit{Quantity::kPh, "pH", 1, 1, 0},
    Unit{Quantity::kConductivity, "uS/cm", 1, 1, 0},
    Unit{Quantity::kConductivity, "mS/cm", 1000, 1, 0},
    Unit{Quantity::kConductivity, "mS/m", 10, 1, 0},
    Unit{Quantity::kConductivity, "S/m", 10000, 1, 0},
    Unit{Quantity::kTurbidity, "NTU", 1, 1, 0},
    Unit{Quantity::kTurbidity, "FNU", 1, 1, 0},
    Unit{Quantity::kAmmonium, "mg/L", 1, 1, 0},
    Unit{Quantity::kAmmonium, "ug/L", 1, 1000, 0},
    Unit{Quantity::kAmmonium, "mg/L NH4", 14.007, 18.039, 0},
    Unit{Quantity::kNitrate, "mg/L", 1, 1, 0},
    Unit{Quantity::kNitrate, "ug/L", 1, 1000, 0},
    Unit{Quantity::kNitrate, "mg/L NO3", 14.007, 62.004, 0},
    Unit{Quantity::kCod, "mg/L", 1, 1, 0},
    Unit{Quantity::kCod, "g/L", 1000, 1, 0},
    Unit{Quantity::kTss, "mg/L", 1, 1, 0},
    Unit{Quantity::kTss, "g/L", 1000, 1, 0},
    Unit{Quantity::kRedox, "mV", 1, 1, 0},
    Unit{Quantity::kRedox, "V", 1000, 1, 0},
    Unit{Quantity::kDissolvedOxygen, "mg/L", 1, 1, 0},
    Unit{Quantity::kDissolvedOxygen, "ug/L", 1, 1000, 0},
};

constexpr int kSignificantDigits = 12;

double Round(double value) {
  std::array<char, 40> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value,
                                     std::chars_format::scientific, kSignificantDigits - 1);
  double rounded = value;
  std::from_chars(text.data(), written.ptr, rounded);
  return rounded;
}

}  // namespace

std::span<const QuantityInfo> Quantities() { return kQuantities; }
std::span<const Unit> Units() { return kUnits; }

base::StatusOr<Quantity> ParseQuantity(std::string_view name) {
  std::string known;
  for (const QuantityInfo& info : kQuantities) {
    if (info.name == name) return info.quantity;
    known += (known.empty() ? "" : ", ") + std::string(info.name);
  }
  return base::InvalidArgument("quantity '{}' is unknown: use one of {}", name, known);
}

const QuantityInfo& Describe(Quantity quantity) {
  const auto found = std::ranges::find(kQuantities, quantity, &QuantityInfo::quantity);
  BELGRAND_CHECK(found != kQuantities.end());
  return *found;
}

base::StatusOr<const Unit*> FindUnit(Quantity quantity, std::string_view name) {
  std::string known;
  for (const Unit& unit : kUnits) {
    if (unit.quantity != quantity) continue;
    if (name.empty() || unit.name == name) return &unit;
    known += (known.empty() ? "" : ", ") + std::string(unit.name);
  }
  return base::InvalidArgument("unit '{}' is none of {}: use one of {}", name,
                               Describe(quantity).name, known);
}

double ToStored(const Unit& unit, double value) {
  if (unit.numerator == unit.denominator && unit.zero == 0) return value;
  return Round((value - unit.zero) * unit.numerator / unit.denominator);
}

std::optional<Quantity> QuantityOf(int number) {
  for (const QuantityInfo& info : kQuantities) {
    if (static_cast<int>(info.quantity) == number) return info.quantity;
  }
  return std::nullopt;
}

}  // namespace belgrand::sensor
