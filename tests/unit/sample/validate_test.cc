#include "sample/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/sample/row_fixture.h"

namespace belgrand::sample {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class ValidateTest : public ::testing::Test {
 protected:
  Validated Judge() const { return Validate(row_, &sites_, now_); }
  std::vector<std::string> Rules() const { return RulesOf(Judge().violations); }
  std::vector<std::string> Warnings() const { return RulesOf(Judge().warnings); }

  Catalogue sites_ = TwoSites();
  base::Instant now_ = At("2021-02-01");
  Row row_ = GoodRow();
};

TEST_F(ValidateTest, GoodRowBecomesAMeasurement) {
  const Validated judged = Judge();
  ASSERT_THAT(RulesOf(judged.violations), IsEmpty());
  EXPECT_THAT(RulesOf(judged.warnings), IsEmpty());
  ASSERT_TRUE(judged.measurement.has_value());
  EXPECT_EQ(judged.measurement->sample_id, "S-1");
  EXPECT_EQ(judged.measurement->target, "sars-cov-2");
  EXPECT_EQ(judged.measurement->value, 25000);
  EXPECT_EQ(judged.measurement->collected_at, At("2021-01-05"));
  EXPECT_EQ(judged.measurement->known_at, At("2021-01-07"));
}

TEST_F(ValidateTest, ConvertsValueAndLimitsToGcPerLitre) {
  row_.unit = "gc/mL";
  row_.value.value = 25;
  row_.lod.value = 1.5;
  row_.loq.value = 11;
  const Validated judged = Judge();
  ASSERT_TRUE(judged.ok());
  EXPECT_EQ(judged.measurement->value, 25000);
  EXPECT_EQ(judged.measurement->lod, 1500);
  EXPECT_EQ(judged.measurement->loq, 11000);
  EXPECT_EQ(judged.reported_unit, "gc/mL");
}

TEST_F(ValidateTest, RefusesANumberThatOverflowsInGcPerLitre) {
  row_.unit = "gc/mL";
  row_.value.value = 1e308;
  EXPECT_THAT(Rules(), ElementsAre("value:value_not_finite"));
}

TEST_F(ValidateTest, RefusesWhatNoSewerHolds) {
  row_.lod = row_.loq = {};
  for (const double held : {1e15, 1e12}) {
    row_.value.value = held;
    EXPECT_THAT(Rules(), IsEmpty()) << held;
  }
  for (const double impossible : {1.1e15, 1e20, 1e308}) {
    row_.value.value = impossible;
    EXPECT_THAT(Rules(), ElementsAre("value:out_of_range")) << impossible;
  }
  row_.value.value = 45;
  row_.unit = "log10 gc/L";
  ASSERT_THAT(Rules(), ElementsAre("value:out_of_range")) << "a plain number under a logarithm";
  EXPECT_EQ(Judge().violations[0].Message(Language::kEnglish),
            "value is 45 log10 gc/L (1e+45 gc/L); it must lie between 0 and 1e+15 gc/L");
  row_.unit = "gc/gal";
  row_.value.value = 1e20;
  EXPECT_THAT(Rules(), ElementsAre("unit:unknown_unit")) << "nothing is known of its size";
}

TEST_F(ValidateTest, RefusesLimitsAndReplicatesThatNoSewerHolds) {
  row_.lod.value = 2e15;
  row_.loq.value = 3e15;
  row_.value = {};
  row_.censoring.value = Censoring::kBelowLod;
  row_.replicates = {
      {.value = {.value = 4e15, .text = ""}, .censoring = {.value = Censoring::kNone, .text = ""}},
      {.value = {.value = 1.5e15, .text = ""},
       .censoring = {.value = Censoring::kBelowLod, .text = ""}}};
  EXPECT_THAT(Rules(), UnorderedElementsAre("lod:out_of_range", "loq:out_of_range",
                                            "replicates[0].value:out_of_range",
                                            "replicates[1].value:out_of_range"));
}

TEST_F(ValidateTest, ReportsEveryViolationOfARowAtOnce) {
  row_.sample_id = "";
  row_.site_id = "Seafeild";
  row_.collected_at.value = At("2031-01-05");
  row_.known_at = {};
  row_.target = "sras-cov-2";
  row_.unit = "Ct";
  row_.value.value = -3;
  row_.loq.value = 1000;
  row_.flow.number.value = -1;
  EXPECT_THAT(Rules(),
              UnorderedElementsAre("sample_id:required_field", "site_id:unknown_site",
                                   "collected_at:date_in_future", "target:unknown_target",
                                   "unit:unknown_unit", "value:value_not_positive",
                                   "loq:loq_below_lod", "flow_m3_per_day:flow_not_positive"));
  EXPECT_FALSE(Judge().measurement.has_value());
}

TEST_F(ValidateTest, EveryViolationNamesValueMessageAndRemedy) {
  row_.unit = "gc/day";
  row_.value.value = -3;
  row_.target = "xyz";
  for (const Violation& violation : Judge().violations) {
    EXPECT_FALSE(violation.value.empty()) << violation.field;
    EXPECT_FALSE(violation.Message(Language::kEnglish).empty()) << violation.field;
    EXPECT_FALSE(violation.Remedy(Language::kEnglish).empty()) << violation.field;
  }
}

TEST_F(ValidateTest, UnknownSiteIsToldTheNearestSpelling) {
  row_.site_id = "Seafeild";
  const Validated judged = Judge();
  ASSERT_THAT(RulesOf(judged.violations), ElementsAre("site_id:unknown_site"));
  EXPECT_THAT(judged.violations[0].Remedy(Language::kEnglish),
              HasSubstr("did you mean \"Seafield\""));
}

TEST_F(ValidateTest, SaysNothingAboutTheSiteWithoutACatalogue) {
  row_.site_id = "Nowhere";
  EXPECT_TRUE(Validate(row_, nullptr, now_).ok());
}

TEST_F(ValidateTest, RefusesADistrictThatIsNotTheSites) {
  row_.district_id = "Lothian";
  EXPECT_THAT(Rules(), IsEmpty());
  row_.district_id = "Glasgow";
  EXPECT_THAT(Rules(), ElementsAre("district_id:district_mismatch"));
}

TEST_F(ValidateTest, RefusesIdentifiersThatWouldNotSurviveAKey) {
  for (const char* bad : {" leading", "trailing ", "semi;colon", "new\nline", "caf\xC3\xA9"}) {
    row_.sample_id = bad;
    EXPECT_THAT(Rules(), ElementsAre("sample_id:invalid_identifier")) << bad;
  }
  row_.sample_id = std::string(64, 'a');
  EXPECT_THAT(Rules(), IsEmpty());
  row_.sample_id = std::string(65, 'a');
  EXPECT_THAT(Rules(), ElementsAre("sample_id:identifier_too_long"));
  row_.sample_id = "LAB:2021/01-5.a_b c";
  EXPECT_THAT(Rules(), IsEmpty());
}

TEST_F(ValidateTest, RefusesTextThatIsNotUtf8) {
  row_.sample_id = "caf\xE9";
  EXPECT_THAT(Rules(), ElementsAre("sample_id:not_utf8"));
}

TEST_F(ValidateTest, NeverRepeatsAPersonalValue) {
  row_.sampled_by = "Jane \xE9";
  row_.analysed_by = std::string(321, 'J');
  row_.amendment_reason = std::string(501, 'J');
  const Validated judged = Judge();
  EXPECT_THAT(RulesOf(judged.violations),
              UnorderedElementsAre("sampled_by:not_utf8", "analysed_by:text_too_long",
                                   "amendment_reason:text_too_long"));
  for (const Violation& violation : judged.violations) {
    EXPECT_EQ(violation.value, "(withheld)");
    EXPECT_THAT(violation.Message(Language::kEnglish), Not(HasSubstr("J")));
    EXPECT_THAT(violation.Remedy(Language::kEnglish), Not(HasSubstr("J")));
  }
}

TEST_F(ValidateTest, TakesDatesFrom2015ToTomorrow) {
  row_.known_at = {};
  row_.collected_at.value = At("2014-12-31T23:59:59Z");
  EXPECT_THAT(Rules(), ElementsAre("collected_at:date_too_early"));
  row_.collected_at.value = At("2015-01-01");
  EXPECT_THAT(Rules(), IsEmpty());
  row_.collected_at.value = now_ + std::chrono::days(1);
  EXPECT_THAT(Rules(), IsEmpty());
  row_.collected_at.value = now_ + std::chrono::days(1) + base::Duration(1);
  EXPECT_THAT(Rules(), ElementsAre("collected_at:date_in_future"));
  row_.collected_at = {.value = std::nullopt, .text = "31/01/2021"};
  EXPECT_THAT(Rules(), ElementsAre("collected_at:not_a_date"));
  row_.collected_at = {};
  EXPECT_THAT(Rules(), ElementsAre("collected_at:required_field"));
}

TEST_F(ValidateTest, RefusesAResultKnownBeforeTheSample) {
  row_.known_at.value = *row_.collected_at.value;
  EXPECT_THAT(Rules(), IsEmpty());
  row_.known_at.value = At("2021-01-04");
  EXPECT_THAT(Rules(), ElementsAre("known_at:known_before_collected"));
}

TEST_F(ValidateTest, UnknownTargetIsToldTheNearestAndAll) {
  row_.target = "sars-cov-3";
  const Validated judged = Judge();
  ASSERT_THAT(RulesOf(judged.violations), ElementsAre("target:unknown_target"));
  EXPECT_THAT(judged.violations[0].Remedy(Language::kEnglish),
              HasSubstr("did you mean sars-cov-2?"));
  EXPECT_THAT(judged.violations[0].Remedy(Language::kEnglish), HasSubstr("pmmov"));
}

TEST_F(ValidateTest, QuantifiedNeedsAFinitePositiveValue) {
  row_.value = {};
  EXPECT_THAT(Rules(), ElementsAre("value:value_required"));
  row_.value.value = 0;
  EXPECT_THAT(Rules(), ElementsAre("value:value_not_positive"));
  row_.value.value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(Rules(), ElementsAre("value:value_not_finite"));
  row_.value.value = std::numeric_limits<double>::infinity();
  EXPECT_THAT(Rules(), ElementsAre("value:value_not_finite"));
  row_.value.value.reset();
  row_.value.text = "12,5";
  const Validated judged = Judge();
  EXPECT_THAT(RulesOf(judged.violations), ElementsAre("value:not_a_number"));
  EXPECT_THAT(judged.violations[0].Remedy(Language::kEnglish), HasSubstr("decimal point"));
}

TEST_F(ValidateTest, NonDetectNeedsTheLodAndNoValue) {
  row_.censoring.value = Censoring::kNotDetected;
  row_.value = {};
  EXPECT_THAT(Rules(), IsEmpty());
  row_.lod = {};
  EXPECT_THAT(Rules(), ElementsAre("lod:lod_required"));
  row_.value.value = 5;
  EXPECT_THAT(Rules(), UnorderedElementsAre("lod:lod_required", "value:value_with_non_detect"));
}

TEST_F(ValidateTest, ZeroBesideNotDetectedIsReadAsAbsent) {
  row_.censoring.value = Censoring::kNotDetected;
  for (const double zero : {0.0, -0.0}) {
    row_.value.value = zero;
    const Validated judged = Judge();
    ASSERT_TRUE(judged.ok());
    EXPECT_FALSE(judged.measurement->value.has_value());
  }
}

TEST_F(ValidateTest, BelowLodKeepsItsValueAndNeedsTheLod) {
  row_.censoring.value = Censoring::kBelowLod;
  row_.value.value = 852;
  EXPECT_EQ(Judge().measurement->value, 852);
  row_.value.value = 1317;
  EXPECT_THAT(Rules(), ElementsAre("value:value_above_lod"));
  row_.value = {};
  row_.lod = {};
  EXPECT_THAT(Rules(), ElementsAre("lod:lod_required"));
}

TEST_F(ValidateTest, BelowLoqLiesBetweenTheLimits) {
  row_.censoring.value = Censoring::kBelowLoq;
  row_.value.value = 5000;
  EXPECT_THAT(Rules(), IsEmpty());
  row_.value.value = 11369;
  EXPECT_THAT(Rules(), ElementsAre("value:value_above_loq"));
  row_.value.value = 1000;
  EXPECT_THAT(Rules(), ElementsAre("value:value_below_lod"));
  row_.value = {};
  row_.loq = {};
  EXPECT_THAT(Rules(), ElementsAre("loq:loq_required"));
}

TEST_F(ValidateTest, QuantifiedBelowLodIsRefusedAndBelowLoqWarnedOf) {
  row_.value.value = 1000;
  EXPECT_THAT(Rules(), ElementsAre("value:value_below_lod"));
  row_.value.value = 5000;
  EXPECT_THAT(Rules(), IsEmpty());
  EXPECT_THAT(Warnings(), ElementsAre("value:value_below_loq"));
}

TEST_F(ValidateTest, LimitsArePositiveAndInOrder) {
  row_.lod.value = 0;
  EXPECT_THAT(Rules(), ElementsAre("lod:limit_not_positive"));
  row_.lod.value = 20000;
  EXPECT_THAT(Rules(), ElementsAre("loq:loq_below_lod"));
  row_.lod.value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(Rules(), ElementsAre("lod:limit_not_positive"));
}

TEST_F(ValidateTest, CensoringMustBeSaid) {
  row_.censoring = {};
  EXPECT_THAT(Rules(), ElementsAre("censoring:required_field"));
  row_.censoring.text = "<LOD";
  EXPECT_THAT(Rules(), ElementsAre("censoring:unknown_censoring"));
}

TEST_F(ValidateTest, FailedAnalysisWithoutAValueHasItsOwnVerdict) {
  row_.quality_flags = {QualityFlag::kAnalysisFailed};
  row_.value = {};
  EXPECT_THAT(Rules(), ElementsAre("value:analysis_failed"));
  row_.censoring = {};
  EXPECT_THAT(Rules(), ElementsAre("value:analysis_failed"));
}

TEST_F(ValidateTest, FailedAnalysisWithAValueIsStoredAndSaidToBeHeld) {
  row_.quality_flags = {QualityFlag::kAnalysisFailed};
  EXPECT_THAT(Rules(), IsEmpty());
  EXPECT_THAT(Warnings(), ElementsAre("quality_flags:quality_held"));
}

TEST_F(ValidateTest, FlagsAreSortedWithoutRepetition) {
  row_.quality_flags = {QualityFlag::kDelayedArrival, QualityFlag::kWrongTemperature,
                        QualityFlag::kDelayedArrival};
  EXPECT_THAT(Judge().measurement->quality_flags,
              ElementsAre(QualityFlag::kWrongTemperature, QualityFlag::kDelayedArrival));
  row_.unknown_quality_flags = {"tasty"};
  EXPECT_THAT(Rules(), ElementsAre("quality_flags:unknown_quality_flag"));
}

TEST_F(ValidateTest, WarnsOfAFlowThatNobodyFlushes) {
  row_.flow.number.value = 150'000'000;  // litres sent as cubic metres
  EXPECT_THAT(Rules(), IsEmpty());
  EXPECT_THAT(Warnings(), ElementsAre("flow_m3_per_day:flow_per_person_unusual"));
  row_.population_served.value = 0;
  EXPECT_THAT(Rules(), ElementsAre("population_served:population_not_positive"));
}

TEST_F(ValidateTest, TenfoldJumpIsWorthASecondLook) {
  const Measurement measurement = *Judge().measurement;  // 25,000 gc/L
  EXPECT_TRUE(TenfoldJump(measurement, 2500).has_value());
  EXPECT_TRUE(TenfoldJump(measurement, 250000).has_value());
  EXPECT_FALSE(TenfoldJump(measurement, 2501).has_value());
  EXPECT_FALSE(TenfoldJump(measurement, 249000).has_value());
}

}  // namespace
}  // namespace belgrand::sample
