#include "detection/null_rates.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

namespace belgrand::detection {
namespace {

struct Point {
  double score;
  double rate;  // signals an area-year
};

// 240 years of districts of ten sites: the more sites, the more looks.
constexpr Point kDistrictRise[] = {{-1, 17.1},   {-0.5, 13.0},  {0, 9.01},   {0.5, 5.61},
                                   {1, 2.96},    {1.282, 1.94}, {1.6, 1.07}, {2, 0.533},
                                   {2.5, 0.175}, {3, 0.0458}};
// 3,583 years of sites.
constexpr Point kSiteRise[] = {{-1, 7.53},   {0, 3.95},  {0.5, 2.19},   {1, 0.969},  {1.282, 0.562},
                               {1.6, 0.281}, {2, 0.104}, {2.5, 0.0285}, {3, 0.00558}};
// Hardly more often below 1.5: the sample must also be five-fold what was expected.
constexpr Point kSiteSpike[] = {{0, 1.10},   {1.5, 1.03},  {2, 0.869},   {2.5, 0.550},
                                {3, 0.313},  {3.5, 0.203}, {4, 0.146},   {5, 0.0818},
                                {6, 0.0394}, {8, 0.00949}, {10, 0.00363}};

std::span<const Point> TableOf(std::string_view detector) {
  if (detector == "district-rise") return kDistrictRise;
  if (detector == "site-rise") return kSiteRise;
  if (detector == "site-spike") return kSiteSpike;
  return {};
}

// The two points on whose line a place lies; beyond the ends, the nearest two. `beyond` says
// whether a point lies beyond the place.
template <typename Beyond>
std::pair<Point, Point> Around(std::span<const Point> table, const Beyond& beyond) {
  const auto next = std::find_if(table.begin(), table.end(), beyond);
  const auto at = std::clamp<std::ptrdiff_t>(next - table.begin(), 1, std::ssize(table) - 1);
  return {table[static_cast<std::size_t>(at - 1)], table[static_cast<std::size_t>(at)]};
}

constexpr double kLeastRate = 1e-12;
constexpr double kMostRate = 1e3;

}  // namespace

bool HasNullRate(std::string_view detector) { return !TableOf(detector).empty(); }

double NullRate(std::string_view detector, double score) {
  const auto [a, b] = Around(TableOf(detector), [&](const Point& p) { return p.score > score; });
  const double slope = std::log(b.rate / a.rate) / (b.score - a.score);
  return std::clamp(a.rate * std::exp(slope * (score - a.score)), kLeastRate, kMostRate);
}

double ScoreOfNullRate(std::string_view detector, double rate) {
  const double wanted = std::clamp(rate, kLeastRate, kMostRate);
  const auto [a, b] = Around(TableOf(detector), [&](const Point& p) { return p.rate < wanted; });
  const double slope = std::log(b.rate / a.rate) / (b.score - a.score);
  return a.score + std::log(wanted / a.rate) / slope;
}

}  // namespace belgrand::detection
