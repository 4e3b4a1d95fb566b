// What the level of every site or district was on every day, with the hindsight of a whole history.
//
// All streams of an area (sites; laboratories, methods and genes of a site) are brought to one
// level (two_way.h), limits with them; each piece without a gap of more than 28 days is
// smoothed on its own, its parameters by maximum likelihood. The past of a curve moves as samples
// come: it is worth keeping only with what was known (SmoothOptions::known_by). For what a district
// does now there is the engine; a curve that has seen the future must never be fed to detection.
//
// Two smoothers: SCOU on days (scou.h), and the local linear trend on weeks (local_trend.h), which
// also says what it knew at each week. Units: log10 gc/L. Thread safety: pure functions; the
// result does not depend on the number of threads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "detection/observation.h"
#include "detection/partition.h"
#include "detection/signal.h"
#include "platform/base/time.h"

namespace belgrand::detection {

enum class Smoother { kScou, kLocalTrend };
// Where a method follows another without a week in common: leave the step, or lift what was before
// to what the new one reads (seams.h).
enum class Seams { kKeep, kBridge };

struct SmoothOptions {
  Smoother smoother = Smoother::kScou;
  AreaLevel level = AreaLevel::kSite;
  // Rows that became known later are left out.
  base::Instant known_by = base::Instant::max();
  Seams seams = Seams::kKeep;
};

struct LevelPoint {
  base::Day day{};
  double mean = 0;
  double lower = 0;  // 95 % interval
  double upper = 0;
  // Local trend: what was known by that week.
  std::optional<double> filtered;
  // SCOU, on a day with samples: that they are an outlier.
  std::optional<double> outlier_probability;
};

// A change of method or laboratory in a curve.
struct CurveSeam {
  base::Day day{};
  std::string before;  // streams: site, laboratory, method, version and gene
  std::string after;
  // What the new one reads above the old one, log10, and its standard deviation; both 0 where it
  // was not bridged because of too long a silence.
  double offset = 0;
  double sd = 0;
  bool bridged = false;
};

struct LevelCurve {
  AreaLevel level = AreaLevel::kSite;
  std::string area_id;
  std::string target;
  // Ascending; a piece that could not be smoothed (fewer than five sampled days, no spread, only
  // non-detects) has no points, and `pieces_left_out` counts it.
  std::vector<std::vector<LevelPoint>> pieces;
  std::size_t pieces_left_out = 0;
  // With Seams::kBridge; in order of day.
  std::vector<CurveSeam> seams;
};

// In order of area and target. REQUIRES: `observations` in the order in which they became known.
std::vector<LevelCurve> SmoothHistory(const std::vector<Observation>& observations,
                                      const SmoothOptions& options, unsigned threads,
                                      const OnProgress& on_progress = {});

// "level,area,target,day,gc_per_l,lower,upper,filtered,outlier_probability" and a line a point;
// concentrations in gc/L; of a normalised history, `column` names what it is in.
std::string CurvesCsv(const std::vector<LevelCurve>& curves, std::string_view column = "gc_per_l");
// "level,area,target,day,before,after,fold,lower,upper,bridged" and a line a seam; fold: what the
// new one reads in multiples of the old one, with its 95 % interval.
std::string SeamsCsv(const std::vector<LevelCurve>& curves);

}  // namespace belgrand::detection
