#include "sensor/buckets.h"

#include <gtest/gtest.h>

namespace belgrand::sensor {
namespace {

constexpr std::int64_t kMinute = 60'000'000;

TEST(DownsamplerTest, SumsUpWhatCountsAndCountsEverything) {
  Downsampler sampler(10 * kMinute, FlagSet::Usable());
  EXPECT_FALSE(sampler.Add({1 * kMinute, 4, {Flag::kGood, 0}}));
  EXPECT_FALSE(sampler.Add({2 * kMinute, 1, {Flag::kSuspect, kSpike}}));
  EXPECT_FALSE(sampler.Add({3 * kMinute, 900, {Flag::kFail, kGrossRange}}));
  EXPECT_FALSE(sampler.Add({4 * kMinute, 0, {Flag::kMissing, 0}}));
  EXPECT_FALSE(sampler.Add({5 * kMinute, 2.5, {Flag::kUnknown, 0}}));
  const auto bucket = sampler.Add({12 * kMinute, 7, {Flag::kGood, 0}});
  ASSERT_TRUE(bucket.has_value());
  EXPECT_EQ(bucket->from_us, 0);
  EXPECT_EQ(bucket->count, 3U);
  EXPECT_EQ(bucket->lowest, 1);
  EXPECT_EQ(bucket->highest, 4);
  EXPECT_EQ(bucket->mean, 2.5);
  EXPECT_EQ(bucket->last, 2.5);
  EXPECT_EQ(bucket->last_time_us, 5 * kMinute);
  EXPECT_EQ(bucket->by_flag[1] + bucket->by_flag[2] + bucket->by_flag[3], 3U);
  EXPECT_EQ(bucket->by_flag[4], 1U);
  EXPECT_EQ(bucket->by_flag[9], 1U);
  EXPECT_EQ(sampler.Finish()->from_us, 10 * kMinute);
  EXPECT_FALSE(sampler.Finish().has_value());
}

TEST(DownsamplerTest, BucketsBefore1970BeginAtTheirStartToo) {
  Downsampler sampler(10 * kMinute, FlagSet::Usable());
  sampler.Add({-1, 1, {Flag::kGood, 0}});
  EXPECT_EQ(sampler.Finish()->from_us, -10 * kMinute);
}

TEST(DownsamplerTest, TheMeanDoesNotLoseSmallValuesBesideLargeOnes) {
  Downsampler sampler(100 * kMinute, FlagSet::Usable());
  sampler.Add({1, 1e16, {Flag::kGood, 0}});
  for (int i = 2; i < 12; ++i) sampler.Add({i, 1, {Flag::kGood, 0}});
  sampler.Add({12, -1e16, {Flag::kGood, 0}});
  EXPECT_DOUBLE_EQ(sampler.Finish()->mean, 10.0 / 12);
}

}  // namespace
}  // namespace belgrand::sensor
