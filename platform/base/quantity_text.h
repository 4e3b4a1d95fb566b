// A concentration as people read it: three significant digits, grouped by thousands.
//
// One place for it, so that a number has one shape wherever the same alert names it. Thread safety:
// pure function.
#pragma once

#include <string>

namespace belgrand::base {

enum class NumberStyle { kEnglish, kFrench };

// "15,800", "0.0321"; in French "15 800" (with narrow no-break spaces), "0,0321". From 1e15 on, and
// below 1e-6, "1.20e+16". REQUIRES: finite.
std::string QuantityText(double value, NumberStyle style);

}  // namespace belgrand::base
