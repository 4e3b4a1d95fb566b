// QARTOD's real-time tests (IOOS/QARTOD manuals; arithmetic as in methods.md of the project's docs)
// as one pass over the readings of a sensor in the order of time.
//
//   gross range     outside fail_low..fail_high: fail; outside suspect_low..suspect_high: suspect
//   climatology     outside every season of its month: suspect
//   spike           differential: with d- = x - before, d+ = x - after of the same sign,
//                   min(|d-|, |d+|) above the threshold: suspect or fail. Known once the next
//                   reading is there.
//   rate of change  |x - before| / seconds above the threshold: suspect
//   flat line       range of the last flat_*_us below flat_tolerance: suspect or fail; not
//                   evaluated until the run of readings without gap is that long
//   attenuated      standard deviation over the last attenuated_over_us below attenuated_suspect or
//                   attenuated_fail; evaluated like the flat line: a sensor that still moves, and
//                   less than it should
//   gap             nothing came within max_gap before: noted, the flag is unaffected
//   missing value   flag 9; syntax is judged before: what is no number never gets here
//
// The flag is the worst of the tests; good when some test was evaluated and all of those passed;
// unknown when none was. Before and after are the neighbours in time, at most max_gap away; a
// missing one leaves the test out.
//
// Invariant: the marks of a point depend only on the points from Lookback before to Lookahead after
// it and on the limits, not on the order in which readings arrived. So a late reading is judged,
// and its neighbours judged again, as if it had come in time.
//
// Not thread-safe. Borrows the history.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <utility>

#include "sensor/limits.h"
#include "sensor/point.h"
#include "sensor/rolling_spread.h"

namespace belgrand::sensor {

class Judge {
 public:
  explicit Judge(const LimitsHistory& history) : history_(&history) {}

  // What a new point says of itself and of the one before it, whose spike test needed it.
  struct Outcome {
    Mark mark;
    std::optional<Mark> previous;
  };
  // REQUIRES: later than every point pushed before. Marks of the input are ignored, but for
  // kMissing.
  Outcome Push(const Point& point);

 private:
  // Result of each test; kUnknown: not evaluated.
  struct Results {
    Flag gross = Flag::kUnknown;
    Flag climatology = Flag::kUnknown;
    Flag spike = Flag::kUnknown;
    Flag rate = Flag::kUnknown;
    Flag flat = Flag::kUnknown;
    Flag attenuated = Flag::kUnknown;
    bool gap = false;
  };
  struct Past {
    Point point;
    Results results;
    std::optional<double> step;  // to it from the one before
  };
  // The extreme of the last span of time.
  class Extreme {
   public:
    enum class Kind { kLowest, kHighest };
    explicit Extreme(Kind kind) : kind_(kind) {}
    void Add(std::int64_t time_us, double value);
    double Over(std::int64_t from_us);
    void Clear() { values_.clear(); }

   private:
    Kind kind_;
    std::deque<std::pair<std::int64_t, double>> values_;
  };
  struct Window {
    Extreme lowest{Extreme::Kind::kLowest};
    Extreme highest{Extreme::Kind::kHighest};
  };

  const LimitsVersion& VersionAt(std::int64_t time_us);
  void BeginRun(std::int64_t time_us);
  void JudgeAlone(const TestLimits& limits, const Point& point, Results& results) const;
  void JudgeFlat(const TestLimits& limits, const Point& point, Results& results);
  void JudgeAttenuation(const TestLimits& limits, const Point& point, Results& results);
  Flag FlatOver(Window& window, std::int64_t span, double tolerance, const Point& point,
                Flag failed);
  static Mark Sum(const Results& results);

  const LimitsHistory* history_;
  const LimitsVersion* version_ = nullptr;
  std::optional<Past> before_;
  std::int64_t run_from_us_ = 0;
  Window suspect_;
  Window fail_;
  RollingSpread spread_;
};

// Judges `points` in place. `judge` has seen what was before them; it is left after the last one,
// whose spike test stays open.
void JudgeAll(Judge& judge, std::span<Point> points);

}  // namespace belgrand::sensor
