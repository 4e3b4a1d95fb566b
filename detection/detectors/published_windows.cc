// EARS and the regression trend on the level series of an area.
#include <algorithm>
#include <span>

#include "detection/detectors/area_series.h"
#include "detection/detectors/published_methods.h"
#include "detection/methods/ears.h"
#include "detection/methods/regression.h"

namespace belgrand::detection {
namespace {

// Of samples, not of days: of the seven newest in four weeks at least five must be there. The floor
// is the noise of an assay.
constexpr double kReachDays = 28;
constexpr double kLeastSd = 0.15;
constexpr std::size_t kLeast = 5;

constexpr EarsWindow Window(double guard_days) {
  return {
      .least = kLeast, .guard_days = guard_days, .reach_days = kReachDays, .least_sd = kLeastSd};
}

Score Single(const AreaView& view, double guard_days) {
  const std::vector<DatedValue> series = LevelSeries(view);
  const auto statistic = EarsAt(series, series.size() - 1, Window(guard_days));
  if (!statistic) return {};
  return {statistic->score, series.back().value - statistic->mean, guard_days};
}

// Smallest increase that is called one, percent over the samples' days (the trend classes of the
// programmes that publish them).
constexpr double kLeastChange = 10;

Score Trend(const AreaView& view, std::size_t samples) {
  const std::vector<DatedValue> series = LevelSeries(view);
  if (series.size() < samples) return {};
  const auto newest = std::span(series).last(samples);
  const double span = newest.back().day - newest.front().day;
  if (span > kReachDays) return {};
  const auto trend = FitTrend(newest);
  if (!trend || trend->slope <= 0 || trend->percent_change < kLeastChange) return {};
  return {1 - trend->p, trend->slope * span, span};
}

}  // namespace

Score ScoreEarsC1(const AreaView& view) { return Single(view, 0); }
Score ScoreEarsC2(const AreaView& view) { return Single(view, 2); }

Score ScoreEarsC3(const AreaView& view) {
  const std::vector<DatedValue> series = LevelSeries(view);
  const std::size_t at = series.size() - 1;
  const auto c3 = EarsC3At(series, at, Window(2));
  if (!c3) return {};
  const auto c2 = EarsAt(series, at, Window(2));
  return {*c3, series[at].value - c2->mean, series[at].day - series[at - 2].day};
}

Score ScoreTrend3(const AreaView& view) { return Trend(view, 3); }
Score ScoreTrend5(const AreaView& view) { return Trend(view, 5); }

}  // namespace belgrand::detection
