#include "detection/detectors/area_series.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

namespace belgrand::detection {
namespace {

constexpr double kLog10Of2 = 0.30102999566398119521;
constexpr int kRounds = 20;
constexpr double kMostResidual = 1e6;

struct Cell {
  double day = 0;
  std::size_t stream = 0;
  std::size_t week = 0;
  double value = 0;
};

// Alternating least squares of value = stream effect + week effect; returns the stream effects,
// with mean zero over the cells.
std::vector<double> StreamEffects(const std::vector<Cell>& cells, std::size_t streams,
                                  std::size_t weeks) {
  std::vector<double> effect(streams, 0);
  if (streams == 1) return effect;
  std::vector<double> week_sum(weeks);
  std::vector<double> week_count(weeks, 0);
  std::vector<double> stream_sum(streams);
  std::vector<double> stream_count(streams, 0);
  for (const Cell& c : cells) {
    week_count[c.week] += 1;
    stream_count[c.stream] += 1;
  }
  for (int round = 0; round < kRounds; ++round) {
    std::fill(week_sum.begin(), week_sum.end(), 0.0);
    std::fill(stream_sum.begin(), stream_sum.end(), 0.0);
    for (const Cell& c : cells) week_sum[c.week] += c.value - effect[c.stream];
    for (const Cell& c : cells) {
      stream_sum[c.stream] += c.value - week_sum[c.week] / week_count[c.week];
    }
    double mean = 0;
    for (const double s : stream_sum) mean += s / static_cast<double>(cells.size());
    for (std::size_t i = 0; i < streams; ++i) effect[i] = stream_sum[i] / stream_count[i] - mean;
  }
  return effect;
}

}  // namespace

double AsNumber(const LogValue& value) {
  if (std::isinf(value.low)) return value.high - kLog10Of2;
  if (std::isinf(value.high)) return value.low;
  return 0.5 * (value.low + value.high);
}

std::vector<DatedValue> LevelSeries(const AreaView& view) {
  std::vector<Cell> cells;
  std::map<std::string_view, std::size_t> streams;
  std::size_t weeks = 0;
  const double newest = view.steps.back()->day;
  const auto& groups = view.track.groups();
  for (auto it = groups.rbegin(); it != groups.rend() && cells.size() < view.steps.size(); ++it) {
    const double day = static_cast<double>(it->first.day);
    const std::size_t stream = streams.try_emplace(it->first.stream, streams.size()).first->second;
    const std::size_t week = static_cast<std::size_t>((newest - day) / 7);
    weeks = std::max(weeks, week + 1);
    cells.push_back({day, stream, week, AsNumber(it->second.step.value)});
  }
  const std::vector<double> effects = StreamEffects(cells, streams.size(), weeks);
  std::vector<DatedValue> values;
  values.reserve(cells.size());
  for (const Cell& c : cells) values.push_back({c.day, c.value - effects[c.stream]});
  return PutInOrder(values);
}

std::vector<double> ResidualSeries(const AreaView& view) {
  std::vector<double> residuals;
  for (const Step* step : view.steps) {
    if (step->opens_segment) continue;
    residuals.push_back(std::clamp(step->residual, -kMostResidual, kMostResidual));
  }
  return residuals;
}

std::vector<SiteHistory> Histories(const AreaView& view) {
  std::map<std::string_view, SiteHistory> sites;
  for (const PastSample& s : view.track.past()) {
    const PastStream& stream = view.track.past_streams()[s.stream];
    sites[stream.site_id].samples.push_back({s.day, stream.stream, {s.low, s.high}});
  }
  for (const auto& [key, group] : view.track.groups()) {
    sites[group.site_id].samples.push_back({key.day, key.stream, group.step.value});
  }
  std::vector<SiteHistory> histories;
  for (auto& [site, history] : sites) {
    history.site_id = site;
    histories.push_back(std::move(history));
  }
  return histories;
}

}  // namespace belgrand::detection
