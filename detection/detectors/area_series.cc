#include "detection/detectors/area_series.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "detection/smooth/two_way.h"

namespace belgrand::detection {
namespace {

constexpr double kLog10Of2 = 0.30102999566398119521;
constexpr double kMostResidual = 1e6;

}  // namespace

double AsNumber(const LogValue& value) {
  if (std::isinf(value.low)) return value.high - kLog10Of2;
  if (std::isinf(value.high)) return value.low;
  return 0.5 * (value.low + value.high);
}

std::vector<DatedValue> LevelSeries(const AreaView& view) {
  std::vector<TwoWayCell> cells;
  std::vector<double> days;
  std::map<std::string_view, std::size_t> streams;
  std::size_t weeks = 0;
  const double newest = view.steps.back()->day;
  const auto& groups = view.track.groups();
  for (auto it = groups.rbegin(); it != groups.rend() && cells.size() < view.steps.size(); ++it) {
    const double day = static_cast<double>(it->first.day);
    const std::size_t stream = streams.try_emplace(it->first.stream, streams.size()).first->second;
    const std::size_t week = static_cast<std::size_t>((newest - day) / 7);
    weeks = std::max(weeks, week + 1);
    cells.push_back({stream, week, AsNumber(it->second.step.value)});
    days.push_back(day);
  }
  const std::vector<double> effects = StreamEffects(cells, streams.size(), weeks);
  std::vector<DatedValue> values;
  values.reserve(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    values.push_back({days[i], cells[i].value - effects[cells[i].stream]});
  }
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
