// The OBEPINE smoother (SCOU): what the concentration was on every day, as known now.
//
// Model, on a log scale, day by day:
//   X(t) = X(t-1) + N(0, sigma^2)
//   sample = X(t) + N(0, epsilon^2), or with outlier_probability anything between a and b;
//   below its limit only "below the limit" is seen; between two limits only that
// X lives on a grid of `states` points over [a, b), two standard deviations beyond the samples;
// forward and backward recursions give its posterior, the likelihood, and for each sample the
// probability that it is an outlier. A day's step reaches 8 sigma, so the cost is
// days x states x sigma/step and not days x states^2.
//
// The past moves as samples come: an estimate is worth keeping only with as_of_day. A series should
// be split at gaps (SplitAtGaps) and seams before.
// Thread safety: pure functions. Limits: kMostDays from the first to the last sample. Every number
// out is finite. Source: Courbariaux et al. 2022, doi 10.3389/fams.2022.836349, in the form of its
// author's course; docs/methods.md, section 9.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "detection/observation.h"

namespace belgrand::detection {

struct DatedLogValue {
  std::int64_t day = 0;
  LogValue value;
};

struct ScouParameters {
  // The middle of what the method's authors found on real series, in log10.
  double sigma = 0.15;
  double epsilon = 0.3;
  double outlier_probability = 0.05;
};

inline constexpr std::int64_t kScouMostDays = 4000;
inline constexpr std::size_t kScouStates = 300;
// A gap longer than this starts a new series (AMELAG).
inline constexpr std::int64_t kScouGapDays = 28;

struct ScouSeries {
  std::int64_t first_day = 0;
  // By day from first_day on.
  std::vector<double> mean;
  std::vector<double> lower;  // 95 % credible interval, grid points
  std::vector<double> upper;
  std::vector<std::optional<double>> outlier_probability;  // nullopt: no sample that day
  double log_likelihood = 0;
  double grid_low = 0;
  double grid_high = 0;
  // Day of the newest sample that the estimate knows.
  std::int64_t as_of_day = 0;
};

enum class ScouFitOutcome {
  kFitted,
  kNotConverged,
  kTooFew,         // fewer than kScouLeastSamples days
  kNoSpread,       // all samples read the same, or span more than kScouMostDays
  kAllBelowLimit,  // the level is bounded from above only: "below LOD", no trend
};
inline constexpr std::size_t kScouLeastSamples = 5;

struct ScouFit {
  ScouFitOutcome outcome = ScouFitOutcome::kTooFew;
  // The defaults where nothing could be fitted.
  ScouParameters parameters;
  double log_likelihood = 0;
  int iterations = 0;
  int evaluations = 0;
};

// Samples in any order; those of one day count as one (CombineReplicates). What is not finite where
// it must be is dropped. nullopt: fewer than two samples, no spread, or too long.
std::optional<ScouSeries> SmoothScou(std::span<const DatedLogValue> samples,
                                     const ScouParameters& parameters,
                                     std::size_t states = kScouStates);
// Maximum likelihood by Nelder-Mead from the start of the published fit, on a grid as coarse as
// sigma and epsilon allow (64 points at least, kScouStates at most), and with one step from sample
// to sample: a small part of the cost, the same parameters within the tolerance of the search.
ScouFit FitScou(std::span<const DatedLogValue> samples);
// Log likelihood alone; -infinity where SmoothScou gives nothing.
double ScouLogLikelihood(std::span<const DatedLogValue> samples, const ScouParameters& parameters,
                         std::size_t states = kScouStates);

// Pieces with no gap of more than `gap_days` between samples, in order.
std::vector<std::vector<DatedLogValue>> SplitAtGaps(std::span<const DatedLogValue> samples,
                                                    std::int64_t gap_days = kScouGapDays);

}  // namespace belgrand::detection
