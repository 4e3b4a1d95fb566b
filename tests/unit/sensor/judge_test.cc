#include "sensor/judge.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <set>

#include "sensor/rolling_spread.h"
#include "sensor/sewer_simulator.h"

namespace belgrand::sensor {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr std::int64_t kMinute = 60 * kSecondUs;

Points Minutely(const std::vector<double>& values) {
  Points points;
  for (std::size_t i = 0; i < values.size(); ++i) {
    points.push_back({static_cast<std::int64_t>(i) * kMinute, values[i], {}});
  }
  return points;
}

std::vector<int> Flags(const Points& points) {
  std::vector<int> flags;
  for (const Point& point : points) flags.push_back(static_cast<int>(point.mark.flag));
  return flags;
}

std::vector<int> Failed(const Points& points, Test test) {
  std::vector<int> at;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if ((points[i].mark.tests & test) != 0) at.push_back(static_cast<int>(i));
  }
  return at;
}

LimitsHistory Only(const TestLimits& limits) { return {{0, limits}}; }

TestLimits NoTests() {
  TestLimits limits;
  limits.max_gap_us = 3 * kMinute;
  return limits;
}

Points Judged(Points points, const LimitsHistory& history) {
  Judge judge(history);
  JudgeAll(judge, points);
  return points;
}

TEST(JudgeTest, GrossRangeFailsOutsideTheSpanAndSuspectsOutsideWhatIsExpected) {
  TestLimits limits = NoTests();
  limits.fail_low = 0;
  limits.fail_high = 14;
  limits.suspect_low = 5;
  limits.suspect_high = 10;
  const auto points = Judged(Minutely({-0.1, 0, 4.9, 5, 10, 10.1, 14, 14.1}), Only(limits));
  EXPECT_THAT(Flags(points), ElementsAre(4, 3, 3, 1, 1, 3, 3, 4));
  EXPECT_THAT(Failed(points, kGrossRange), ElementsAre(0, 1, 2, 5, 6, 7));
}

TEST(JudgeTest, WithoutAnyTestAFlagIsUnknown) {
  EXPECT_THAT(Flags(Judged(Minutely({1, 2, 3}), Only(NoTests()))), Each(2));
}

// Published vector V10: differential .1 .1 7.7 0 0 0 0 for the second to the eighth reading.
TEST(JudgeTest, TheDifferentialSpikeOfThePublishedVectorIsFoundAndItsNeighboursAreNot) {
  const std::vector<double> x = {10, 10.2, 10.1, 18, 10.3, 10.2, 10.2, 10.2, 10.2};
  TestLimits limits = NoTests();
  const auto spikes = [&](double threshold) {
    limits.spike_suspect = threshold;
    return Failed(Judged(Minutely(x), Only(limits)), kSpike);
  };
  EXPECT_THAT(spikes(3), ElementsAre(3));
  EXPECT_THAT(spikes(7.6999), ElementsAre(3));
  EXPECT_THAT(spikes(7.7001), ElementsAre());
  EXPECT_THAT(spikes(0.0999), ElementsAre(1, 2, 3));
  EXPECT_THAT(spikes(0.1001), ElementsAre(3));
}

TEST(JudgeTest, TheSpikeOfTheNewestReadingIsOpenUntilTheNextOneComes) {
  TestLimits limits = NoTests();
  limits.spike_suspect = 1;
  const LimitsHistory history = Only(limits);
  Judge judge(history);
  const Points points = Minutely({10, 20, 10});
  judge.Push(points[0]);
  EXPECT_EQ(judge.Push(points[1]).mark.flag, Flag::kUnknown);
  const auto outcome = judge.Push(points[2]);
  ASSERT_TRUE(outcome.previous.has_value());
  EXPECT_EQ(outcome.previous->flag, Flag::kSuspect);
}

TEST(JudgeTest, AboveTheSecondSpikeThresholdAReadingFails) {
  TestLimits limits = NoTests();
  limits.spike_suspect = 1;
  limits.spike_fail = 5;
  EXPECT_THAT(Flags(Judged(Minutely({10, 12, 10, 17, 10}), Only(limits))),
              ElementsAre(2, 3, 3, 4, 2));
}

TEST(JudgeTest, RateOfChangeIsPerSecondBetweenNeighbours) {
  TestLimits limits = NoTests();
  limits.rate_suspect = 0.1;  // 6 a minute
  const auto points = Judged(Minutely({0, 5.9, 12, 12, 5.9}), Only(limits));
  EXPECT_THAT(Failed(points, kRateOfChange), ElementsAre(2, 4));
  EXPECT_THAT(Flags(points), ElementsAre(2, 1, 3, 1, 3));
}

TEST(JudgeTest, AFlatLineIsSeenOnceItIsLongEnough) {
  TestLimits limits = NoTests();
  limits.flat_tolerance = 0.5;
  limits.flat_suspect_us = 5 * kMinute;
  limits.flat_fail_us = 8 * kMinute;
  std::vector<double> x = {3, 1, 1.1, 1.2, 1, 1.3, 1.1, 1, 1, 1, 1, 1, 4, 1};
  const auto points = Judged(Minutely(x), Only(limits));
  // From the sixth reading on there are five minutes; the 3 is in sight until the sixth.
  EXPECT_THAT(Flags(points), ElementsAre(2, 2, 2, 2, 2, 1, 3, 3, 3, 4, 4, 4, 1, 1));
}

// Standard deviations (n - 1) of the last four: 1.29, 1.29, 1.26, 1.25, 1.08, 0.41, 0.41, 0.25,
// 0.07.
TEST(JudgeTest, AnAttenuatedSignalStillMovesAndLessThanItShould) {
  TestLimits limits = NoTests();
  limits.attenuated_over_us = 3 * kMinute;
  limits.attenuated_suspect = 0.6;
  limits.attenuated_fail = 0.1;
  const std::vector<double> x = {1, 2, 3, 4, 1, 3, 2.5, 3.5, 3, 3.1, 2.95, 3.05};
  const auto points = Judged(Minutely(x), Only(limits));
  EXPECT_THAT(Flags(points), ElementsAre(2, 2, 2, 1, 1, 1, 1, 1, 3, 3, 3, 4));
  EXPECT_THAT(Failed(points, kAttenuated), ElementsAre(8, 9, 10, 11));
}

TEST(JudgeTest, TheSpreadIsThatOfTheWindowHoweverLongTheRun) {
  RollingSpread rolling;
  std::mt19937_64 random(7);
  std::vector<double> values;
  for (std::int64_t i = 0; i < 20'000; ++i) {
    // Far from nothing, where a difference of sums of squares would lose every digit.
    const double value = 1e9 + static_cast<double>(random() % 1000) / 1000;
    values.push_back(value);
    rolling.Add(i, value);
    const auto spread = rolling.Over(i - 49);
    if (i < 1 || i % 500 != 0) continue;
    const std::size_t first = values.size() > 50 ? values.size() - 50 : 0;
    const double count = static_cast<double>(values.size() - first);
    double mean = 0;
    for (std::size_t k = first; k < values.size(); ++k) mean += (values[k] - 1e9) / count;
    double squares = 0;
    for (std::size_t k = first; k < values.size(); ++k) {
      squares += std::pow(values[k] - 1e9 - mean, 2);
    }
    EXPECT_NEAR(spread.value(), std::sqrt(squares / (count - 1)), 1e-6) << i;
  }
  rolling.Clear();
  for (std::int64_t i = 0; i < 100; ++i) rolling.Add(i, 0.1);
  EXPECT_EQ(rolling.Over(50), 0.0) << "a constant has none at all";
  EXPECT_EQ(rolling.Over(99), std::nullopt) << "one reading has none";
}

// An electrode under a film: it shows a tenth of what it should for five days. Its threshold is
// half of what it shows in a day when it is well.
TEST(JudgeTest, AnElectrodeUnderAFilmIsFoundWithinADayAndAWellOneIsNot) {
  std::size_t found = 0;
  std::size_t false_days = 0;
  std::size_t well_days = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const SewerSimulation sewer =
        SimulateSewer({.seed = seed, .days = 40, .discharges = 0, .faults = 0});
    for (const auto& [quantity, readings] : sewer.series) {
      if (quantity != Quantity::kAmmonium) continue;
      Points points = readings;
      const std::int64_t begin = points.front().time_us;
      constexpr std::int64_t kDay = 24 * 60 * kMinute;
      double mean = 0;
      double squares = 0;
      double count = 0;
      for (Point& point : points) {
        if (point.missing()) continue;
        if (point.time_us < begin + kDay) {
          const double step = point.value - mean;
          mean += step / ++count;
          squares += step * (point.value - mean);
        }
        const std::int64_t at = point.time_us - begin;
        if (at >= 30 * kDay && at < 35 * kDay) point.value = mean + 0.1 * (point.value - mean);
      }
      TestLimits limits = NoTests();
      limits.attenuated_over_us = kDay;
      limits.attenuated_suspect = 0.5 * std::sqrt(squares / (count - 1));
      points = Judged(points, Only(limits));
      std::set<std::int64_t> days;
      for (const Point& point : points) {
        if ((point.mark.tests & kAttenuated) != 0) days.insert((point.time_us - begin) / kDay);
      }
      found += days.contains(30) || days.contains(31) ? 1 : 0;
      well_days += 30;
      for (const std::int64_t day : days) false_days += day < 30 ? 1 : 0;
    }
  }
  EXPECT_EQ(found, 6U);
  EXPECT_EQ(false_days, 0U) << "of " << well_days;
}

TEST(JudgeTest, AGapEndsTheRunAndIsNoted) {
  TestLimits limits = NoTests();
  limits.flat_tolerance = 0.5;
  limits.flat_suspect_us = 5 * kMinute;
  limits.spike_suspect = 1;
  limits.rate_suspect = 0.001;
  Points points = Minutely({1, 1, 1, 1, 1, 1, 1, 9, 1, 1});
  for (std::size_t i = 7; i < points.size(); ++i) points[i].time_us += 4 * kMinute;
  points = Judged(points, Only(limits));
  EXPECT_THAT(Failed(points, kGap), ElementsAre(0, 7));
  EXPECT_THAT(Failed(points, kFlatLine), ElementsAre(5, 6));
  EXPECT_THAT(Failed(points, kSpike), ElementsAre());
  EXPECT_THAT(Failed(points, kRateOfChange), ElementsAre(8));
}

TEST(JudgeTest, AMissingReadingIsNineAndLeavesItsNeighboursUntested) {
  TestLimits limits = NoTests();
  limits.spike_suspect = 1;
  limits.fail_low = 0;
  Points points = Minutely({1, 9, 0, 9, 1});
  points[2].mark.flag = Flag::kMissing;
  points = Judged(points, Only(limits));
  EXPECT_THAT(Flags(points), ElementsAre(1, 1, 9, 1, 1));
}

TEST(JudgeTest, SeasonsMayGoOverTheNewYear) {
  TestLimits limits = NoTests();
  limits.seasons = {{11, 2, 5, 15}, {6, 8, 15, 25}};
  Points points;
  // The fifteenth of each month of 2021, 10 and 20 degrees.
  for (unsigned month = 1; month <= 12; ++month) {
    const auto day =
        std::chrono::sys_days(std::chrono::year(2021) / std::chrono::month(month) / 15);
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(day.time_since_epoch());
    points.push_back({us.count(), 10, {}});
    points.push_back({us.count() + kMinute, 20, {}});
  }
  points = Judged(points, Only(limits));
  EXPECT_THAT(Failed(points, kClimatology), ElementsAre(1, 3, 10, 12, 14, 21, 23));
  EXPECT_EQ(points[4].mark.flag, Flag::kUnknown) << "March has no season";
}

TEST(JudgeTest, NewLimitsHoldFromTheirInstantOn) {
  TestLimits wide = NoTests();
  wide.fail_high = 100;
  TestLimits narrow = NoTests();
  narrow.fail_high = 10;
  EXPECT_THAT(Flags(Judged(Minutely({50, 50, 50, 50}), {{0, wide}, {2 * kMinute, narrow}})),
              ElementsAre(1, 1, 4, 4));
}

// The invariant that late readings rest on: what lies further away than Lookback and Lookahead does
// not matter. Random series are judged whole and from a window on.
TEST(JudgeTest, AMarkDependsOnlyOnItsSurroundings) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    TestLimits limits = DefaultLimits(Quantity::kPh, kMinute);
    limits.spike_fail = 2;
    limits.rate_suspect = 0.01;
    limits.flat_tolerance = 0.3;
    limits.flat_suspect_us = 6 * kMinute;
    limits.flat_fail_us = 10 * kMinute;
    limits.attenuated_suspect = 0.4;
    limits.attenuated_fail = 0.05;
    limits.attenuated_over_us = 14 * kMinute;
    TestLimits other = limits;
    other.suspect_high = 7.5;
    other.flat_suspect_us = 7 * kMinute;
    const LimitsHistory history = {{0, limits}, {100 * kMinute, other}};
    Points points;
    std::int64_t time = 0;
    for (int i = 0; i < 200; ++i) {
      time += kMinute * (random() % 12 == 0 ? 4 : 1) - static_cast<std::int64_t>(random() % 1000);
      const bool calm = (i / 20) % 2 == 0;
      points.push_back({time, 7 + (calm ? 0.01 : 1) * static_cast<double>(random() % 10) / 5, {}});
      if (random() % 15 == 0) points.back() = {time, 0, {Flag::kMissing, 0}};
    }
    const Points whole = Judged(points, history);
    const std::size_t from = random() % 150;
    const std::size_t to = from + random() % 40 + 1;
    Points part;
    std::size_t first = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (points[i].time_us < points[from].time_us - Lookback(history)) continue;
      if (points[i].time_us > points[to - 1].time_us + Lookahead(history)) continue;
      if (i == from) first = part.size();
      part.push_back(points[i]);
    }
    part = Judged(part, history);
    for (std::size_t i = from; i < to; ++i) {
      EXPECT_EQ(part[first + i - from].mark, whole[i].mark) << i;
    }
  }
}

TEST(LimitsTest, DefaultsAreFitForEveryQuantityAndInterval) {
  for (const QuantityInfo& info : Quantities()) {
    for (const std::int64_t seconds : {1, 10, 60, 300, 900, 3600, 6 * 3600}) {
      const TestLimits limits = DefaultLimits(info.quantity, seconds * kSecondUs);
      EXPECT_TRUE(limits.fail_low && limits.fail_high) << info.name;
      EXPECT_TRUE(CheckLimits(limits, seconds * kSecondUs).empty()) << info.name << seconds;
    }
  }
}

TEST(LimitsTest, EveryMistakeIsNamed) {
  TestLimits limits;
  limits.fail_low = std::nan("");
  limits.suspect_low = 3;
  limits.suspect_high = 3;
  limits.spike_suspect = 0;
  limits.flat_suspect_us = kMinute;
  limits.seasons = {{0, 3, 1, 2}};
  std::vector<std::string> fields;
  for (const auto& [field, what] : CheckLimits(limits, kMinute)) fields.push_back(field);
  EXPECT_THAT(fields, ElementsAre("fail_low", "suspect_low", "spike_suspect", "max_gap",
                                  "flat_suspect", "seasons"));
}

TEST(LimitsTest, AnAttenuationNeedsAThresholdAndASpan) {
  const auto fields = [](const TestLimits& limits) {
    std::vector<std::string> names;
    for (const auto& [field, what] : CheckLimits(limits, kMinute)) names.push_back(field);
    return names;
  };
  TestLimits limits = NoTests();
  limits.attenuated_over_us = 60 * kMinute;
  EXPECT_THAT(fields(limits), ElementsAre("attenuated_over"));
  limits.attenuated_fail = 0.1;
  EXPECT_THAT(fields(limits), ElementsAre());
  limits.attenuated_over_us = kMinute;
  EXPECT_THAT(fields(limits), ElementsAre("attenuated_over"));
  limits.attenuated_over_us = 0;
  limits.attenuated_fail = -1;
  EXPECT_THAT(fields(limits), ElementsAre("attenuated_fail", "attenuated_over"));
}

}  // namespace
}  // namespace belgrand::sensor
