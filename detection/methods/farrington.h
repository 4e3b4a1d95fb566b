// Farrington's flexible algorithm: a weekly count against the same season of earlier years.
//
// A quasi-Poisson log-linear model of the years before, with a trend and seasonal factor levels,
// past outbreaks weighted down by their Anscombe residuals, gives the count that would be exceeded
// with probability alpha. For counts of cases or of detections; concentrations are not counts.
// Units: counts a week. Thread safety: pure functions. Counts that are not finite are missing.
// Sources: Farrington et al. 1996; Noufaily et al. 2013; surveillance::farringtonFlexible. Where R
// departs from what is published, docs/methods.md, section 9, says which is followed.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace belgrand::detection {

struct CountBounds {
  double lower = 0;
  double upper = 0;
  double p = 1;      // of a count as high as this or higher
  double score = 0;  // (count - expected) / (upper - expected): above 1 is an alarm
};

// Scale on which a prediction is taken as normal.
enum class PowerTransform { kNone, kHalf, kTwoThirds };
// `se` of the expected count, `phi` >= 1.
CountBounds DeltaBounds(double expected, double se, double phi, PowerTransform transform,
                        double alpha, double count);

// From a negative binomial (Poisson for phi = 1) around exp(eta), or around its own upper limit.
enum class QuantileMean { kPlugIn, kUpperLimit };
CountBounds QuantileBounds(double eta, double se_eta, double phi, QuantileMean mean, double alpha,
                           double count);

// Weights that hold down residuals above `threshold`; they sum to the number of residuals.
std::vector<double> OutbreakWeights(std::span<const double> residuals, double threshold);

enum class CountThreshold { kDelta, kNbPlugin, kMuan };

// What scales the standard error of the expected count: the model's own dispersion, or what R's
// surveillance takes for it by overwriting the weights of the model before predicting from it.
enum class ErrorScale { kModel, kSurveillance };

struct FarringtonRule {
  std::size_t years = 5;
  std::size_t half_window = 3;  // weeks about the same week of each year
  std::size_t periods = 10;     // seasonal factor levels; 1: none
  std::size_t left_out = 26;    // weeks before the present that the model does not see
  std::size_t year_weeks = 52;
  double alpha = 0.05;
  double weights_threshold = 2.58;
  double trend_p = 1;      // the trend stays when its p is below; 1: no such test
  double least_cases = 5;  // in the last four weeks, or nothing is said
  PowerTransform transform = PowerTransform::kTwoThirds;
  CountThreshold threshold = CountThreshold::kDelta;
  ErrorScale error_scale = ErrorScale::kModel;
};

struct FarringtonResult {
  double expected = 0;
  double phi = 1;
  bool trend = false;
  CountBounds bounds;
  bool alarm = false;
};

// Judges weekly_counts[at]. nullopt: not enough years before it (half_window + years * year_weeks
// weeks), too few cases, or no model converges.
std::optional<FarringtonResult> FarringtonFlexible(std::span<const double> weekly_counts,
                                                   std::size_t at, const FarringtonRule& rule);

}  // namespace belgrand::detection
