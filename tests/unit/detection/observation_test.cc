#include "detection/observation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace belgrand::detection {
namespace {

using sample::Censoring;
using sample::QualityFlag;

sample::Measurement Quantified(double value) {
  sample::Measurement row;
  row.value = value;
  row.censoring = Censoring::kNone;
  row.lod = 1000;
  row.loq = 4000;
  return row;
}

sample::Measurement NonDetect() {
  sample::Measurement row = Quantified(1);
  row.value.reset();
  row.censoring = Censoring::kNotDetected;
  return row;
}

TEST(ObservationTest, NonDetectIsAnIntervalBelowItsLimit) {
  for (const Censoring censoring : {Censoring::kNotDetected, Censoring::kBelowLod}) {
    sample::Measurement row = NonDetect();
    row.censoring = censoring;
    row.value = 12;  // kept by the row, never used as a number
    const auto value = ToLogValue(row);
    ASSERT_TRUE(value);
    EXPECT_TRUE(std::isinf(value->low) && value->low < 0);
    EXPECT_DOUBLE_EQ(value->high, 3);
  }
}

TEST(ObservationTest, BelowLoqLiesBetweenTheLimits) {
  sample::Measurement row = NonDetect();
  row.censoring = Censoring::kBelowLoq;
  const auto value = ToLogValue(row);
  ASSERT_TRUE(value);
  EXPECT_DOUBLE_EQ(value->low, 3);
  EXPECT_DOUBLE_EQ(value->high, std::log10(4000));
}

TEST(ObservationTest, NumberBelowItsOwnLimitIsANonDetect) {
  const auto value = ToLogValue(Quantified(10));
  ASSERT_TRUE(value);
  EXPECT_FALSE(value->quantified());
  EXPECT_DOUBLE_EQ(value->high, 3);
}

TEST(ObservationTest, FailedControlsHoldTheValue) {
  for (const QualityFlag flag : {QualityFlag::kNtcAmplified, QualityFlag::kAnalysisFailed,
                                 QualityFlag::kSampleCompromised}) {
    sample::Measurement row = Quantified(5000);
    row.quality_flags = {flag};
    EXPECT_FALSE(ToLogValue(row));
  }
}

TEST(ObservationTest, DownwardBiasMakesAHighValueALowerBoundAndHoldsANonDetect) {
  for (const QualityFlag flag : {QualityFlag::kInhibitionUnaddressed,
                                 QualityFlag::kWrongTemperature, QualityFlag::kDelayedArrival}) {
    sample::Measurement row = Quantified(10000);
    row.quality_flags = {flag};
    const auto value = ToLogValue(row);
    ASSERT_TRUE(value);
    EXPECT_DOUBLE_EQ(value->low, 4);
    EXPECT_TRUE(std::isinf(value->high));
    row = NonDetect();
    row.quality_flags = {flag};
    EXPECT_FALSE(ToLogValue(row));
  }
}

TEST(ObservationTest, RowWithoutWhatItsCensoringNeedsIsHeld) {
  sample::Measurement row = NonDetect();
  row.lod.reset();
  EXPECT_FALSE(ToLogValue(row));
  row = Quantified(0);
  EXPECT_FALSE(ToLogValue(row));
  row = Quantified(std::nan(""));
  EXPECT_FALSE(ToLogValue(row));
}

TEST(ObservationTest, ReplicatesCountOnceByTheirMedian) {
  const double infinity = std::numeric_limits<double>::infinity();
  const LogValue low{-infinity, 3};
  const LogValue four{4, 4};
  const LogValue five{5, 5};
  EXPECT_DOUBLE_EQ(CombineReplicates({five, four}).low, 4.5);
  EXPECT_DOUBLE_EQ(CombineReplicates({five, low, four}).high, 4);
  const LogValue between = CombineReplicates({four, low});
  EXPECT_TRUE(std::isinf(between.low));
  EXPECT_DOUBLE_EQ(between.high, 4);
}

}  // namespace
}  // namespace belgrand::detection
