#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "detection/evidence.h"
#include "tests/unit/detection/methods/series_feed.h"

namespace belgrand::detection {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t kStart = 18000;

// A level that scatters by a few percent, never twice the same.
double Ordinary(int i) { return 1e4 * std::pow(10.0, 0.05 * std::sin(2.1 * i)); }

TEST(PublishedMethodsTest, AreChosenByNameAndOtherwiseNotInUse) {
  auto standard = Engine::Create().value();
  ASSERT_EQ(standard->detectors().size(), 4U);
  for (const Detector* detector : standard->detectors()) {
    EXPECT_EQ(detector->info().selection, detector->info().name == "site-presence"
                                              ? Selection::kForRareTargets
                                              : Selection::kDefault);
  }
  EXPECT_EQ(PublishedNames().size(), 22U);
  auto chosen = Engine::Create(PublishedNames()).value();
  EXPECT_EQ(chosen->detectors().size(), 22U);
}

TEST(PublishedMethodsTest, NothingIsRaisedByAnOrdinaryYear) {
  std::vector<std::string> names;
  for (const std::string& name : PublishedNames()) {
    // Presence is what presence reports; a small rise may be significant over three samples.
    if (name.ends_with("presence") || name.ends_with("trend-3") || name.ends_with("trend-5")) {
      continue;
    }
    names.push_back(name);
  }
  SeriesFeed feed(names, "mpox");
  for (int i = 0; i < 104; ++i) feed.Add(kStart + i * 7 / 2, Ordinary(i));
  for (const std::string& name : feed.Raised()) {
    EXPECT_TRUE(name.ends_with("percentile")) << name << " by a level that does not rise";
  }
}

TEST(PublishedMethodsTest, EachFindsAClearRise) {
  SeriesFeed feed(PublishedNames());
  int i = 0;
  for (; i < 104; ++i) feed.Add(kStart + i * 7 / 2, Ordinary(i));
  const std::size_t before = feed.changes().size();
  // A tenfold step, then a climb of 0.05 log10 a day.
  for (int k = 0; k < 10; ++k, ++i) {
    feed.Add(kStart + i * 7 / 2, Ordinary(i) * std::pow(10.0, 1 + 0.175 * k));
  }
  std::set<std::string> raised;
  for (std::size_t c = 0; c < feed.changes().size(); ++c) {
    const SignalChange& change = feed.changes()[c];
    // The activity level is in units of the series' own spread, and calls the upper half of a quiet
    // one Moderate; presence has been there from the first sample.
    const bool earlier = change.detector.ends_with("presence") || change.detector.ends_with("wval");
    if (change.phase == Phase::kRaised && (c >= before || earlier)) {
      raised.insert(change.detector);
    }
    EXPECT_TRUE(std::isfinite(change.evidence.score)) << change.detector;
    EXPECT_THAT(change.evidence.explanation, Not(IsEmpty()));
  }
  for (const std::string& name : PublishedNames()) EXPECT_THAT(raised, Contains(name));
}

TEST(PublishedMethodsTest, TheExplanationNamesTheMethodItsScoreAndItsLimit) {
  SeriesFeed feed({"district-ears-c2"});
  for (int i = 0; i < 20; ++i) feed.Add(kStart + i * 3, Ordinary(i));
  feed.Add(kStart + 60, 2e5);
  ASSERT_EQ(feed.Raised().size(), 1U);
  const std::string& text = feed.changes().back().evidence.explanation;
  EXPECT_THAT(text, HasSubstr("district-ears-c2"));
  EXPECT_THAT(text, HasSubstr("its limit 3.09"));
  EXPECT_THAT(text, HasSubstr("two days before the newest left out"));
}

// A site that joins high with a method of its own does not raise the district's series.
TEST(PublishedMethodsTest, ASiteThatJoinsHighDoesNotRaiseTheDistrict) {
  SeriesFeed feed({"district-ears-c1", "district-ears-c2", "district-cusum"});
  for (int i = 0; i < 60; ++i) {
    feed.Add(kStart + i * 3, Ordinary(i));
    if (i >= 40) feed.Add(kStart + i * 3, 30 * Ordinary(i), 1000, "b");
  }
  EXPECT_THAT(feed.Raised(), IsEmpty());
}

TEST(PublishedMethodsTest, ANonDetectRaisesNothingHoweverHighItsLimit) {
  SeriesFeed feed(PublishedNames());
  for (int i = 0; i < 60; ++i) feed.Add(kStart + i * 3, std::nullopt, 1000);
  for (int i = 60; i < 80; ++i) feed.Add(kStart + i * 3, std::nullopt, 1e6);
  EXPECT_THAT(feed.Raised(), IsEmpty());
}

TEST(PublishedMethodsTest, PresenceReportsTheFirstDetectionAndEndsAfterFourWeeks) {
  SeriesFeed feed({"site-presence"}, "measles");
  for (int i = 0; i < 10; ++i) feed.Add(kStart + 7 * i, std::nullopt);
  EXPECT_THAT(feed.Raised(), IsEmpty());
  feed.Add(kStart + 70, 2000);
  ASSERT_EQ(feed.Raised().size(), 1U);
  EXPECT_EQ(feed.changes().back().severity, Severity::kWatch);
  for (int i = 11; i < 19; ++i) feed.Add(kStart + 7 * i, std::nullopt);
  EXPECT_EQ(feed.changes().back().phase, Phase::kCleared);
}

TEST(PublishedMethodsTest, LevelsNeedTheLongPastAndGetIt) {
  // 26 samples older than the window of 120 days, then a few: with the past the percentile speaks.
  SeriesFeed feed({"site-percentile"});
  int i = 0;
  for (; i < 40; ++i) feed.Add(kStart + 7 * i, Ordinary(i));
  feed.Add(kStart + 7 * i, 10 * Ordinary(i));
  EXPECT_THAT(feed.Raised(), Contains("site-percentile"));
}

}  // namespace
}  // namespace belgrand::detection
