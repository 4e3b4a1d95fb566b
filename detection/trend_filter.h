// Level and growth of an area, followed sample by sample: the statistical core of detection.
//
// Model, on log10 gc/L, in days of any spacing:
//   growth(t)  damped random walk (Ornstein-Uhlenbeck), sd growth_sd, memory growth_memory_days
//   level(t)   integral of growth, plus a random walk of level_drift per sqrt(day)
//   offset_i   what the stream i (a site under one laboratory and method) reads above the level:
//              normal of sd offset_sd, wandering offset_drift per sqrt(day)
//   sample     level + offset_i + noise; noise normal, or with outlier_probability of sd outlier_sd
//   more
// A sample is a point or an interval (below LOD, below LOQ): the update by an interval matches the
// first two moments of the exact posterior. The noise scale is learnt as samples come. A site that
// joins, leaves or changes its method therefore moves an offset and not the level: it cannot fake a
// rise. The level at the last weeks' ends is kept in the state (anchors), so that "risen since
// then" is judged with everything known now about then.
//
// One sample has bounded weight. One that is almost surely an outlier (kStrange) moves nothing by
// itself: it waits for another as strange on the same side, at another site or day, within
// kAgreeDays; then all that wait are absorbed, each cut to the distance at which it became strange.
// A sample of the same stream that reads as usual ends the waiting.
//
// One filter follows a site (its streams: its methods) or a district (its streams: those of all
// sites). Population enters as precision: a stream's noise variance is divided by its share, within
// limits. Thread safety: a value. Invariants: every number is finite; variances are positive.
// Sources: damped trend, Gardner & McKenzie 1985; censored update by moments, methods 1.2 and
// docs/methods.md; outlier mixture, Courbariaux et al. 2022 (SCOU), Gaussian here instead of
// uniform.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "detection/gaussian_state.h"
#include "detection/news.h"
#include "detection/observation.h"

namespace belgrand::detection {

struct TrendParameters {
  double growth_sd = 0.025;        // log10 per day
  double growth_memory_days = 28;  // e-folding time
  double level_drift = 0.02;       // log10 per sqrt(day)
  double offset_sd = 0.5;          // log10
  double offset_drift = 0.01;      // log10 per sqrt(day)
  double noise_sd = 0.25;          // log10, at the start
  double noise_weight = 20;        // samples that the start is worth
  double noise_memory = 100;       // samples
  double outlier_probability = 0.05;
  double outlier_sd = 0.6;         // log10, beyond the noise
  double population_power = 0.5;   // noise variance ~ (mean population / population)^power
  double restart_after_days = 60;  // a longer silence starts anew, keeping the noise scale
};

// What one sample did.
struct Step {
  double day = 0;
  std::string site_id;
  LogValue value;
  // One-step-ahead prediction of the sample, and its standard deviation (noise included).
  double expected = 0;
  double deviation = 1;
  // (value - expected) / deviation; for an interval, its expectation given the interval.
  double residual = 0;
  double outlier_probability = 0;
  // Log of the predictive density (or probability): what the parameters are judged by.
  double log_score = 0;
  // Not absorbed: an outlier that no other sample agrees with yet.
  bool set_aside = false;
  // First sample of a stream, or after a silence: the prediction means little.
  bool opens_segment = false;
};

struct Estimate {
  double mean = 0;
  double sd = 0;
};

class TrendFilter {
 public:
  static constexpr std::size_t kAnchors = 6;
  static constexpr double kAnchorDays = 7;
  // Posterior probability of the outlier component.
  static constexpr double kStrange = 0.99;
  static constexpr double kAgreeDays = 21;

  explicit TrendFilter(const TrendParameters& parameters) : parameters_(&parameters) {}

  // Takes a sample; days never decrease. `population` of the site, 0 if unknown.
  Step Observe(double day, const std::string& site_id, const std::string& stream, double population,
               const LogValue& value);

  bool empty() const { return state_.size() == 0; }
  double day() const { return day_; }
  std::uint64_t samples() const { return samples_; }
  double segment_start() const { return segment_start_; }
  double noise_sd() const;
  Estimate Growth() const;  // log10 per day
  // Population-weighted mean over the streams seen in the last `active_days`, log10 gc/L.
  Estimate Level(double active_days) const;
  // Level now minus level at the k-th last week's end (k < anchors()), and how long ago that was.
  Estimate RiseSince(std::size_t k, double* days_ago) const;
  std::size_t anchors() const { return anchors_; }
  // Share of recorded weeks whose level was below today's; -1 with fewer than `least` weeks.
  double LevelRank(std::size_t least) const;

  struct StreamView {
    std::string site_id;
    double weight = 0;  // of the population active; sums to 1
    Estimate level;
    double last_day = 0;
  };
  std::vector<StreamView> Streams(double active_days) const;
  // What the second stream reads above the first, log10; nullopt: one of them is not known, or not
  // since the level started.
  std::optional<Estimate> OffsetBetween(std::string_view before, std::string_view after) const;

 private:
  struct Stream {
    std::string name;
    std::string site_id;
    double population = 0;
    double last_day = 0;
    // Of the newest sample, if it was strange: above (1) or below (-1) what was expected.
    int strange = 0;
    double strange_day = 0;
    // Of a sample that waits for another to agree.
    std::optional<LogValue> waiting = std::nullopt;
  };

  static constexpr std::size_t kLevel = 0;
  static constexpr std::size_t kGrowth = 1;
  static constexpr std::size_t kFirstAnchor = 2;
  static constexpr std::size_t kFirstOffset = kFirstAnchor + kAnchors;
  static constexpr std::size_t kMostWeeks = 260;

  void Start(double day, const LogValue& value);
  void MoveTo(double day);
  void MoveBy(double days);
  void PushAnchor();
  std::size_t StreamIndex(double day, const std::string& site_id, const std::string& stream,
                          double population, bool* is_new);
  void ForgetStreams(double day);
  // What a value of a stream says now.
  struct Judged {
    Projection predicted;
    double noise = 0;
    News usual;
    News outlier;
    double outlier_share = 0;
    double log_score = 0;
  };
  Judged Judge(std::size_t index, const LogValue& value) const;
  // Whether another sample is as strange, on the same side, and not the same sample.
  bool HasWitness(std::size_t index, int side) const;
  void Absorb(std::size_t index, const LogValue& value, const Judged& judged);
  // Of a strange value, no more than its side.
  void AbsorbCut(std::size_t index, const LogValue& value);
  double MeanPopulation(double active_days) const;
  double NoiseVariance(double population) const;
  void LearnNoise(double weight, double squared_error);
  std::vector<Term> LevelForm(double active_days) const;

  const TrendParameters* parameters_;
  GaussianState state_;
  std::vector<Stream> streams_;
  std::vector<float> weeks_;  // levels of past weeks, as they left the anchors
  double day_ = 0;
  double next_tick_ = 0;
  double segment_start_ = 0;
  std::size_t anchors_ = 0;
  std::uint64_t samples_ = 0;
  double noise_sum_ = 0;
  double noise_count_ = 0;
};

}  // namespace belgrand::detection
