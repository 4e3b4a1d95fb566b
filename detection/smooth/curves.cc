#include "detection/smooth/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "detection/backtest.h"
#include "detection/detectors/area_series.h"
#include "detection/smooth/local_trend.h"
#include "detection/smooth/nelder_mead.h"
#include "detection/smooth/scou.h"
#include "detection/smooth/seams.h"
#include "detection/smooth/two_way.h"

namespace belgrand::detection {
namespace {

constexpr double kTwoSided95 = 1.959964;
constexpr std::int64_t kWeek = 7;
// Sunday 4 January 1970, so that weeks end on Sundays.
constexpr std::int64_t kFirstSunday = 3;

using Rows = std::vector<const Observation*>;

// The rows of each area as they stand: the newest version of each, none that was taken back.
std::map<std::pair<std::string, std::string>, Rows> RowsByArea(
    const std::vector<Observation>& observations, const SmoothOptions& options) {
  using RowKey = std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>;
  std::map<RowKey, const Observation*> newest;
  for (const Observation& o : observations) {
    if (o.known_at > options.known_by) continue;
    const sample::Measurement& m = o.measurement;
    const Observation*& row = newest[{m.laboratory_id, m.sample_id, m.target, m.gene}];
    if (!row || o.version > row->version) row = &o;
  }
  std::map<std::pair<std::string, std::string>, Rows> areas;
  for (const auto& [key, row] : newest) {
    if (row->voided) continue;
    const sample::Measurement& m = row->measurement;
    areas[{options.level == AreaLevel::kSite ? m.site_id : row->district_id, m.target}].push_back(
        row);
  }
  return areas;
}

// For people: the parts of a stream's name in one line.
std::string StreamText(std::string_view stream) {
  std::string text;
  for (const char c : stream) text += c == '\n' ? std::string(" / ") : std::string(1, c);
  return text;
}

base::Day DayAt(std::int64_t number) { return base::Day(std::chrono::days(number)); }

LogValue Moved(const LogValue& value, double by) { return {value.low + by, value.high + by}; }

// One value for each day and stream, all streams at one level; seams where asked for.
std::vector<DatedLogValue> AtOneLevel(const Rows& rows, Seams bridge,
                                      std::vector<CurveSeam>& seams) {
  std::map<std::pair<std::int64_t, std::string>, std::vector<LogValue>> by_day;
  for (const Observation* row : rows) {
    const auto value = ToLogValue(row->measurement);
    if (!value) continue;
    const std::int64_t day = base::DayOf(row->measurement.collected_at).time_since_epoch().count();
    by_day[{day, StreamOf(row->measurement)}].push_back(*value);
  }
  if (by_day.empty()) return {};
  const std::int64_t first = by_day.begin()->first.first;
  std::map<std::string_view, std::size_t> streams;
  std::vector<TwoWayCell> cells;
  std::vector<DatedLogValue> values;
  std::size_t weeks = 0;
  for (auto& [key, replicates] : by_day) {
    const std::size_t stream = streams.try_emplace(key.second, streams.size()).first->second;
    const auto week = static_cast<std::size_t>((key.first - first) / kWeek);
    weeks = std::max(weeks, week + 1);
    values.push_back({key.first, CombineReplicates(std::move(replicates))});
    cells.push_back({stream, week, AsNumber(values.back().value)});
  }
  const std::vector<double> effects = StreamEffects(cells, streams.size(), weeks);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i].value = Moved(values[i].value, -effects[cells[i].stream]);
  }
  if (bridge == Seams::kKeep) return values;
  std::vector<SeamCell> at_seams;
  for (std::size_t i = 0; i < values.size(); ++i) {
    at_seams.push_back({cells[i].stream, values[i].day, AsNumber(values[i].value)});
  }
  std::vector<std::string_view> names(streams.size());
  for (const auto& [name, index] : streams) names[index] = name;
  const Bridge found = BridgeSeams(at_seams, streams.size());
  for (const SeamOffset& seam : found.seams) {
    seams.push_back({DayAt(seam.day), StreamText(names[seam.before]), StreamText(names[seam.after]),
                     seam.offset, seam.sd, seam.bridged});
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i].value = Moved(values[i].value, found.shift[cells[i].stream]);
  }
  return values;
}

std::vector<LevelPoint> ByScou(const std::vector<DatedLogValue>& values) {
  const ScouFit fit = FitScou(values);
  if (fit.outcome != ScouFitOutcome::kFitted && fit.outcome != ScouFitOutcome::kNotConverged) {
    return {};
  }
  const auto series = SmoothScou(values, fit.parameters);
  if (!series) return {};
  std::vector<LevelPoint> points;
  for (std::size_t i = 0; i < series->mean.size(); ++i) {
    points.push_back({DayAt(series->first_day + static_cast<std::int64_t>(i)), series->mean[i],
                      series->lower[i], series->upper[i], std::nullopt,
                      series->outlier_probability[i]});
  }
  return points;
}

// The week's values as one; nullopt in a week without any.
std::vector<std::optional<LogValue>> ByWeek(const std::vector<DatedLogValue>& values,
                                            std::int64_t first_week) {
  std::map<std::int64_t, std::vector<LogValue>> weeks;
  for (const DatedLogValue& v : values) {
    weeks[(v.day - kFirstSunday + kWeek - 1) / kWeek - first_week].push_back(v.value);
  }
  std::vector<std::optional<LogValue>> steps(static_cast<std::size_t>(weeks.rbegin()->first + 1));
  for (auto& [week, of_week] : weeks) {
    steps[static_cast<std::size_t>(week)] = CombineReplicates(std::move(of_week));
  }
  return steps;
}

std::vector<LevelPoint> ByLocalTrend(const std::vector<DatedLogValue>& values) {
  // As with SCOU, nothing is made of a few days or of non-detects alone.
  std::set<std::int64_t> days;
  for (const DatedLogValue& v : values) days.insert(v.day);
  const bool detected = std::any_of(values.begin(), values.end(), [](const DatedLogValue& v) {
    return !std::isinf(v.value.low);
  });
  if (days.size() < kScouLeastSamples || !detected) return {};
  const std::int64_t first_week = (values.front().day - kFirstSunday + kWeek - 1) / kWeek;
  const auto steps = ByWeek(values, first_week);
  LocalTrendParameters parameters;
  const double start = AsNumber(*steps.front());
  parameters.start[0] = parameters.start[1] = start;
  const auto at = [&](std::span<const double> logs) {
    LocalTrendParameters p = parameters;
    // Beyond these a variance says nothing about log10 gc/L.
    p.noise = std::exp(std::clamp(logs[0], -9.0, 3.0));
    p.level_variance = std::exp(std::clamp(logs[1], -14.0, 3.0));
    return p;
  };
  const double guess[] = {std::log(parameters.noise), std::log(parameters.level_variance)};
  const Minimum best = Minimize(
      [&](std::span<const double> logs) {
        return -FollowLocalTrend(steps, at(logs)).log_likelihood;
      },
      guess, {});
  const LocalTrend trend = FollowLocalTrend(steps, at(best.at));
  std::vector<LevelPoint> points;
  for (std::size_t i = 0; i < trend.points.size(); ++i) {
    const LocalTrendPoint& p = trend.points[i];
    const double half = kTwoSided95 * std::sqrt(p.smoothed_variance);
    const std::int64_t week = first_week + static_cast<std::int64_t>(i);
    points.push_back({DayAt(week * kWeek + kFirstSunday), p.smoothed, p.smoothed - half,
                      p.smoothed + half, p.filtered, std::nullopt});
  }
  return points;
}

std::string Concentration(double log10) { return fmt::format("{:.4g}", std::pow(10.0, log10)); }

}  // namespace

std::vector<LevelCurve> SmoothHistory(const std::vector<Observation>& observations,
                                      const SmoothOptions& options, unsigned threads,
                                      const OnProgress& on_progress) {
  std::vector<LevelCurve> curves;
  std::vector<Rows> rows;
  std::size_t total = 0;
  for (auto& [name, of_area] : RowsByArea(observations, options)) {
    curves.push_back({options.level, name.first, name.second, {}, 0, {}});
    total += of_area.size();
    rows.push_back(std::move(of_area));
  }
  Progress progress(total, on_progress);
  InParallel(curves.size(), threads, [&](std::size_t i) {
    for (const auto& piece : SplitAtGaps(AtOneLevel(rows[i], options.seams, curves[i].seams))) {
      auto points = options.smoother == Smoother::kScou ? ByScou(piece) : ByLocalTrend(piece);
      if (points.empty()) {
        ++curves[i].pieces_left_out;
      } else {
        curves[i].pieces.push_back(std::move(points));
      }
    }
    progress.Add(rows[i].size());
  });
  return curves;
}

std::string CurvesCsv(const std::vector<LevelCurve>& curves, std::string_view column) {
  std::string text =
      fmt::format("level,area,target,day,{},lower,upper,filtered,outlier_probability\n", column);
  for (const LevelCurve& curve : curves) {
    for (const auto& piece : curve.pieces) {
      for (const LevelPoint& p : piece) {
        text +=
            fmt::format("{},{},{},{},{},{},{},{},{}\n", NameOf(curve.level), CsvText(curve.area_id),
                        CsvText(curve.target), base::FormatDay(p.day), Concentration(p.mean),
                        Concentration(p.lower), Concentration(p.upper),
                        p.filtered ? Concentration(*p.filtered) : "",
                        p.outlier_probability ? fmt::format("{:.3f}", *p.outlier_probability) : "");
      }
    }
  }
  return text;
}

std::string SeamsCsv(const std::vector<LevelCurve>& curves) {
  std::string text = "level,area,target,day,before,after,fold,lower,upper,bridged\n";
  for (const LevelCurve& curve : curves) {
    for (const CurveSeam& seam : curve.seams) {
      const double half = kTwoSided95 * seam.sd;
      const std::string fold =
          seam.bridged
              ? fmt::format("{:.3g},{:.3g},{:.3g}", std::pow(10.0, seam.offset),
                            std::pow(10.0, seam.offset - half), std::pow(10.0, seam.offset + half))
              : ",,";
      text += fmt::format("{},{},{},{},{},{},{},{}\n", NameOf(curve.level), CsvText(curve.area_id),
                          CsvText(curve.target), base::FormatDay(seam.day), CsvText(seam.before),
                          CsvText(seam.after), fold, seam.bridged ? "yes" : "no");
    }
  }
  return text;
}

}  // namespace belgrand::detection
