// The wastewater viral activity level of the CDC, in the form in force since August 2025.
//
// A sample is set against its own series: ln of the concentration, less the 10th percentile of the
// last 730 days (b), in standard deviations of the same days (s); WVAL = exp((ln c - b) / s), 1 at
// the baseline. Baseline and spread are renewed on a calendar and then hold for the whole history,
// so that history is scaled anew at each renewal: a value is worth keeping only with its as_of.
//
// What is done here and what the CDC's script does differ in three points (docs/methods.md, section
// 9): the age of a series counts from its own first sample; the half-year from October runs over
// New Year; a series whose spread is 0 has no value.
// Units: gc/L in, days since 1970-01-01. Thread safety: pure functions; samples in any order.
// Source: CDCgov/NWSS, "WVAL Collaborative Script".
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace belgrand::detection {

enum class WvalScale { kSarsCov2, kInfluenzaA, kRsv, kSarsCov2BeforeAugust2025 };
// nullopt: the CDC publishes no cut points for the target (NWSS spelling: sample/target.h).
std::optional<WvalScale> WvalScaleOf(std::string_view target);

enum class ActivityLevel { kVeryLow, kLow, kModerate, kHigh, kVeryHigh };
std::string_view NameOf(ActivityLevel level);
ActivityLevel ActivityLevelOf(double wval, WvalScale scale);
// Largest WVAL that is still `level`; REQUIRES: level < kVeryHigh.
double UpperCut(ActivityLevel level, WvalScale scale);

// The CDC leaves out sites that serve fewer.
inline constexpr double kWvalLeastPopulation = 3000;
// A non-detect counts as half its LOD here; nowhere else in Belgrand.
double WvalConcentration(double gc_per_l, double lod);

// What one gene of a sample read.
struct GeneReading {
  std::string_view gene;     // lower case: sample.h; empty where the laboratory does not say
  double concentration = 0;  // after WvalConcentration
};
// The one value of a sample: of N1 and N2 the geometric mean, else the gene the CDC ranks first (N,
// ORF1, E, RdRp, S, any other). Half limits enter the mean as they are, so that of two non-detects
// it is half their common LOD. REQUIRES: not empty, positive.
double CombineGenes(std::span<const GeneReading> readings);

struct WvalSample {
  std::int64_t day = 0;
  double concentration = 0;  // after WvalConcentration; not positive or not finite: ignored
  // Laboratory and method; another one is another series.
  std::uint32_t method = 0;
};

struct WvalBaseline {
  double ln_baseline = 0;
  double ln_sd = 0;
  std::int64_t as_of_day = 0;  // of the renewal
};

struct WvalPoint {
  std::int64_t day = 0;
  double wval = 0;
};

// One method of one site, without a gap of more than 365 days.
struct WvalSeries {
  std::uint32_t method = 0;
  std::int64_t first_day = 0;
  std::int64_t last_day = 0;
  std::size_t outliers = 0;  // dropped: more than 4 sd from the mean of the series
  // nullopt: younger than 56 days, or no spread; then there are no points.
  std::optional<WvalBaseline> baseline;
  std::vector<WvalPoint> points;
};

// Every series of one site, oldest first, with the baseline of its newest renewal; points only from
// `from_day` on.
std::vector<WvalSeries> WvalOfSite(
    std::span<const WvalSample> samples, WvalScale scale,
    std::int64_t from_day = std::numeric_limits<std::int64_t>::min());

struct SiteWeek {
  std::int64_t week_end = 0;  // Saturday
  double wval = 0;
};
// Mean of the week's values, from the newer series where two have one. By week.
std::vector<SiteWeek> WvalWeeks(std::span<const WvalSeries> series);

// The first day a site may count in an aggregate: its first sample for SARS-CoV-2; for the seasonal
// viruses only a site whose first sample lies from 1 August to 1 October, else the next 1 August.
std::int64_t WvalJoinsOn(std::int64_t first_day, WvalScale scale);

struct DistrictWval {
  double wval = 0;
  std::size_t sites = 0;
};
// Median over the sites that have a value that week. nullopt: fewer than `least_share` of the
// district's `known_sites` have one.
std::optional<DistrictWval> WvalOfDistrict(std::vector<double> site_values, std::size_t known_sites,
                                           double least_share = 0.5);

// Percent of `history` that lies below `value`, ties counting half; nullopt: fewer than `least`.
std::optional<double> SitePercentile(std::span<const double> history, double value,
                                     std::size_t least = 26);

}  // namespace belgrand::detection
