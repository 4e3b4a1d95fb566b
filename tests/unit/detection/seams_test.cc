// Changes of method bridged in smooth curves.
#include "detection/smooth/seams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "detection/smooth/curves.h"

namespace belgrand::detection {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// A sample every three days; the method changes on day 60 and then reads `offset` more.
std::vector<SeamCell> Changed(double offset, double growth, std::int64_t gap, double noise,
                              std::mt19937_64& random) {
  std::normal_distribution<double> error(0, noise);
  std::vector<SeamCell> cells;
  for (std::int64_t day = 0; day < 120; day += 3) {
    const bool fresh = day >= 60;
    cells.push_back({fresh ? 1U : 0U, fresh ? day + gap : day,
                     4 + growth * static_cast<double>(fresh ? day + gap : day) +
                         (fresh ? offset : 0) + (noise > 0 ? error(random) : 0)});
  }
  return cells;
}

TEST(SeamsTest, FindsTheOffsetOfASeamAndLeavesTheNewestAsItReads) {
  std::mt19937_64 random(1);
  const Bridge bridge = BridgeSeams(Changed(0.7, 0, 7, 0, random), 2);
  ASSERT_THAT(bridge.seams, SizeIs(1));
  EXPECT_TRUE(bridge.seams[0].bridged);
  EXPECT_EQ(bridge.seams[0].day, 67);
  EXPECT_NEAR(bridge.seams[0].offset, 0.7, 1e-6);
  EXPECT_NEAR(bridge.shift[0], 0.7, 1e-6);
  EXPECT_EQ(bridge.shift[1], 0);
}

TEST(SeamsTest, ItsIntervalHoldsTheOffsetAlsoWhileTheLevelRises) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> growth(0, 0.025);
  int inside = 0;
  for (int i = 0; i < 400; ++i) {
    const Bridge bridge = BridgeSeams(Changed(-0.5, growth(random), 7, 0.25, random), 2);
    inside += std::abs(bridge.seams.at(0).offset + 0.5) <= 1.96 * bridge.seams[0].sd ? 1 : 0;
  }
  // 95 % of 400, give or take three standard deviations.
  EXPECT_GE(inside, 367);
  EXPECT_LE(inside, 393);
}

TEST(SeamsTest, ALongSilenceIsNotBridgedAndAnOverlapIsNoSeam) {
  std::mt19937_64 random(3);
  const Bridge silent = BridgeSeams(Changed(0.7, 0, 40, 0, random), 2);
  ASSERT_THAT(silent.seams, SizeIs(1));
  EXPECT_FALSE(silent.seams[0].bridged);
  EXPECT_EQ(silent.shift[0], 0);
  std::vector<SeamCell> overlapping = Changed(0.7, 0, 7, 0, random);
  overlapping.push_back({0, 68, 4});
  EXPECT_THAT(BridgeSeams(overlapping, 2).seams, SizeIs(0));
  EXPECT_THAT(BridgeSeams({}, 0).seams, SizeIs(0));
}

TEST(SeamsTest, AMethodUsedOnceAmongAnothersSamplesMovesNothingElse) {
  std::vector<SeamCell> cells;
  for (std::int64_t day = 0; day < 210; day += 7) {
    if (day != 63) cells.push_back({0, day, 4 + 0.01 * static_cast<double>(day)});
  }
  cells.push_back({1, 63, 5.63});
  const Bridge bridge = BridgeSeams(cells, 2);
  ASSERT_THAT(bridge.seams, SizeIs(1));
  EXPECT_NEAR(bridge.seams[0].offset, 1, 0.05);
  EXPECT_EQ(bridge.shift[0], 0);
  EXPECT_NEAR(bridge.shift[1], -1, 0.05);
}

std::vector<Observation> OneSite(double factor_after) {
  std::vector<Observation> observations;
  for (int i = 0; i < 60; ++i) {
    Observation o;
    o.measurement.laboratory_id = i < 30 ? "old" : "new";
    o.measurement.sample_id = std::to_string(i);
    o.measurement.site_id = o.district_id = "s";
    o.measurement.target = "t";
    o.measurement.collected_at = base::Instant(std::chrono::days(18000 + 4 * i));
    o.known_at = o.measurement.collected_at;
    o.measurement.censoring = sample::Censoring::kNone;
    // A scatter that is the same at each side of the change.
    o.measurement.value = 20000 * (1 + 0.1 * (i % 3)) * (i < 30 ? 1 : factor_after);
    o.measurement.lod = 100;
    observations.push_back(o);
  }
  return observations;
}

TEST(SeamsTest, TheBridgedCurveHasNoStepAndSaysWhatItMoved) {
  SmoothOptions options;
  const auto step = [&](Seams seams) {
    options.seams = seams;
    const auto curve = SmoothHistory(OneSite(5), options, 1).at(0);
    const auto& points = curve.pieces.at(0);
    return points.back().mean - points.front().mean;
  };
  EXPECT_NEAR(step(Seams::kKeep), std::log10(5), 0.1);
  EXPECT_NEAR(step(Seams::kBridge), 0, 0.1);
  options.seams = Seams::kBridge;
  const auto curves = SmoothHistory(OneSite(5), options, 1);
  ASSERT_THAT(curves.at(0).seams, SizeIs(1));
  EXPECT_NEAR(curves[0].seams[0].offset, std::log10(5), 0.05);
  EXPECT_THAT(SeamsCsv(curves), HasSubstr("s / old / ,s / new / ,"));
}

}  // namespace
}  // namespace belgrand::detection
