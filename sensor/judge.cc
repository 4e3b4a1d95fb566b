#include "sensor/judge.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace belgrand::sensor {
namespace {

int MonthOf(std::int64_t time_us) {
  const auto day = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(time_us)));
  return static_cast<int>(static_cast<unsigned>(std::chrono::year_month_day(day).month()));
}

bool Covers(const Season& season, int month) {
  return season.first_month <= season.last_month
             ? month >= season.first_month && month <= season.last_month
             : month >= season.first_month || month <= season.last_month;
}

bool Outside(double value, const std::optional<double>& low, const std::optional<double>& high) {
  return (low && value < *low) || (high && value > *high);
}

}  // namespace

void Judge::Extreme::Add(std::int64_t time_us, double value) {
  const auto beaten = [&](double old) {
    return kind_ == Kind::kLowest ? old >= value : old <= value;
  };
  while (!values_.empty() && beaten(values_.back().second)) values_.pop_back();
  values_.emplace_back(time_us, value);
}

double Judge::Extreme::Over(std::int64_t from_us) {
  while (values_.front().first < from_us) values_.pop_front();
  return values_.front().second;
}

const LimitsVersion& Judge::VersionAt(std::int64_t time_us) {
  std::size_t at = history_->size() - 1;
  while (at > 0 && (*history_)[at].from_us > time_us) --at;
  return (*history_)[at];
}

void Judge::BeginRun(std::int64_t time_us) {
  run_from_us_ = time_us;
  spread_.Clear();
  for (Window* window : {&suspect_, &fail_}) {
    window->lowest.Clear();
    window->highest.Clear();
  }
}

void Judge::JudgeAlone(const TestLimits& limits, const Point& point, Results& results) const {
  if (limits.fail_low || limits.fail_high || limits.suspect_low || limits.suspect_high) {
    results.gross = Flag::kGood;
    if (Outside(point.value, limits.suspect_low, limits.suspect_high)) {
      results.gross = Flag::kSuspect;
    }
    if (Outside(point.value, limits.fail_low, limits.fail_high)) results.gross = Flag::kFail;
  }
  if (limits.seasons.empty()) return;
  const int month = MonthOf(point.time_us);
  for (const Season& season : limits.seasons) {
    if (!Covers(season, month)) continue;
    const bool usual = !Outside(point.value, season.low, season.high);
    if (results.climatology != Flag::kGood) {
      results.climatology = usual ? Flag::kGood : Flag::kSuspect;
    }
  }
}

Flag Judge::FlatOver(Window& window, std::int64_t span, double tolerance, const Point& point,
                     Flag failed) {
  window.lowest.Add(point.time_us, point.value);
  window.highest.Add(point.time_us, point.value);
  const std::int64_t from = point.time_us - span;
  const double range = window.highest.Over(from) - window.lowest.Over(from);
  if (run_from_us_ > from) return Flag::kUnknown;
  return range < tolerance ? failed : Flag::kGood;
}

void Judge::JudgeFlat(const TestLimits& limits, const Point& point, Results& results) {
  if (!limits.flat_tolerance) return;
  if (limits.flat_suspect_us > 0) {
    results.flat =
        FlatOver(suspect_, limits.flat_suspect_us, *limits.flat_tolerance, point, Flag::kSuspect);
  }
  if (limits.flat_fail_us > 0) {
    const Flag flat =
        FlatOver(fail_, limits.flat_fail_us, *limits.flat_tolerance, point, Flag::kFail);
    if (flat == Flag::kFail || results.flat == Flag::kUnknown) results.flat = flat;
  }
}

void Judge::JudgeAttenuation(const TestLimits& limits, const Point& point, Results& results) {
  if (limits.attenuated_over_us == 0) return;
  spread_.Add(point.time_us, point.value);
  const std::int64_t from = point.time_us - limits.attenuated_over_us;
  const std::optional<double> spread = spread_.Over(from);
  if (run_from_us_ > from || !spread) return;
  results.attenuated = Flag::kGood;
  if (limits.attenuated_suspect && *spread < *limits.attenuated_suspect) {
    results.attenuated = Flag::kSuspect;
  }
  if (limits.attenuated_fail && *spread < *limits.attenuated_fail) {
    results.attenuated = Flag::kFail;
  }
}

Mark Judge::Sum(const Results& results) {
  Mark mark;
  const auto add = [&](Flag result, Test test) {
    if (result == Flag::kUnknown) return;
    if (result != Flag::kGood) mark.tests = static_cast<std::uint8_t>(mark.tests | test);
    if (mark.flag == Flag::kUnknown || result > mark.flag) mark.flag = result;
  };
  // kGood < kSuspect < kFail; kUnknown lies between them and never gets past the first line.
  add(results.gross, kGrossRange);
  add(results.climatology, kClimatology);
  add(results.spike, kSpike);
  add(results.rate, kRateOfChange);
  add(results.flat, kFlatLine);
  add(results.attenuated, kAttenuated);
  if (results.gap) mark.tests = static_cast<std::uint8_t>(mark.tests | kGap);
  return mark;
}

Judge::Outcome Judge::Push(const Point& point) {
  const LimitsVersion& version = VersionAt(point.time_us);
  const TestLimits& limits = version.limits;
  const bool switched = version_ != nullptr && version_ != &version;
  version_ = &version;
  const bool near = before_ && point.time_us - before_->point.time_us <= limits.max_gap_us;
  Past past{point, {}, std::nullopt};
  past.results.gap = !near;
  if (!near || switched) BeginRun(point.time_us);
  Outcome outcome;
  if (point.missing()) {
    outcome.mark = {Flag::kMissing, static_cast<std::uint8_t>(past.results.gap ? kGap : 0)};
    before_ = past;
    return outcome;
  }
  JudgeAlone(limits, point, past.results);
  if (near && !switched && !before_->point.missing()) {
    past.step = point.value - before_->point.value;
    if (limits.rate_suspect) {
      const double seconds = static_cast<double>(point.time_us - before_->point.time_us) / 1e6;
      past.results.rate =
          std::abs(*past.step) / seconds > *limits.rate_suspect ? Flag::kSuspect : Flag::kGood;
    }
    if ((limits.spike_suspect || limits.spike_fail) && before_->step) {
      const double in = *before_->step;
      const double out = -*past.step;
      const double size = in * out > 0 ? std::min(std::abs(in), std::abs(out)) : 0;
      Flag& spike = before_->results.spike;
      spike = Flag::kGood;
      if (limits.spike_suspect && size > *limits.spike_suspect) spike = Flag::kSuspect;
      if (limits.spike_fail && size > *limits.spike_fail) spike = Flag::kFail;
      outcome.previous = Sum(before_->results);
    }
  }
  JudgeFlat(limits, point, past.results);
  JudgeAttenuation(limits, point, past.results);
  outcome.mark = Sum(past.results);
  before_ = past;
  return outcome;
}

void JudgeAll(Judge& judge, std::span<Point> points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Judge::Outcome outcome = judge.Push(points[i]);
    points[i].mark = outcome.mark;
    if (outcome.previous && i > 0) points[i - 1].mark = *outcome.previous;
  }
}

}  // namespace belgrand::sensor
