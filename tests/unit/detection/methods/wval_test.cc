#include "detection/levels/wval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "tests/unit/detection/methods/vectors.h"

namespace belgrand::detection {
namespace {

std::int64_t Day(int year, unsigned month, unsigned day) {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) /
                               std::chrono::day(day))
      .time_since_epoch()
      .count();
}

// The vector's concentrations, weekly from a day.
std::vector<WvalSample> VectorSamples(std::int64_t first = Day(2025, 1, 1)) {
  std::vector<WvalSample> samples;
  for (const double c : Numbers(Vectors()["wval"]["conc"])) {
    samples.push_back({first + 7 * static_cast<std::int64_t>(samples.size()), c, 0});
  }
  return samples;
}

TEST(WvalTest, ReproducesTheVector) {
  const auto& vector = Vectors()["wval"];
  std::vector<WvalSample> samples = VectorSamples();
  const auto series = WvalOfSite(samples, WvalScale::kSarsCov2);
  ASSERT_EQ(series.size(), 1U);
  ASSERT_TRUE(series[0].baseline.has_value());
  EXPECT_NEAR(series[0].baseline->ln_baseline, vector["baseline_ln"].get<double>(), 1e-12);
  EXPECT_NEAR(series[0].baseline->ln_sd, vector["sd_ln"].get<double>(), 1e-12);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_NEAR(series[0].points[i].wval, vector["wval"][i].get<double>(), 1e-6);
  }
  const auto newest = WvalOfSite(samples, WvalScale::kSarsCov2, samples.back().day);
  ASSERT_EQ(newest[0].points.size(), 1U) << "the baseline of all, the points asked for";
  EXPECT_EQ(newest[0].points[0].wval, series[0].points.back().wval);
  const double nondetect = std::log(WvalConcentration(0, 800));
  EXPECT_NEAR(std::exp((nondetect - series[0].baseline->ln_baseline) / series[0].baseline->ln_sd),
              vector["nondetect_lod800"].get<double>(), 1e-12);
}

TEST(WvalTest, CutPointsIncludeTheirUpperBound) {
  const auto& cuts = Vectors()["wval"]["cutpoints_upper_inclusive"];
  const std::pair<const char*, WvalScale> scales[] = {
      {"sars-cov-2", WvalScale::kSarsCov2},
      {"fluav", WvalScale::kInfluenzaA},
      {"rsv", WvalScale::kRsv},
      {"sars-cov-2_before_2025-08-15", WvalScale::kSarsCov2BeforeAugust2025}};
  for (const auto& [name, scale] : scales) {
    for (int level = 0; level < 4; ++level) {
      const double cut = cuts[name][static_cast<std::size_t>(level)].get<double>();
      EXPECT_EQ(UpperCut(static_cast<ActivityLevel>(level), scale), cut);
      EXPECT_EQ(ActivityLevelOf(cut, scale), static_cast<ActivityLevel>(level));
      EXPECT_EQ(ActivityLevelOf(cut + 1e-4, scale), static_cast<ActivityLevel>(level + 1));
    }
  }
  EXPECT_EQ(NameOf(ActivityLevelOf(7.8001, WvalScale::kSarsCov2)), "Very High");
  EXPECT_EQ(WvalScaleOf("fluav"), WvalScale::kInfluenzaA);
  EXPECT_FALSE(WvalScaleOf("mpox").has_value());
}

TEST(WvalTest, OfSeveralGenesTheBestRankedSpeaksAndN1AndN2Together) {
  const std::vector<GeneReading> all = {{"s", 7}, {"e", 5}, {"orf1ab", 3}};
  EXPECT_DOUBLE_EQ(CombineGenes(all), 3);
  const std::vector<GeneReading> both = {{"e", 5}, {"n1", 100}, {"n2", 400}};
  EXPECT_NEAR(CombineGenes(both), 200, 1e-12);
  const std::vector<GeneReading> unnamed = {{"", 9}};
  EXPECT_DOUBLE_EQ(CombineGenes(unnamed), 9);
}

TEST(WvalTest, ASeriesYoungerThanEightWeeksHasNoValue) {
  std::vector<WvalSample> samples = VectorSamples();
  samples.resize(8);
  EXPECT_FALSE(WvalOfSite(samples, WvalScale::kSarsCov2)[0].baseline.has_value()) << "49 days";
  samples.push_back({samples.back().day + 7, 1000, 0});
  EXPECT_TRUE(WvalOfSite(samples, WvalScale::kSarsCov2)[0].baseline.has_value()) << "56 days";
}

// Grown up, a SARS-CoV-2 series is renewed by its first sample from 1 April and from 1 October, a
// seasonal one by its first from 1 August; New Year renews nothing.
TEST(WvalTest, RenewsOnTheCalendar) {
  const auto renewed = [](WvalScale scale, std::int64_t last) {
    std::vector<WvalSample> samples;
    for (std::int64_t day = Day(2023, 1, 3); day <= last; day += 7) {
      samples.push_back({day, 1000.0 + 100 * static_cast<double>(day % 11), 0});
    }
    return WvalOfSite(samples, scale)[0].baseline->as_of_day;
  };
  EXPECT_EQ(renewed(WvalScale::kSarsCov2, Day(2023, 5, 9)), Day(2023, 5, 9)) << "while young, each";
  EXPECT_EQ(renewed(WvalScale::kSarsCov2, Day(2023, 9, 26)), Day(2023, 7, 4)) << "182 days";
  EXPECT_EQ(renewed(WvalScale::kSarsCov2, Day(2023, 10, 3)), Day(2023, 10, 3));
  EXPECT_EQ(renewed(WvalScale::kSarsCov2, Day(2024, 3, 26)), Day(2023, 10, 3));
  EXPECT_EQ(renewed(WvalScale::kSarsCov2, Day(2024, 9, 24)), Day(2024, 4, 2));
  EXPECT_EQ(renewed(WvalScale::kRsv, Day(2024, 7, 30)), Day(2024, 1, 2)) << "364 days";
  EXPECT_EQ(renewed(WvalScale::kRsv, Day(2024, 12, 31)), Day(2024, 8, 6));
}

TEST(WvalTest, DropsWhatLiesFourDeviationsOff) {
  std::vector<WvalSample> samples;
  for (int i = 0; i < 60; ++i) samples.push_back({Day(2025, 1, 1) + i, 1000.0 + i % 7, 0});
  samples[30].concentration = 1e7;
  const auto series = WvalOfSite(samples, WvalScale::kSarsCov2);
  EXPECT_EQ(series[0].outliers, 1U);
  EXPECT_EQ(series[0].points.size(), 59U);
}

TEST(WvalTest, AGapOfAYearOrAnotherMethodIsAnotherSeriesAndTheNewerOneSpeaks) {
  std::vector<WvalSample> samples = VectorSamples();
  for (WvalSample s : VectorSamples(samples.back().day + 366)) samples.push_back(s);
  EXPECT_EQ(WvalOfSite(samples, WvalScale::kSarsCov2).size(), 2U);
  samples = VectorSamples();
  const std::vector<double> first = {WvalOfSite(samples, WvalScale::kSarsCov2)[0].points[6].wval};
  for (WvalSample s : VectorSamples(Day(2025, 1, 29))) {
    s.method = 1;
    samples.push_back(s);
  }
  const auto weeks = WvalWeeks(WvalOfSite(samples, WvalScale::kSarsCov2));
  ASSERT_EQ(weeks.size(), 16U);
  EXPECT_EQ(weeks[0].week_end, Day(2025, 1, 4));
  EXPECT_NEAR(weeks[6].wval, 1.0, 1e-9) << "the third value of the newer series";
  EXPECT_NE(first[0], weeks[6].wval);
}

TEST(WvalTest, SeasonalSitesJoinInAugust) {
  EXPECT_EQ(WvalJoinsOn(Day(2025, 3, 1), WvalScale::kSarsCov2), Day(2025, 3, 1));
  EXPECT_EQ(WvalJoinsOn(Day(2025, 3, 1), WvalScale::kRsv), Day(2025, 8, 1));
  EXPECT_EQ(WvalJoinsOn(Day(2025, 10, 1), WvalScale::kRsv), Day(2025, 10, 1));
  EXPECT_EQ(WvalJoinsOn(Day(2025, 10, 2), WvalScale::kRsv), Day(2026, 8, 1));
}

TEST(WvalTest, ADistrictSpeaksOnlyForHalfOfItsSites) {
  EXPECT_FALSE(WvalOfDistrict({}, 0).has_value());
  EXPECT_FALSE(WvalOfDistrict({3}, 3).has_value());
  EXPECT_DOUBLE_EQ(WvalOfDistrict({3, 1}, 4)->wval, 2);
  EXPECT_DOUBLE_EQ(WvalOfDistrict({3, 100, 1}, 4)->wval, 3);
}

TEST(SitePercentileTest, TiesCountHalf) {
  std::vector<double> history(26, 1);
  EXPECT_DOUBLE_EQ(*SitePercentile(history, 1), 50);
  EXPECT_DOUBLE_EQ(*SitePercentile(history, 2), 100);
  history.pop_back();
  EXPECT_FALSE(SitePercentile(history, 2).has_value());
}

}  // namespace
}  // namespace belgrand::detection
