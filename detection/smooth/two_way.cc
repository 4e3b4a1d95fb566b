#include "detection/smooth/two_way.h"

#include <algorithm>

namespace belgrand::detection {
namespace {

constexpr int kRounds = 20;

}  // namespace

std::vector<double> StreamEffects(std::span<const TwoWayCell> cells, std::size_t streams,
                                  std::size_t weeks) {
  std::vector<double> effect(streams, 0);
  if (streams == 1) return effect;
  std::vector<double> week_sum(weeks);
  std::vector<double> week_count(weeks, 0);
  std::vector<double> stream_sum(streams);
  std::vector<double> stream_count(streams, 0);
  for (const TwoWayCell& c : cells) {
    week_count[c.week] += 1;
    stream_count[c.stream] += 1;
  }
  for (int round = 0; round < kRounds; ++round) {
    std::fill(week_sum.begin(), week_sum.end(), 0.0);
    std::fill(stream_sum.begin(), stream_sum.end(), 0.0);
    for (const TwoWayCell& c : cells) week_sum[c.week] += c.value - effect[c.stream];
    for (const TwoWayCell& c : cells) {
      stream_sum[c.stream] += c.value - week_sum[c.week] / week_count[c.week];
    }
    double mean = 0;
    for (const double s : stream_sum) mean += s / static_cast<double>(cells.size());
    for (std::size_t i = 0; i < streams; ++i) effect[i] = stream_sum[i] / stream_count[i] - mean;
  }
  return effect;
}

}  // namespace belgrand::detection
