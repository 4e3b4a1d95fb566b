// The curve behind an alert as a picture: what an official sees before reading a number.
//
// Drawn from the event's evidence alone: measured samples as dots, samples without a detection as
// open triangles at their limit, the expected level, and the estimate with its 95 % interval, on a
// log scale. Mail clients do not show SVG, so it is PNG, at twice its size for sharp displays. Text
// is drawn with whatever sans-serif font the machine has (none: lines and dots only). Owner of
// cairo. Thread safety: pure function.
#pragma once

#include <string>

#include "alerting/language.h"
#include "belgrand/alerting/v1/alerting.pb.h"

namespace belgrand::alerting {

// As it is shown; the picture has twice as many pixels each way.
inline constexpr int kPlotWidth = 640;
inline constexpr int kPlotHeight = 280;

// A PNG; empty when the evidence holds no sample that has a place on the curve, or when memory ran
// out: an alert is never held back for its picture.
std::string DrawPlot(const v1::AlertEvent& event, Language language);

}  // namespace belgrand::alerting
