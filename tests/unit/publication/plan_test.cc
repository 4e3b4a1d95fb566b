// The rules of a class, rounding, and what stands behind a number.
#include "publication/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/status_matchers.h"

namespace belgrand::publication {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

const base::Day kMonday = *base::ParseDay("2024-01-01");

SiteWeek Week(const std::string& site, std::int64_t persons, const std::string& district = "north",
              InstitutionKind kind = InstitutionKind::kNone) {
  SiteWeek week;
  week.site_id = site;
  week.target = "sars-cov-2";
  week.week = kMonday;
  week.milli_gc_per_l = 5'000'000;
  week.detected = true;
  week.site_class = Classify(persons, kind, Rules());
  week.persons = {{district, persons}};
  week.district_id = district;
  return week;
}

PlanOptions Options(PlanOptions::Sites sites = PlanOptions::Sites::kWhereAllowed) {
  PlanOptions options;
  options.sites = sites;
  options.publication_day = *base::ParseDay("2024-06-01");
  return options;
}

const Cell* Find(const Plan& plan, Level level, const std::string& area) {
  const auto at = std::find_if(plan.cells.begin(), plan.cells.end(), [&](const Cell& cell) {
    return cell.level == level && cell.area_id == area;
  });
  return at == plan.cells.end() ? nullptr : &*at;
}

Verdict VerdictOf(const std::vector<SiteWeek>& weeks, Level level, const std::string& area,
                  const PlanOptions& options = Options()) {
  const auto plan = MakePlan(weeks, {}, options);
  EXPECT_OK(plan.status());
  const Cell* cell = Find(*plan, level, area);
  EXPECT_NE(cell, nullptr);
  return cell->verdict;
}

TEST(RulesTest, ProtectsInstitutionsAndSmallCatchments) {
  const Rules rules;
  EXPECT_EQ(Classify(2'999, InstitutionKind::kNone, rules), SiteClass::kProtected);
  EXPECT_EQ(Classify(3'000, InstitutionKind::kNone, rules), SiteClass::kMedium);
  EXPECT_EQ(Classify(50'000, InstitutionKind::kNone, rules), SiteClass::kMedium);
  EXPECT_EQ(Classify(50'001, InstitutionKind::kNone, rules), SiteClass::kLarge);
  EXPECT_EQ(Classify(50'001, InstitutionKind::kInstitution, rules), SiteClass::kProtected);
}

TEST(RulesTest, AreMadeStricterAndNeverLooser) {
  Rules rules;
  EXPECT_OK(CheckRules(rules));
  rules.minimum_sites = 5;
  rules.protection_percent = 50;
  rules.medium.delay_days = 21;
  EXPECT_OK(CheckRules(rules));
  rules.minimum_population = 2'999;
  rules.dominance_percent = 81;
  rules.large.significant_digits = 4;
  EXPECT_THAT(CheckRules(rules), StatusIs(base::StatusCode::kInvalidArgument,
                                          AllOf(HasSubstr("minimum_population is 2999"),
                                                HasSubstr("dominance_percent is 81"),
                                                HasSubstr("large.significant_digits is 4"))));
}

TEST(RoundingTest, IsExact) {
  EXPECT_EQ(RoundedText(0, 2), "0");
  EXPECT_EQ(RoundedText(5, 2), "0.005");
  EXPECT_EQ(RoundedText(1'234'567, 2), "1200");
  EXPECT_EQ(RoundedText(1'250'000, 2), "1300");
  EXPECT_EQ(RoundedText(1'249'999, 2), "1200");
  EXPECT_EQ(RoundedText(999'999, 3), "1000");
  EXPECT_EQ(RoundedText(12'345, 3), "12.3");
  EXPECT_EQ(RoundedText(12'345, 9), "12.345");
}

TEST(PlanTest, NeverPublishesAnInstitutionOrASmallCatchmentAlone) {
  const auto plan = MakePlan({Week("city", 60'000), Week("hamlet", 2'999),
                              Week("prison", 9'000, "north", InstitutionKind::kInstitution)},
                             {}, Options());
  ASSERT_OK(plan.status());
  EXPECT_NE(Find(*plan, Level::kSite, "city"), nullptr);
  EXPECT_EQ(Find(*plan, Level::kSite, "hamlet"), nullptr);
  EXPECT_EQ(Find(*plan, Level::kSite, "prison"), nullptr);
}

TEST(PlanTest, WantsThreeSitesThatNobodySeesAlone) {
  const std::vector<SiteWeek> two = {Week("a", 2'000), Week("b", 2'000), Week("city", 60'000)};
  EXPECT_EQ(VerdictOf(two, Level::kDistrict, "north"), Verdict::kFewSites);
  std::vector<SiteWeek> three = two;
  three.push_back(Week("c", 2'000));
  EXPECT_EQ(VerdictOf(three, Level::kDistrict, "north"), Verdict::kWanted);
  // Seen alone anyway, even one.
  EXPECT_EQ(VerdictOf({Week("city", 60'000)}, Level::kDistrict, "north"), Verdict::kWanted);
  EXPECT_EQ(VerdictOf({Week("city", 60'000)}, Level::kDistrict, "north",
                      Options(PlanOptions::Sites::kNever)),
            Verdict::kFewSites);
}

TEST(PlanTest, WantsNoDominantSite) {
  std::vector<SiteWeek> weeks = {Week("a", 2'900), Week("b", 362), Week("c", 362)};
  EXPECT_EQ(VerdictOf(weeks, Level::kDistrict, "north"), Verdict::kDominated);
  weeks[1] = Week("b", 363);
  EXPECT_EQ(VerdictOf(weeks, Level::kDistrict, "north"), Verdict::kWanted);
}

TEST(PlanTest, WantsThreeThousandPersonsBehindProtectedSites) {
  EXPECT_EQ(
      VerdictOf({Week("a", 999), Week("b", 1'000), Week("c", 1'000)}, Level::kDistrict, "north"),
      Verdict::kSmallPopulation);
  EXPECT_EQ(
      VerdictOf({Week("a", 1'000), Week("b", 1'000), Week("c", 1'000)}, Level::kDistrict, "north"),
      Verdict::kWanted);
}

TEST(PlanTest, WaitsAsLongAsTheMostCarefulClassAsks) {
  PlanOptions options = Options();
  const std::vector<SiteWeek> weeks = {Week("city", 60'000), Week("town", 20'000, "south"),
                                       Week("a", 2'000, "west"), Week("b", 2'000, "west"),
                                       Week("c", 2'000, "west")};
  const auto verdict = [&](const char* day, Level level, const std::string& area) {
    options.publication_day = *base::ParseDay(day);
    return VerdictOf(weeks, level, area, options);
  };
  EXPECT_EQ(verdict("2024-01-09", Level::kSite, "city"), Verdict::kTooEarly);
  EXPECT_EQ(verdict("2024-01-10", Level::kSite, "city"), Verdict::kWanted);
  EXPECT_EQ(verdict("2024-01-14", Level::kDistrict, "south"), Verdict::kTooEarly);
  EXPECT_EQ(verdict("2024-01-15", Level::kDistrict, "south"), Verdict::kWanted);
  EXPECT_EQ(verdict("2024-01-21", Level::kDistrict, "west"), Verdict::kTooEarly);
  EXPECT_EQ(verdict("2024-01-22", Level::kTotal, ""), Verdict::kWanted);
}

TEST(PlanTest, RemembersWhatWasProtected) {
  const auto plan = MakePlan({Week("grown", 3'001)}, {{"grown", "sars-cov-2", kMonday}}, Options());
  ASSERT_OK(plan.status());
  EXPECT_EQ(Find(*plan, Level::kSite, "grown"), nullptr);
}

TEST(PlanTest, WeighsEverySiteWithItsPersonsInTheDistrict) {
  SiteWeek split = Week("split", 40'000);
  split.persons = {{"north", 10'000}, {"south", 30'000}};
  split.milli_gc_per_l = 8'000;
  const auto plan = MakePlan({split, Week("a", 30'000), Week("b", 20'000)}, {}, Options());
  ASSERT_OK(plan.status());
  const Cell* north = Find(*plan, Level::kDistrict, "north");
  ASSERT_NE(north, nullptr);
  EXPECT_EQ(north->persons, 60'000);
  EXPECT_EQ(north->sites, 3);
  EXPECT_EQ(MeanOf(*north, plan->unknowns),
            (50'000 * 5'000'000LL + 10'000 * 8'000LL + 30'000) / 60'000);
  EXPECT_EQ(Find(*plan, Level::kTotal, "")->persons, 90'000);
}

TEST(PlanTest, CountsPeriodsFromOneMonday) {
  EXPECT_EQ(base::FormatDay(PeriodStart(kMonday, 1)), "2024-01-01");
  const base::Day start = PeriodStart(kMonday, 4);
  for (int week = 0; week < 4; ++week) {
    EXPECT_EQ(PeriodStart(start + std::chrono::days(7 * week), 4), start);
  }
  EXPECT_EQ(PeriodStart(start - std::chrono::days(7), 4), start - std::chrono::days(28));
  EXPECT_EQ(base::FormatDay(PeriodStart(*base::ParseDay("1969-12-29"), 4)), "1969-12-08");
}

TEST(PlanTest, RefusesWhatItCannotPlan) {
  SiteWeek tuesday = Week("a", 4'000);
  tuesday.week += std::chrono::days(1);
  EXPECT_THAT(MakePlan({tuesday}, {}, Options()).status(),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("Monday")));
  EXPECT_THAT(MakePlan({Week("a", 4'000), Week("a", 4'000)}, {}, Options()).status(),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("twice")));
  SiteWeek nobody = Week("a", 4'000);
  nobody.persons.clear();
  EXPECT_THAT(MakePlan({nobody}, {}, Options()).status(),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("serves nobody")));
  SiteWeek huge = Week("a", 4'000);
  huge.milli_gc_per_l = INT64_MAX;
  EXPECT_THAT(MakePlan({huge}, {}, Options()).status(),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("does not fit")));
}

}  // namespace
}  // namespace belgrand::publication
