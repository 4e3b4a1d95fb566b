#include "detection/observation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sample/quality.h"

namespace belgrand::detection {
namespace {

using sample::Censoring;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Values outside are errors of unit, not concentrations; the filter stays finite.
constexpr double kLowestLog10 = -6;
constexpr double kHighestLog10 = 18;

std::optional<double> PositiveLog10(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value) || *value <= 0) return std::nullopt;
  return std::clamp(std::log10(*value), kLowestLog10, kHighestLog10);
}

}  // namespace

std::optional<LogValue> ToLogValue(const sample::Measurement& measurement) {
  const sample::QualityEffect effect = sample::EffectOf(measurement);
  if (effect.on_rise == sample::Effect::kHold) return std::nullopt;
  // The flaw can only have hidden virus: the truth is the value or more.
  const bool lower_bound = effect.on_fall == sample::Effect::kHold;
  const std::optional<double> value = PositiveLog10(measurement.value);
  const std::optional<double> lod = PositiveLog10(measurement.lod);
  const std::optional<double> loq = PositiveLog10(measurement.loq);
  if (measurement.censoring == Censoring::kNone) {
    if (!value) return std::nullopt;
    if (lower_bound) return LogValue{*value, kInfinity};
    // A number below its own limit of detection is a non-detect whatever the row calls it.
    if (lod && *value < *lod) return LogValue{-kInfinity, *lod};
    return LogValue{*value, *value};
  }
  if (lower_bound) return std::nullopt;
  if (measurement.censoring == Censoring::kBelowLoq) {
    if (!loq) return std::nullopt;
    if (lod && *lod < *loq) return LogValue{*lod, *loq};
    return LogValue{-kInfinity, *loq};
  }
  if (!lod) return std::nullopt;
  return LogValue{-kInfinity, *lod};
}

LogValue CombineReplicates(std::vector<LogValue> rows) {
  std::sort(rows.begin(), rows.end(), [](const LogValue& a, const LogValue& b) {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
  });
  const LogValue& lower = rows[(rows.size() - 1) / 2];
  const LogValue& upper = rows[rows.size() / 2];
  if (lower.quantified() && upper.quantified()) {
    const double mean = 0.5 * (lower.low + upper.low);
    return LogValue{mean, mean};
  }
  return LogValue{std::min(lower.low, upper.low), std::max(lower.high, upper.high)};
}

std::string StreamOf(const sample::Measurement& row) {
  std::string stream = row.site_id + '\n' + row.laboratory_id + '\n' + row.method_id;
  if (!row.method_version.empty()) stream += "\nversion " + row.method_version;
  const sample::Collection& how = row.collection;
  // What is not said counts as what is usual: a composite of raw wastewater.
  if (how.sampling == sample::Sampling::kGrab) stream += "\ngrab";
  if (how.sampling == sample::Sampling::kPassive) stream += "\npassive";
  if (how.matrix > sample::Matrix::kPostGritRemoval) {
    stream += "\nmatrix " + std::to_string(static_cast<int>(how.matrix));
  }
  if (how.fraction == sample::Fraction::kSolid) stream += "\nsolid";
  // Last: published_levels.cc takes it off.
  if (!row.gene.empty()) stream += "\ngene " + row.gene;
  return stream;
}

}  // namespace belgrand::detection
