#include "detection/methods/presence.h"

#include <gtest/gtest.h>

#include <vector>

namespace belgrand::detection {
namespace {

// 2024-01-06 is a Saturday.
constexpr std::int64_t kSaturday = 19728;

TEST(PresenceTest, AWeekEndsOnItsSaturday) {
  EXPECT_EQ(WeekEnd(kSaturday), kSaturday);
  EXPECT_EQ(WeekEnd(kSaturday + 1), kSaturday + 7);
  EXPECT_EQ(WeekEnd(kSaturday - 6), kSaturday);
  EXPECT_EQ(WeekEnd(-1), 2) << "before 1970 too";
}

TEST(PresenceTest, AnyDetectionMakesTheWeekDetected) {
  const std::vector<PresenceSample> samples = {
      {kSaturday - 6, false}, {kSaturday, true}, {kSaturday + 3, false}};
  EXPECT_EQ(WeekStatus(samples, kSaturday), WeeklyStatus::kDetected);
  EXPECT_EQ(WeekStatus(samples, kSaturday + 7), WeeklyStatus::kNotDetected);
  EXPECT_EQ(WeekStatus(samples, kSaturday - 7), WeeklyStatus::kNoData);
}

TEST(PresenceTest, FourWeekStatusFollowsTheText) {
  const auto status = [](int detections, int others, int newest_detection) {
    std::vector<PresenceSample> samples;
    for (int i = 0; i < detections; ++i) samples.push_back({1000 - newest_detection, true});
    for (int i = 0; i < others; ++i) samples.push_back({1000 - 20, false});
    return StatusOf(samples, 1000);
  };
  EXPECT_EQ(status(9, 1, 0), FourWeekStatus::kPersistent);
  EXPECT_EQ(status(8, 2, 0), FourWeekStatus::kDetection) << "80 % is not more than 80 %";
  EXPECT_EQ(status(1, 9, 13), FourWeekStatus::kDetection);
  EXPECT_EQ(status(1, 9, 14), FourWeekStatus::kNoRecentDetection);
  EXPECT_EQ(status(0, 3, 0), FourWeekStatus::kNoRecentDetection);
  EXPECT_EQ(status(0, 2, 0), FourWeekStatus::kNoRecentData);
  EXPECT_EQ(status(1, 0, 0), FourWeekStatus::kPersistent) << "a single positive is never hidden";
  EXPECT_EQ(status(0, 0, 0), FourWeekStatus::kNoRecentData);
}

TEST(PresenceTest, ADetectionIsFirstAfterEightWeeksWithoutOne) {
  std::vector<PresenceSample> samples = {{0, true}, {30, false}, {57, true}};
  EXPECT_TRUE(JudgePresence(samples).first);
  EXPECT_EQ(JudgePresence(samples).since, 57);
  samples[1] = {30, true};
  EXPECT_FALSE(JudgePresence(samples).first);
  EXPECT_EQ(JudgePresence(samples).since, 0);
  samples.push_back({60, false});
  EXPECT_FALSE(JudgePresence(samples).newest_detected);
  EXPECT_EQ(JudgePresence(samples).recent_detections, 1) << "30 days before is four weeks ago";
}

}  // namespace
}  // namespace belgrand::detection
