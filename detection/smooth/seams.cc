#include "detection/smooth/seams.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace belgrand::detection {
namespace {

// Those of the trend filter (trend_filter.h): what a district does, and what a sample scatters.
constexpr double kGrowthSd = 0.025;
constexpr double kNoiseSd = 0.25;
constexpr std::int64_t kWeek = 7;

// Streams that share weeks, by union-find.
std::vector<std::size_t> SegmentsOf(std::span<const SeamCell> cells, std::size_t streams) {
  std::vector<std::size_t> parent(streams);
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto root = [&](std::size_t s) {
    while (parent[s] != s) s = parent[s] = parent[parent[s]];
    return s;
  };
  const std::int64_t first =
      std::min_element(cells.begin(), cells.end(), [](const SeamCell& a, const SeamCell& b) {
        return a.day < b.day;
      })->day;
  std::map<std::int64_t, std::size_t> seen;
  for (const SeamCell& c : cells) {
    const auto [week, is_new] = seen.try_emplace((c.day - first) / kWeek, c.stream);
    if (!is_new) parent[root(c.stream)] = root(week->second);
  }
  for (std::size_t s = 0; s < streams; ++s) parent[s] = root(s);
  return parent;
}

using Cells = std::vector<const SeamCell*>;  // in order of day

// Posterior of the offset with a flat prior on level and offset: the normal equations of
// (level, growth, offset), days counted from the seam.
void Fit(const Cells& old, const std::vector<double>& shift, const Cells& fresh, SeamOffset& seam) {
  double a[3][4] = {};
  const auto add = [&](const SeamCell& cell, double value, double is_new) {
    const double x[3] = {1, static_cast<double>(cell.day - seam.day), is_new};
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) a[i][j] += x[i] * x[j] / (kNoiseSd * kNoiseSd);
      a[i][3] += x[i] * value / (kNoiseSd * kNoiseSd);
    }
  };
  for (const SeamCell* cell : old) add(*cell, cell->value + shift[cell->stream], 0);
  for (const SeamCell* cell : fresh) add(*cell, cell->value, 1);
  a[1][1] += 1 / (kGrowthSd * kGrowthSd);
  for (int i = 0; i < 3; ++i) {
    for (int j = i + 1; j < 3; ++j) {
      const double factor = a[j][i] / a[i][i];
      for (int k = i; k < 4; ++k) a[j][k] -= factor * a[i][k];
    }
  }
  seam.offset = a[2][3] / a[2][2];
  seam.sd = std::sqrt(1 / a[2][2]);
  seam.bridged = true;
}

// `old`: all that begins before; some of it may go on after the seam, and then tells as well.
SeamOffset SeamBetween(const Cells& old, const std::vector<double>& shift, const Cells& fresh) {
  SeamOffset seam;
  seam.day = fresh.front()->day;
  seam.after = fresh.front()->stream;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (const SeamCell* cell : old) {
    if (cell->day > seam.day || cell->day < last) continue;
    last = cell->day;
    seam.before = cell->stream;
  }
  if (seam.day - last > kSeamMostGapDays) return seam;
  const auto near = [&](const Cells& cells, std::int64_t from) {
    Cells about;
    for (const SeamCell* cell : cells) {
      if (cell->day >= from && cell->day - seam.day <= kSeamAboutDays) about.push_back(cell);
    }
    return about;
  };
  Fit(near(old, last - kSeamAboutDays), shift, near(fresh, seam.day), seam);
  return seam;
}

}  // namespace

Bridge BridgeSeams(std::span<const SeamCell> cells, std::size_t streams) {
  Bridge bridge;
  bridge.shift.assign(streams, 0);
  if (cells.empty()) return bridge;
  const std::vector<std::size_t> segment_of = SegmentsOf(cells, streams);
  const auto earlier = [](const SeamCell* a, const SeamCell* b) { return a->day < b->day; };
  std::map<std::size_t, Cells> by_root;
  for (const SeamCell& cell : cells) by_root[segment_of[cell.stream]].push_back(&cell);
  std::vector<Cells> order;
  for (auto& [root, of_segment] : by_root) {
    std::stable_sort(of_segment.begin(), of_segment.end(), earlier);
    order.push_back(std::move(of_segment));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](const Cells& a, const Cells& b) { return a.front()->day < b.front()->day; });
  Cells joined = order.front();
  for (std::size_t i = 1; i < order.size(); ++i) {
    const SeamOffset seam = SeamBetween(joined, bridge.shift, order[i]);
    bridge.seams.push_back(seam);
    for (const SeamCell* cell : order[i]) bridge.shift[cell->stream] = -seam.offset;
    joined.insert(joined.end(), order[i].begin(), order[i].end());
  }
  const std::size_t newest = (*std::max_element(joined.begin(), joined.end(), earlier))->stream;
  const double as_read = bridge.shift[newest];
  for (double& shift : bridge.shift) shift -= as_read;
  return bridge;
}

}  // namespace belgrand::detection
