// Units of concentration that intake understands, and their factor to gc/L.
//
// Only units of gene copies per volume of wastewater: a load per day, a ratio to a faecal marker or
// a Ct is another quantity and is refused.
//
// Thread safety: all functions are pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace belgrand::sample {

// Multiply a number in the unit by this to have gc/L (1 for gc/L, 1000 for gc/mL); nullopt:
// unknown.
std::optional<double> FactorToGcPerLitre(std::string_view unit);

// "gc/L, gc/mL (also written ...)": for messages.
std::string UnitList();

}  // namespace belgrand::sample
