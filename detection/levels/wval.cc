#include "detection/levels/wval.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <utility>

#include "detection/methods/presence.h"

namespace belgrand::detection {
namespace {

constexpr std::int64_t kWindowDays = 730;
constexpr std::int64_t kGapDays = 365;
constexpr std::int64_t kLeastAgeDays = 56;
constexpr double kOutlierSd = 4;
constexpr double kMostLogWval = 30;            // so that the exponential stays a number
constexpr std::int64_t kMostDay = 10'000'000;  // beyond the calendar

constexpr double kCuts[4][4] = {
    {2, 3.4, 5.3, 7.8}, {2.7, 6.2, 11.2, 17.6}, {2.5, 5.2, 8, 11}, {1.5, 3, 4.5, 8}};

struct LogSample {
  std::int64_t day = 0;
  double ln = 0;
};

struct Moments {
  double mean = 0;
  double sd = 0;
};

Moments MomentsOf(std::span<const LogSample> samples) {
  Moments moments;
  const double n = static_cast<double>(samples.size());
  for (const LogSample& s : samples) moments.mean += s.ln / n;
  if (samples.size() < 2) return moments;
  double squares = 0;
  for (const LogSample& s : samples) {
    squares += (s.ln - moments.mean) * (s.ln - moments.mean) / (n - 1);
  }
  moments.sd = std::sqrt(squares);
  // What rounding leaves of a constant series.
  if (moments.sd <= 1e-12 * std::max(std::abs(moments.mean), 1e-12)) moments.sd = 0;
  return moments;
}

std::chrono::year_month_day DateOf(std::int64_t day) {
  return std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(day)));
}

std::int64_t FirstOf(int year, unsigned month) {
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(1));
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// The period in which one renewal is due, once the series is grown up; nullopt: none is.
std::optional<int> RenewalPeriod(std::int64_t day, WvalScale scale) {
  const auto date = DateOf(day);
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month());
  if (scale == WvalScale::kInfluenzaA || scale == WvalScale::kRsv) {
    if (month < 8) return std::nullopt;
    return year;
  }
  if (month >= 4 && month <= 9) return 2 * year;
  return 2 * (month < 4 ? year - 1 : year) + 1;
}

// Position of the sample at which the baseline was renewed last.
std::size_t NewestRenewal(std::span<const LogSample> samples, WvalScale scale) {
  const bool seasonal = scale == WvalScale::kInfluenzaA || scale == WvalScale::kRsv;
  const std::int64_t growing_days = seasonal ? 365 : 182;
  std::size_t newest = 0;
  std::optional<int> done;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::optional<int> period = RenewalPeriod(samples[i].day, scale);
    const bool young = samples[i].day - samples.front().day <= growing_days;
    if (young || (period && period != done)) {
      newest = i;
      // While young every sample renews; the period under way is then not due again.
      done = period;
    }
  }
  return newest;
}

int GeneRank(std::string_view gene) {
  constexpr std::string_view kRanked[] = {"n", "orf1", "e", "rdrp", "s"};
  int rank = 0;
  for (const std::string_view prefix : kRanked) {
    if (gene.starts_with(prefix)) return rank;
    ++rank;
  }
  return rank;
}

// PySpark's approximate percentile: an element, no interpolation.
WvalBaseline BaselineAt(std::span<const LogSample> samples, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && samples[at].day - samples[begin - 1].day <= kWindowDays) --begin;
  const auto window = samples.subspan(begin, at - begin + 1);
  std::vector<double> sorted;
  for (const LogSample& s : window) sorted.push_back(s.ln);
  const double rank = std::floor(0.10 * static_cast<double>(sorted.size() - 1));
  const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(sorted.begin(), place, sorted.end());
  return {*place, MomentsOf(window).sd, samples[at].day};
}

WvalSeries Judge(std::uint32_t method, std::span<const LogSample> samples, WvalScale scale,
                 std::int64_t from_day) {
  WvalSeries series;
  series.method = method;
  series.first_day = samples.front().day;
  series.last_day = samples.back().day;
  const Moments all = MomentsOf(samples);
  std::vector<LogSample> kept;
  for (const LogSample& s : samples) {
    if (all.sd > 0 && std::abs(s.ln - all.mean) / all.sd > kOutlierSd) {
      ++series.outliers;
    } else {
      kept.push_back(s);
    }
  }
  if (series.last_day - series.first_day < kLeastAgeDays || kept.empty()) return series;
  const WvalBaseline baseline = BaselineAt(kept, NewestRenewal(kept, scale));
  if (!(baseline.ln_sd > 0)) return series;
  series.baseline = baseline;
  for (const LogSample& s : kept) {
    if (s.day < from_day) continue;
    const double sds = (s.ln - baseline.ln_baseline) / baseline.ln_sd;
    series.points.push_back({s.day, std::exp(std::clamp(sds, -kMostLogWval, kMostLogWval))});
  }
  return series;
}

}  // namespace

std::optional<WvalScale> WvalScaleOf(std::string_view target) {
  if (target == "sars-cov-2") return WvalScale::kSarsCov2;
  if (target == "fluav") return WvalScale::kInfluenzaA;
  if (target == "rsv") return WvalScale::kRsv;
  return std::nullopt;
}

std::string_view NameOf(ActivityLevel level) {
  constexpr std::string_view kNames[] = {"Very Low", "Low", "Moderate", "High", "Very High"};
  return kNames[static_cast<int>(level)];
}

double UpperCut(ActivityLevel level, WvalScale scale) {
  return kCuts[static_cast<int>(scale)][static_cast<int>(level)];
}

ActivityLevel ActivityLevelOf(double wval, WvalScale scale) {
  for (const ActivityLevel level : {ActivityLevel::kVeryLow, ActivityLevel::kLow,
                                    ActivityLevel::kModerate, ActivityLevel::kHigh}) {
    if (wval <= UpperCut(level, scale)) return level;
  }
  return ActivityLevel::kVeryHigh;
}

double WvalConcentration(double gc_per_l, double lod) {
  return gc_per_l < lod ? 0.5 * lod : gc_per_l;
}

double CombineGenes(std::span<const GeneReading> readings) {
  const GeneReading* best = &readings.front();
  const GeneReading* n1 = nullptr;
  const GeneReading* n2 = nullptr;
  for (const GeneReading& r : readings) {
    if (GeneRank(r.gene) < GeneRank(best->gene)) best = &r;
    if (r.gene == "n1") n1 = &r;
    if (r.gene == "n2") n2 = &r;
  }
  if (n1 != nullptr && n2 != nullptr) {
    return std::sqrt(n1->concentration) * std::sqrt(n2->concentration);
  }
  return best->concentration;
}

std::vector<WvalSeries> WvalOfSite(std::span<const WvalSample> samples, WvalScale scale,
                                   std::int64_t from_day) {
  std::map<std::uint32_t, std::vector<LogSample>> methods;
  for (const WvalSample& s : samples) {
    if (std::isfinite(s.concentration) && s.concentration > 0 && std::abs(s.day) < kMostDay) {
      methods[s.method].push_back({s.day, std::log(s.concentration)});
    }
  }
  std::vector<WvalSeries> all;
  for (auto& [method, rows] : methods) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const LogSample& a, const LogSample& b) { return a.day < b.day; });
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= rows.size(); ++i) {
      if (i < rows.size() && rows[i].day - rows[i - 1].day <= kGapDays) continue;
      all.push_back(Judge(method, std::span(rows).subspan(begin, i - begin), scale, from_day));
      begin = i;
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const WvalSeries& a, const WvalSeries& b) {
    return a.first_day < b.first_day;
  });
  return all;
}

std::vector<SiteWeek> WvalWeeks(std::span<const WvalSeries> series) {
  struct Sum {
    std::int64_t first_day = 0;
    double total = 0;
    double count = 0;
  };
  std::map<std::int64_t, Sum> weeks;
  for (const WvalSeries& s : series) {
    std::map<std::int64_t, Sum> own;
    for (const WvalPoint& p : s.points) {
      Sum& sum = own[WeekEnd(p.day)];
      sum.first_day = s.first_day;
      sum.total += p.wval;
      sum.count += 1;
    }
    for (const auto& [week, sum] : own) {
      const auto [place, is_new] = weeks.try_emplace(week, sum);
      if (!is_new && sum.first_day > place->second.first_day) place->second = sum;
    }
  }
  std::vector<SiteWeek> result;
  for (const auto& [week, sum] : weeks) result.push_back({week, sum.total / sum.count});
  return result;
}

std::int64_t WvalJoinsOn(std::int64_t first_day, WvalScale scale) {
  if (scale != WvalScale::kInfluenzaA && scale != WvalScale::kRsv) return first_day;
  const int year = static_cast<int>(DateOf(first_day).year());
  if (first_day >= FirstOf(year, 8) && first_day <= FirstOf(year, 10)) return first_day;
  return first_day < FirstOf(year, 8) ? FirstOf(year, 8) : FirstOf(year + 1, 8);
}

std::optional<DistrictWval> WvalOfDistrict(std::vector<double> site_values, std::size_t known_sites,
                                           double least_share) {
  const std::size_t n = site_values.size();
  if (n == 0 || static_cast<double>(n) < least_share * static_cast<double>(known_sites)) {
    return std::nullopt;
  }
  std::sort(site_values.begin(), site_values.end());
  return DistrictWval{0.5 * (site_values[(n - 1) / 2] + site_values[n / 2]), n};
}

std::optional<double> SitePercentile(std::span<const double> history, double value,
                                     std::size_t least) {
  if (history.size() < std::max<std::size_t>(least, 1)) return std::nullopt;
  double below = 0;
  for (const double h : history) below += h < value ? 1 : (h == value ? 0.5 : 0);
  return 100 * below / static_cast<double>(history.size());
}

}  // namespace belgrand::detection
