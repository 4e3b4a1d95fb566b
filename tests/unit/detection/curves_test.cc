// Curves of a whole history, and the waves read off them.
#include "detection/smooth/curves.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "detection/random.h"
#include "detection/simulate.h"
#include "detection/waves.h"
#include "tests/support/simulated_feed.h"

namespace belgrand::detection {
namespace {

base::Day DayAt(int day) { return base::Day(std::chrono::days(18628 + day)); }

Observation SampleOf(const std::string& site, int day, double log10) {
  Observation o;
  sample::Measurement& m = o.measurement;
  m.site_id = site;
  m.sample_id = site + "/" + std::to_string(day);
  m.laboratory_id = "lab";
  m.method_id = "m1";
  m.target = "sars-cov-2";
  m.collected_at = base::Instant(DayAt(day));
  m.lod = 1000;
  m.loq = 4000;
  m.censoring = log10 < 3.0   ? sample::Censoring::kNotDetected
                : log10 < 3.6 ? sample::Censoring::kBelowLoq
                              : sample::Censoring::kNone;
  if (m.censoring == sample::Censoring::kNone) m.value = std::pow(10.0, log10);
  o.district_id = "north";
  o.population = 50'000;
  o.known_at = m.collected_at + std::chrono::days(2);
  return o;
}

// Level 4, with a climb of one log10 from day 100 to 140 and a fall to day 180.
double LevelOn(int day) {
  if (day < 100 || day > 180) return 4.0;
  return 4.0 + (day < 140 ? day - 100 : 180 - day) / 40.0;
}

// Two sites, the second reading 0.6 log10 above the first and only until day 130.
std::vector<Observation> TwoSites() {
  Random random(5);
  std::vector<Observation> observations;
  for (int day = 0; day < 260; day += 3) {
    observations.push_back(SampleOf("low", day, LevelOn(day) + 0.1 * random.Normal()));
    if (day >= 130) continue;
    observations.push_back(SampleOf("high", day, LevelOn(day) + 0.6 + 0.1 * random.Normal()));
  }
  return observations;
}

double MeanOn(const LevelCurve& curve, int day) {
  for (const auto& piece : curve.pieces) {
    for (const LevelPoint& point : piece) {
      if (point.day >= DayAt(day)) return point.mean;
    }
  }
  return std::nan("");
}

class CurvesTest : public ::testing::TestWithParam<Smoother> {
 protected:
  std::vector<LevelCurve> Smooth(const std::vector<Observation>& observations, AreaLevel level,
                                 base::Instant known_by = base::Instant::max(),
                                 unsigned threads = 2) {
    return SmoothHistory(observations, {GetParam(), level, known_by}, threads);
  }
};

TEST_P(CurvesTest, ASiteThatLeavesDoesNotMoveItsDistrict) {
  const auto curves = Smooth(TwoSites(), AreaLevel::kDistrict);
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_EQ(curves[0].area_id, "north");
  EXPECT_EQ(curves[0].pieces.size(), 1U);
  const double rise = MeanOn(curves[0], 138) - MeanOn(curves[0], 90);
  EXPECT_NEAR(rise, LevelOn(138) - LevelOn(90), 0.2);
  EXPECT_NEAR(MeanOn(curves[0], 230), MeanOn(curves[0], 90), 0.15);
}

TEST_P(CurvesTest, TheIntervalHoldsTheLevel) {
  const auto curves = Smooth(TwoSites(), AreaLevel::kSite);
  ASSERT_EQ(curves.size(), 2U);
  ASSERT_EQ(curves[1].area_id, "low");
  int inside = 0;
  int all = 0;
  for (const LevelPoint& p : curves[1].pieces.at(0)) {
    const double truth = LevelOn(static_cast<int>((p.day - DayAt(0)).count()));
    EXPECT_LE(p.lower, p.mean);
    EXPECT_LE(p.mean, p.upper);
    ++all;
    inside += p.lower - 0.02 <= truth && truth <= p.upper + 0.02 ? 1 : 0;
  }
  EXPECT_GE(inside, all * 85 / 100);
}

TEST_P(CurvesTest, SeesNothingThatBecameKnownLater) {
  const auto whole = TwoSites();
  std::vector<Observation> early;
  const base::Instant known_by(DayAt(150));
  std::copy_if(whole.begin(), whole.end(), std::back_inserter(early),
               [&](const Observation& o) { return o.known_at <= known_by; });
  EXPECT_EQ(CurvesCsv(Smooth(whole, AreaLevel::kDistrict, known_by)),
            CurvesCsv(Smooth(early, AreaLevel::kDistrict)));
}

TEST_P(CurvesTest, AGapStartsANewPieceAndNonDetectsAloneGiveNone) {
  auto observations = TwoSites();
  std::erase_if(observations, [](const Observation& o) {
    const base::Day day = base::DayOf(o.measurement.collected_at);
    return day > DayAt(60) && day < DayAt(100);
  });
  for (int day = 0; day < 60; day += 3) observations.push_back(SampleOf("clean", day, 2.0));
  const auto curves = Smooth(observations, AreaLevel::kSite);
  ASSERT_EQ(curves.size(), 3U);
  EXPECT_TRUE(curves[0].pieces.empty());
  EXPECT_EQ(curves[0].pieces_left_out, 1U);
  EXPECT_EQ(curves[2].pieces.size(), 2U);
}

TEST_P(CurvesTest, ANewerVersionReplacesARowAndAVoidedOneLeaves) {
  auto observations = TwoSites();
  const std::string clean = CurvesCsv(Smooth(observations, AreaLevel::kSite));
  Observation wrong = SampleOf("low", 31, 7.0);
  Observation voided = wrong;
  voided.version = 2;
  voided.voided = true;
  observations.push_back(wrong);
  EXPECT_NE(CurvesCsv(Smooth(observations, AreaLevel::kSite)), clean);
  observations.push_back(voided);
  EXPECT_EQ(CurvesCsv(Smooth(observations, AreaLevel::kSite)), clean);
}

TEST_P(CurvesTest, ThreadsDoNotChangeAByte) {
  const auto observations = TwoSites();
  EXPECT_EQ(CurvesCsv(Smooth(observations, AreaLevel::kSite, base::Instant::max(), 1)),
            CurvesCsv(Smooth(observations, AreaLevel::kSite, base::Instant::max(), 4)));
}

INSTANTIATE_TEST_SUITE_P(Smoothers, CurvesTest,
                         ::testing::Values(Smoother::kScou, Smoother::kLocalTrend),
                         [](const auto& test) {
                           return test.param == Smoother::kScou ? "Scou" : "LocalTrend";
                         });

TEST(CurvesOfTwoKindsTest, ScouNamesAnOutlierAndTheTrendWhatItKnewThen) {
  auto observations = TwoSites();
  observations.push_back(SampleOf("low", 31, 6.5));
  const auto scou = SmoothHistory(observations, {Smoother::kScou}, 1);
  const auto& points = scou.at(1).pieces.at(0);
  EXPECT_FALSE(points.at(32).outlier_probability);
  ASSERT_TRUE(points.at(31).outlier_probability);
  EXPECT_GT(*points[31].outlier_probability, 0.9);
  const auto trend = SmoothHistory(observations, {Smoother::kLocalTrend}, 1);
  const LevelPoint& newest = trend.at(1).pieces.at(0).back();
  ASSERT_TRUE(newest.filtered);
  EXPECT_NEAR(*newest.filtered, newest.mean, 1e-9) << "no future there to learn from";
}

TEST(HindsightWavesTest, AreTheWavesThatWereSimulated) {
  SimulationOptions options;
  options.seed = 12;
  options.spikes = 0;
  const Simulation simulation = Simulate(options).value();
  const std::vector<Observation> observations = testing::ObservationsOf(simulation);
  SmoothOptions by_district;
  by_district.level = AreaLevel::kDistrict;
  const auto waves = WavesOfCurves(SmoothHistory(observations, by_district, 2));
  std::size_t found = 0;
  for (const TrueEvent& event : simulation.events) {
    found += std::any_of(waves.begin(), waves.end(), [&](const Wave& wave) {
      return wave.area_id == event.area_id && wave.onset <= event.peak && wave.peak >= event.onset;
    });
  }
  EXPECT_EQ(found, simulation.events.size());
  EXPECT_LE(waves.size(), simulation.events.size() + 2);
}

}  // namespace
}  // namespace belgrand::detection
