// Every method on series that no method expects: no crash, nothing that is not a number, no alert
// from nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "detection/levels/wval.h"
#include "detection/methods/bayes.h"
#include "detection/methods/charts.h"
#include "detection/methods/ears.h"
#include "detection/methods/farrington.h"
#include "detection/methods/presence.h"
#include "detection/methods/regression.h"
#include "detection/smooth/local_trend.h"
#include "detection/smooth/scou.h"
#include "tests/unit/detection/methods/series_feed.h"

namespace belgrand::detection {
namespace {

using ::testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct OddSample {
  std::int64_t day = 0;
  std::optional<double> value;  // gc/L; nullopt: not detected
  double lod = 1000;
  std::string method = "m1";
};

struct OddSeries {
  std::string name;
  std::vector<OddSample> samples;
  // Nothing in it rises, so that nothing may be raised.
  bool nothing = false;
};

std::vector<OddSeries> OddCases(std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<OddSeries> all(12);
  all[0] = {"constant", {}, true};
  all[1] = {"all censored", {}, true};
  all[2] = {"one sample", {{18000, 5e4}}, true};
  all[3] = {"one non-detect", {{18000, std::nullopt}}, true};
  all[4] = {"gaps of a year", {}, true};
  all[5] = {"huge and tiny", {}};
  all[6] = {"out of order", {}};
  all[7] = {"duplicate days", {}, true};
  all[8] = {"limits change, nothing found", {}, true};
  all[9] = {"methods change", {}, true};
  all[10] = {"before 1970", {}, true};
  all[11] = {"anything", {}};
  for (int i = 0; i < 120; ++i) {
    const std::int64_t day = 18000 + 3 * i;
    const double noise = std::pow(10.0, uniform(random));
    all[0].samples.push_back({day, 12345.678});
    all[1].samples.push_back({day, std::nullopt});
    all[4].samples.push_back({18000 + 366 * (i % 12), 2e4});
    all[5].samples.push_back({day, i % 3 == 0 ? 1e300 : (i % 3 == 1 ? 1e-300 : 5e3), 1e-305});
    all[6].samples.push_back(
        {18000 + static_cast<std::int64_t>(90 * uniform(random)), 2e3 * noise});
    all[7].samples.push_back({18000 + i / 6, 2e4});
    all[8].samples.push_back({day, std::nullopt, std::pow(10.0, i % 7)});
    all[9].samples.push_back({day, 2e4, 1000, i / 10 % 2 == 0 ? "m1" : "m2"});
    all[10].samples.push_back({-7000 + 3 * i, 2e4});
    std::optional<double> any;
    if (uniform(random) < 0.6) any = std::pow(10.0, 600 * uniform(random) - 300);
    all[11].samples.push_back({static_cast<std::int64_t>(uniform(random) * 20000), any,
                               std::pow(10.0, 12 * uniform(random) - 6),
                               uniform(random) < 0.1 ? "m2" : "m1"});
  }
  return all;
}

LogValue ValueOf(const OddSample& s) {
  const double limit = std::log10(s.lod);
  if (!s.value || *s.value < s.lod) return {-kInfinity, limit};
  return {std::log10(*s.value), std::log10(*s.value)};
}

std::vector<DatedValue> NumbersOf(const OddSeries& series) {
  std::vector<DatedValue> values;
  for (const OddSample& s : series.samples) {
    const LogValue v = ValueOf(s);
    values.push_back({static_cast<double>(s.day), v.high});
  }
  return PutInOrder(values);
}

class RobustnessTest : public ::testing::Test {
 protected:
  RobustnessTest() : seed_(std::random_device()()), random_(seed_) {
    RecordProperty("seed", std::to_string(seed_));
  }
  const std::uint64_t seed_;
  std::mt19937_64 random_;
};

TEST_F(RobustnessTest, EveryDetectorInTheEngine) {
  std::vector<std::string> names;
  for (const auto& detector : RegisteredDetectors()) names.push_back(detector->info().name);
  for (int round = 0; round < 3; ++round) {
    for (const OddSeries& series : OddCases(random_)) {
      SCOPED_TRACE(series.name + ", seed " + std::to_string(seed_));
      SeriesFeed feed(names);
      for (const OddSample& s : series.samples) feed.Add(s.day, s.value, s.lod, "a", s.method);
      for (const SignalChange& change : feed.changes()) {
        for (const double number :
             {change.evidence.score, change.evidence.baseline_log10, change.evidence.estimate_log10,
              change.evidence.lower_log10, change.evidence.upper_log10,
              change.evidence.growth_per_day, change.evidence.probability_rising}) {
          EXPECT_TRUE(std::isfinite(number)) << change.detector;
        }
        EXPECT_EQ(change.evidence.explanation.find("nan"), std::string::npos);
        if (!series.nothing || change.phase != Phase::kRaised) continue;
        // A detection is what presence reports.
        EXPECT_TRUE(change.detector.ends_with("presence"))
            << change.detector << ": " << change.evidence.explanation;
      }
    }
  }
}

TEST_F(RobustnessTest, WindowsAndCharts) {
  for (const OddSeries& series : OddCases(random_)) {
    SCOPED_TRACE(series.name + ", seed " + std::to_string(seed_));
    const std::vector<DatedValue> values = NumbersOf(series);
    std::vector<double> z;
    for (std::size_t i = 0; i < values.size(); ++i) {
      z.push_back(values[i].value);
      for (const double guard : {0.0, 2.0}) {
        const auto ears = EarsAt(values, i, {.least = 5, .guard_days = guard, .reach_days = 28});
        if (!ears) continue;
        EXPECT_TRUE(std::isfinite(ears->mean) && std::isfinite(ears->score));
        EXPECT_TRUE(std::isfinite(ears->Upper(3)));
      }
      const auto c3 = EarsC3At(values, i, {.least = 5, .guard_days = 2, .reach_days = 28});
      EXPECT_TRUE(!c3 || std::isfinite(*c3));
      const auto trend = FitTrend(std::span(values).first(i + 1));
      if (!trend) continue;
      EXPECT_TRUE(std::isfinite(trend->slope) && std::isfinite(trend->percent_change));
      EXPECT_TRUE(trend->p >= 0 && trend->p <= 1) << trend->p;
      EXPECT_TRUE(!trend->doubling_days || std::isfinite(*trend->doubling_days));
    }
    for (const double s : Cusum(z, {})) EXPECT_TRUE(std::isfinite(s));
    for (const double g : GaussianGlr(z, 30)) EXPECT_TRUE(std::isfinite(g));
    for (const EwmaPoint& p : Ewma(z, {})) EXPECT_TRUE(std::isfinite(p.z) && p.limit > 0);
  }
}

TEST_F(RobustnessTest, Smoothers) {
  for (const OddSeries& series : OddCases(random_)) {
    SCOPED_TRACE(series.name + ", seed " + std::to_string(seed_));
    std::vector<DatedLogValue> samples;
    std::vector<std::optional<LogValue>> steps;
    for (const OddSample& s : series.samples) {
      samples.push_back({s.day, ValueOf(s)});
      steps.push_back(ValueOf(s));
      if (steps.size() % 5 == 0) steps.push_back(std::nullopt);
    }
    samples.push_back({18001, {std::nan(""), 3}});
    samples.push_back({18001, {-kInfinity, kInfinity}});
    for (const auto& piece : SplitAtGaps(samples)) {
      const ScouFit fit = FitScou(piece);
      EXPECT_TRUE(std::isfinite(fit.parameters.sigma) && std::isfinite(fit.log_likelihood));
      for (const ScouParameters& p : {fit.parameters, ScouParameters{}}) {
        const auto smooth = SmoothScou(piece, p, 100);
        if (!smooth) continue;
        for (std::size_t day = 0; day < smooth->mean.size(); ++day) {
          EXPECT_TRUE(std::isfinite(smooth->mean[day]));
          EXPECT_LE(smooth->lower[day], smooth->upper[day]);
        }
        EXPECT_TRUE(std::isfinite(smooth->log_likelihood));
      }
    }
    const LocalTrend trend = FollowLocalTrend(steps, {});
    for (const LocalTrendPoint& p : trend.points) {
      EXPECT_TRUE(std::isfinite(p.filtered) && std::isfinite(p.smoothed));
      EXPECT_TRUE(p.filtered_variance >= 0 && p.smoothed_variance >= 0);
    }
    EXPECT_TRUE(std::isfinite(trend.log_likelihood));
  }
}

TEST_F(RobustnessTest, Levels) {
  for (const OddSeries& series : OddCases(random_)) {
    SCOPED_TRACE(series.name + ", seed " + std::to_string(seed_));
    std::vector<WvalSample> samples;
    for (const OddSample& s : series.samples) {
      samples.push_back(
          {s.day, WvalConcentration(s.value.value_or(0), s.lod), s.method == "m1" ? 0U : 1U});
    }
    samples.push_back({18001, std::nan(""), 0});
    samples.push_back({18001, -5, 0});
    samples.push_back({std::numeric_limits<std::int64_t>::max() / 2, 5, 0});
    for (const WvalScale scale : {WvalScale::kSarsCov2, WvalScale::kRsv}) {
      const std::vector<WvalSeries> all = WvalOfSite(samples, scale);
      for (const WvalSeries& s : all) {
        for (const WvalPoint& p : s.points) EXPECT_TRUE(std::isfinite(p.wval) && p.wval > 0);
      }
      for (const SiteWeek& week : WvalWeeks(all)) EXPECT_TRUE(std::isfinite(week.wval));
      if (series.name == "constant" || series.name == "all censored") {
        EXPECT_THAT(WvalWeeks(all), IsEmpty());
      }
    }
  }
}

TEST_F(RobustnessTest, Counts) {
  std::uniform_real_distribution<double> uniform(0, 1);
  const std::vector<std::vector<double>> kinds = {
      std::vector<double>(400, 0), std::vector<double>(400, 7), std::vector<double>(400, 1e12),
      std::vector<double>(3, 5)};
  for (std::size_t kind = 0; kind < kinds.size() + 3; ++kind) {
    SCOPED_TRACE(std::to_string(kind) + ", seed " + std::to_string(seed_));
    std::vector<double> counts;
    if (kind < kinds.size()) {
      counts = kinds[kind];
    } else {
      for (int i = 0; i < 400; ++i) {
        const double u = uniform(random_);
        counts.push_back(kind == 4   ? std::floor(10 * u)
                         : kind == 5 ? (u < 0.95 ? 0 : std::floor(1e6 * uniform(random_)))
                                     : (u < 0.2 ? std::nan("") : std::floor(std::exp(20 * u))));
      }
    }
    for (std::size_t at = 0; at < counts.size(); at += 9) {
      for (const CountThreshold threshold :
           {CountThreshold::kDelta, CountThreshold::kNbPlugin, CountThreshold::kMuan}) {
        FarringtonRule rule;
        rule.threshold = threshold;
        rule.trend_p = 0.05;
        const auto result = FarringtonFlexible(counts, at, rule);
        if (!result) continue;
        EXPECT_TRUE(std::isfinite(result->expected) && std::isfinite(result->phi));
        EXPECT_TRUE(std::isfinite(result->bounds.upper) && std::isfinite(result->bounds.score));
        EXPECT_TRUE(result->bounds.p >= 0 && result->bounds.p <= 1);
        EXPECT_FALSE(kind < kinds.size() && result->alarm) << "constant counts";
      }
    }
    for (double& c : counts) c = std::isnan(c) ? 0 : c;
    for (const double g : PoissonGlr(std::span(counts).first(3), 5, 5)) {
      EXPECT_TRUE(std::isfinite(g));
    }
    EXPECT_TRUE(std::isfinite(BayesUpper(std::span(counts).first(3), 0.05)));
    EXPECT_TRUE(std::isfinite(RossiScore(counts[0], 5)));
  }
}

TEST_F(RobustnessTest, Presence) {
  for (const OddSeries& series : OddCases(random_)) {
    std::vector<PresenceSample> samples;
    for (const OddSample& s : series.samples) {
      samples.push_back({s.day, !std::isinf(ValueOf(s).low)});
    }
    const PresenceEvidence evidence = JudgePresence(samples);
    if (series.name == "all censored" || series.name == "one non-detect") {
      EXPECT_FALSE(evidence.newest_detected || evidence.first);
      EXPECT_EQ(evidence.recent_detections, 0);
    }
  }
  EXPECT_FALSE(JudgePresence({}).first);
}

}  // namespace
}  // namespace belgrand::detection
