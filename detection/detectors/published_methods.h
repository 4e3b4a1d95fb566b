// How the published methods share one frame: each is a function of the view that gives a score.
//
// The frame (published_methods.cc) compares the score with the limit, asks for a quantified newest
// sample, and fills in what an alert shows. Thread safety: pure functions.
#pragma once

#include <cstdint>

#include "detection/detector.h"

namespace belgrand::detection {

struct Score {
  double value = 0;
  // How far above its baseline the method sees the newest sample, log10; 0 where it has none.
  double excess_log10 = 0;
  // Days before the newest sample from which the change is counted.
  double since_days = 0;
  // Of presence: in the last four weeks.
  std::uint32_t detections = 0;
};

// published_windows.cc: short windows of the level series.
Score ScoreEarsC1(const AreaView& view);
Score ScoreEarsC2(const AreaView& view);
Score ScoreEarsC3(const AreaView& view);
Score ScoreTrend3(const AreaView& view);
Score ScoreTrend5(const AreaView& view);
// published_charts.cc: running charts of the one-step-ahead residuals.
Score ScoreCusum(const AreaView& view);
Score ScoreEwma(const AreaView& view);
Score ScoreGlr(const AreaView& view);
// published_levels.cc: against years.
Score ScoreWval(const AreaView& view);
Score ScorePercentile(const AreaView& view);
Score ScorePresence(const AreaView& view);

}  // namespace belgrand::detection
