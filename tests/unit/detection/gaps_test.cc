// What is missing of the data, by whose fault, and who must act.
#include "detection/gaps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace belgrand::detection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kVirus[] = "sars-cov-2";
constexpr char kFlu[] = "influenza-a";

base::Instant Day(int day) { return base::Instant(std::chrono::days(19'000 + day)); }

SamplingPlan Weekly(const std::string& owner = "team north") {
  return {.name = "weekly",
          .every = std::chrono::days(7),
          .result_within = std::chrono::days(5),
          .grace = std::chrono::days(1),
          .owner = owner};
}

class GapsTest : public ::testing::Test {
 protected:
  std::vector<Gap> Find(int day) const {
    return FindGaps(rules_, sites_, book_, sensors_, Day(day));
  }
  // "<signal key> <severity>".
  std::vector<std::string> Told(int day) const {
    std::vector<std::string> told;
    for (const Gap& gap : Find(day)) {
      told.push_back(gap.SignalKey() + " " + std::string(NameOf(gap.severity)));
    }
    return told;
  }
  GapRules rules_{.plans = {Weekly()}};
  std::vector<PlannedSite> sites_ = {
      {"n1", "north", Day(0)}, {"n2", "north", Day(0)}, {"s1", "south", Day(0)}};
  ArrivalBook book_;
  std::vector<SensorState> sensors_;
};

TEST_F(GapsTest, AMissingSampleIsToldAfterIntervalResultAndGraceAndWithWhoMustAct) {
  book_.Take("n1", kVirus, "lab-a", Day(1));
  book_.Take("n2", kVirus, "lab-b", Day(8));
  book_.Take("s1", kVirus, "lab-b", Day(8));
  EXPECT_THAT(Told(14), IsEmpty()) << "1 + 7 + 5 + 1: not yet";
  ASSERT_THAT(Told(15), ElementsAre("missing-sample/n1/sars-cov-2 watch"));
  const Gap gap = Find(15).front();
  EXPECT_EQ(gap.district_id, "north");
  EXPECT_EQ(gap.level, AreaLevel::kSite);
  EXPECT_EQ(gap.since, Day(14));
  EXPECT_EQ(gap.owner, "team north");
  EXPECT_THAT(gap.explanation, HasSubstr("sars-cov-2 at n1: newest sample of 2022-01-09 by lab-a"));
  EXPECT_THAT(gap.explanation, HasSubstr("due by 2022-01-22T00:00:00Z (plan 'weekly')"));
  EXPECT_THAT(gap.explanation_fr,
              HasSubstr("dernier échantillon du 2022-01-09, par lab-a, attendu pour le "
                        "2022-01-22T00:00:00Z"));
  EXPECT_EQ(Find(16).front().explanation, gap.explanation) << "the words do not change every day";
}

TEST_F(GapsTest, ItBecomesAWarningWhenASecondSampleIsOverdueToo) {
  sites_.pop_back();
  book_.Take("n1", kVirus, "lab-a", Day(1));
  book_.Take("n2", kVirus, "lab-b", Day(10));
  EXPECT_THAT(Told(21), ElementsAre("missing-sample/n1/sars-cov-2 watch"));
  EXPECT_THAT(Told(22), ElementsAre("missing-sample/n1/sars-cov-2 warning"));
}

TEST_F(GapsTest, ALaboratoryIsLateWhenNothingOfItComesFromSeveralSites) {
  sites_.push_back({"n3", "north", Day(0)});
  book_.Take("n1", kVirus, "lab-a", Day(1));
  book_.Take("n2", kVirus, "lab-a", Day(2));
  book_.Take("n3", kVirus, "lab-b", Day(10));
  book_.Take("s1", kVirus, "lab-b", Day(10));
  EXPECT_THAT(Told(15), ElementsAre("missing-sample/n1/sars-cov-2 watch")) << "n2 is not due";
  EXPECT_THAT(Told(16), ElementsAre("late-laboratory/lab-a/sars-cov-2 watch"));
  EXPECT_THAT(Find(16).front().explanation, HasSubstr("n2"));
}

TEST_F(GapsTest, ALaboratoryIsLateWhenTheSampleIsKnownByAnotherTarget) {
  book_.Take("n1", kVirus, "lab-a", Day(1));
  book_.Take("n1", kFlu, "lab-b", Day(9));
  book_.Take("n2", kVirus, "lab-b", Day(9));
  book_.Take("s1", kVirus, "lab-b", Day(9));
  EXPECT_THAT(Told(15), ElementsAre("missing-sample/n1/sars-cov-2 watch"))
      << "the result of the sample of day 9 is not due before day 15 is over";
  const auto gaps = Find(16);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].SignalKey(), "late-laboratory/lab-a/sars-cov-2");
  EXPECT_THAT(gaps[0].explanation,
              HasSubstr("collected again on 2022-01-17 as another target shows"));
}

TEST_F(GapsTest, ADistrictOfWhichNothingComesIsOneAlertAndAWarning) {
  book_.Take("n1", kVirus, "lab-a", Day(1));
  book_.Take("n2", kVirus, "lab-b", Day(2));
  book_.Take("s1", kVirus, "lab-b", Day(12));
  EXPECT_THAT(Told(16), ElementsAre("no-new-data/north/any warning"));
  const Gap gap = Find(16).front();
  EXPECT_THAT(gap.explanation, HasSubstr("n1"));
  EXPECT_THAT(gap.explanation, HasSubstr("n2"));
  EXPECT_EQ(gap.level, AreaLevel::kDistrict);
  book_.Take("n1", kVirus, "lab-a", Day(14));
  EXPECT_THAT(Told(16), ElementsAre("missing-sample/n2/sars-cov-2 watch"));
}

TEST_F(GapsTest, TheFirstPlanThatNamesSiteAndTargetHolds) {
  SamplingPlan daily = Weekly("plant");
  daily.name = "daily";
  daily.every = std::chrono::days(1);
  daily.site_ids = {"n1"};
  daily.targets = {kVirus};
  rules_.plans.insert(rules_.plans.begin(), daily);
  book_.Take("n1", kVirus, "lab-a", Day(1));
  book_.Take("n1", kFlu, "lab-b", Day(1));
  book_.Take("n2", kVirus, "lab-b", Day(1));
  book_.Take("s1", kVirus, "lab-c", Day(1));
  EXPECT_THAT(Told(9), ElementsAre("missing-sample/n1/sars-cov-2 watch"));
  EXPECT_EQ(Find(9).front().owner, "plant");
}

TEST_F(GapsTest, ANamedTargetIsExpectedOfASiteThatNeverDeliveredIt) {
  sites_ = {{"n1", "north", Day(3)}};
  rules_.plans[0].targets = {kVirus};
  EXPECT_THAT(Told(16), IsEmpty());
  EXPECT_THAT(Told(17), ElementsAre("missing-sample/n1/sars-cov-2 watch"));
  EXPECT_THAT(Find(17).front().explanation, HasSubstr("no sample since the site was listed"));
  rules_.plans[0].targets.clear();
  EXPECT_THAT(Told(17), ElementsAre("missing-sample/n1/any watch")) << "something is expected";
}

TEST_F(GapsTest, WithoutAPlanNothingIsMissed) {
  book_.Take("n1", kVirus, "lab-a", Day(1));
  rules_.plans[0].district_ids = {"south"};
  book_.Take("s1", kVirus, "lab-a", Day(90));
  EXPECT_THAT(Told(95), IsEmpty());
  rules_.plans.clear();
  EXPECT_THAT(Told(1'000), IsEmpty());
}

TEST_F(GapsTest, ASensorIsSilentBeyondItsOwnGapAndTheLimit) {
  rules_ = {.silent_after = std::chrono::hours(1), .sensor_owner = "sewer works"};
  sensors_ = {{"ph-1", "n1", "PH", Day(1), std::chrono::minutes(3)},
              {"flow-1", "n1", "FLOW", Day(1), std::chrono::hours(30)},
              {"ph-9", "not listed", "PH", Day(1), std::chrono::minutes(3)}};
  EXPECT_THAT(Told(1), IsEmpty());
  ASSERT_THAT(Told(2), ElementsAre("silent-sensor/ph-1/PH watch"));
  EXPECT_EQ(Find(2).front().owner, "sewer works");
  EXPECT_THAT(Told(3),
              ElementsAre("silent-sensor/flow-1/FLOW watch", "silent-sensor/ph-1/PH warning"));
  rules_.silent_after.reset();
  EXPECT_THAT(Told(3), IsEmpty());
}

TEST_F(GapsTest, ManyGapsOfOneCauseAreOneTextThatStaysShort) {
  sites_.clear();
  for (int i = 0; i < 40; ++i) {
    sites_.push_back({"site-" + std::to_string(i), "north", Day(0)});
    book_.Take(sites_.back().site_id, kVirus, i == 0 ? "lab-b" : "lab-a", Day(i == 0 ? 20 : 1));
  }
  book_.Take("site-1", kVirus, "lab-a", Day(20));
  const auto gaps = Find(25);
  ASSERT_EQ(gaps.size(), 38U);
  EXPECT_THAT(gaps[0].explanation, HasSubstr("; 26 more."));
  EXPECT_THAT(gaps[0].explanation_fr, HasSubstr("26 de plus."));
  for (const Gap& gap : gaps) EXPECT_EQ(gap.explanation, gaps[0].explanation);
}

// Whatever the data: a series is told of exactly when it is overdue, by exactly one cause.
TEST(GapsRandomTest, EveryOverdueSeriesIsToldByOneCauseAndNoOther) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  const std::vector<std::string> targets = {kVirus, kFlu};
  for (int round = 0; round < 500; ++round) {
    GapRules rules{.plans = {Weekly()}};
    std::vector<PlannedSite> sites;
    ArrivalBook book;
    const int now = 30;
    std::multiset<std::string> overdue;
    for (int i = 0, count = 1 + pick(6); i < count; ++i) {
      const std::string site = "x" + std::to_string(i);
      sites.push_back({site, "d" + std::to_string(pick(2)), Day(0)});
      for (const std::string& target : targets) {
        const int collected = pick(30);
        book.Take(site, target, "lab-" + std::to_string(pick(2)), Day(collected));
        if (collected + 13 < now) overdue.insert(target + " at " + site + ":");
      }
    }
    std::multiset<std::string> told;
    std::set<std::tuple<std::string, std::string, std::string>> alerts;
    for (const Gap& gap : FindGaps(rules, sites, book, {}, Day(now))) {
      if (!alerts.insert({gap.district_id, gap.rule, gap.target}).second) continue;
      for (const PlannedSite& site : sites) {
        for (const std::string& target : targets) {
          const std::string line = target + " at " + site.site_id + ":";
          if (gap.explanation.find(line) != std::string::npos) told.insert(line);
        }
      }
    }
    ASSERT_EQ(told, overdue);
  }
}

}  // namespace
}  // namespace belgrand::detection
