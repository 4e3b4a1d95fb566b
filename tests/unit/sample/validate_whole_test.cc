// What surrounds a value: collection, controls, normalisers, replicates, links.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample/quality.h"
#include "sample/validate.h"
#include "tests/unit/sample/row_fixture.h"

namespace belgrand::sample {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ValidateWholeTest : public ::testing::Test {
 protected:
  Validated Judge() const { return Validate(row_, &sites_, At("2021-02-01")); }
  std::vector<std::string> Rules() const { return RulesOf(Judge().violations); }
  std::vector<std::string> Warnings() const {
    const Validated judged = Judge();
    EXPECT_TRUE(judged.ok()) << RulesOf(judged.violations).front();
    return RulesOf(judged.warnings);
  }
  Measurement Taken() const {
    const Validated judged = Judge();
    EXPECT_TRUE(judged.ok());
    return judged.measurement.value_or(Measurement());
  }

  const Catalogue sites_ = TwoSites();
  Row row_ = GoodRow();
};

TEST_F(ValidateWholeTest, TakesAWholeSample) {
  row_.gene = "N1";
  row_.method_version = "3.1";
  row_.sampling.value = Sampling::kCompositeFlow;
  row_.composite_hours.value = 24;
  row_.collected_at.value = At("2021-01-05T08:00:00Z");
  row_.started_at.value = At("2021-01-04T08:00:00Z");
  row_.received_at.value = At("2021-01-06");
  row_.matrix.value = Matrix::kRawWastewater;
  row_.fraction.value = Fraction::kLiquid;
  row_.received_temperature = {.number = {.value = 41, .text = ""}, .unit = "F"};
  row_.hold_hours.value = 30;
  row_.recovery_percent.value = 23;
  row_.inhibition.value = Inhibition::kAdjusted;
  row_.no_template_control.value = Control::kClean;
  row_.extraction_blank.value = Control::kNotRun;
  row_.flow = {.number = {.value = 40, .text = ""}, .unit = "MGD"};
  row_.ammonium = {.number = {.value = 2000, .text = ""}, .unit = "umol/L"};
  row_.pmmov = {.number = {.value = 5000, .text = ""}, .unit = "gc/mL"};
  row_.retest_of = "S-0";
  const Validated judged = Judge();
  EXPECT_THAT(RulesOf(judged.violations), IsEmpty());
  EXPECT_THAT(RulesOf(judged.warnings), IsEmpty());
  const Measurement& m = *judged.measurement;
  EXPECT_EQ(m.gene, "n1");
  EXPECT_NEAR(*m.collection.received_celsius, 5, 1e-9);
  EXPECT_NEAR(*m.flow_m3_per_day, 151416.47, 0.01);
  EXPECT_NEAR(*m.normalisers.ammonium_mg_n_per_l, 28.0134, 1e-6);
  EXPECT_EQ(m.normalisers.pmmov_gc_per_l, 5e6);
  EXPECT_EQ(m.retest_of, "S-0");
  EXPECT_THAT(m.reported,
              UnorderedElementsAre(Reported{ReportedColumn::kReceivedTemperature, 41, "F", 0},
                                   Reported{ReportedColumn::kFlow, 40, "MGD", 0},
                                   Reported{ReportedColumn::kAmmonium, 2000, "umol/L", 0},
                                   Reported{ReportedColumn::kPmmov, 5000, "gc/mL", 0}));
}

TEST_F(ValidateWholeTest, ConvertsTheRowsUnitAndKeepsEveryOriginal) {
  row_.unit = "log10 gc/L";
  row_.value.value = 4;
  row_.lod.value = 3;
  row_.loq.value = 3.5;
  row_.replicates = {{.value = {.value = 4.1, .text = ""}, .censoring = {Censoring::kNone, ""}},
                     {.value = {.value = 3.9, .text = ""}, .censoring = {Censoring::kNone, ""}}};
  const Measurement m = Taken();
  EXPECT_NEAR(*m.value, 1e4, 1e-6);
  EXPECT_NEAR(*m.lod, 1e3, 1e-6);
  EXPECT_EQ(m.reported.size(), 5U);
  EXPECT_EQ(m.reported[0], (Reported{ReportedColumn::kValue, 4, "log10 gc/L", 0}));
  EXPECT_EQ(m.reported[4], (Reported{ReportedColumn::kReplicate, 3.9, "log10 gc/L", 1}));
}

TEST_F(ValidateWholeTest, ALogarithmMayBeNegativeAndIsStillAConcentration) {
  row_.unit = "log10 gc/mL";
  row_.value.value = -0.5;
  row_.lod.value = -1;
  row_.loq = {};
  EXPECT_NEAR(*Taken().value, 316.2278, 1e-3);
}

TEST_F(ValidateWholeTest, APlainRowKeepsNoOriginals) { EXPECT_THAT(Taken().reported, IsEmpty()); }

TEST_F(ValidateWholeTest, SaysAllThatIsWrongAtOnce) {
  row_.started_at.value = At("2021-01-06");
  row_.composite_hours.value = 500;
  row_.matrix.text = "soup";
  row_.received_temperature = {.number = {.value = 900, .text = ""}, .unit = ""};
  row_.hold_hours.value = -1;
  row_.recovery_percent.value = -1;
  row_.ammonium = {.number = {.value = 3, .text = ""}, .unit = "gc/L"};
  row_.pmmov.number.value = 0;
  row_.retest_of = row_.sample_id;
  row_.given_twice = {"flow_m3_per_day"};
  row_.unknown_reported = {"7"};
  row_.comment = std::string(1001, 'x');
  row_.amended_by = std::string(321, 'y');
  EXPECT_THAT(Rules(),
              UnorderedElementsAre("started_at:start_after_end", "composite_hours:out_of_range",
                                   "matrix:unknown_code", "received_celsius:out_of_range",
                                   "hold_hours:out_of_range", "recovery_percent:out_of_range",
                                   "ammonium_mg_n_per_l:unknown_unit",
                                   "pmmov_gc_per_l:out_of_range", "retest_of:retest_of_itself",
                                   "flow_m3_per_day:given_twice", "reported:reported_column",
                                   "comment:text_too_long", "amended_by:text_too_long"));
  for (const Violation& violation : Judge().violations) {
    EXPECT_FALSE(violation.Message(Language::kFrench).empty());
    EXPECT_FALSE(violation.Remedy(Language::kFrench).empty());
  }
}

TEST_F(ValidateWholeTest, ReplicatesAreJudgedLikeTheValue) {
  row_.lod = {};
  row_.loq = {};
  row_.replicates = {
      {.value = {.value = -1, .text = ""}, .censoring = {Censoring::kNone, ""}},
      {.value = {}, .censoring = {Censoring::kNotDetected, ""}},
      {.value = {}, .censoring = {Censoring::kBelowLod, ""}},
      {.value = {.value = std::nullopt, .text = "12,5"}, .censoring = {Censoring::kNone, ""}},
      {.value = {.value = 3, .text = ""}, .censoring = {}}};
  EXPECT_THAT(Rules(), UnorderedElementsAre("replicates[0].value:value_not_positive",
                                            "lod:lod_required", "replicates[3].value:not_a_number",
                                            "replicates[4].censoring:required_field"));
  row_.replicates.resize(33);
  EXPECT_THAT(Rules(), ElementsAre("replicates:too_many_replicates"));
}

TEST_F(ValidateWholeTest, AsksAboutASummaryOutsideOfWhatItSummarises) {
  const auto quantified = [](double value) {
    return RowReplicate{.value = {.value = value, .text = ""}, .censoring = {Censoring::kNone, ""}};
  };
  row_.replicates = {quantified(24000), quantified(26000)};
  EXPECT_THAT(Warnings(), IsEmpty());
  row_.replicates = {quantified(24000), quantified(24500)};
  EXPECT_THAT(Warnings(), ElementsAre("value:value_outside_replicates"));
}

TEST_F(ValidateWholeTest, AFlowOfZeroIsAskedAboutAndCountsAsUnknown) {
  row_.flow.number.value = 0;
  EXPECT_THAT(Warnings(), ElementsAre("flow_m3_per_day:flow_zero"));
  EXPECT_EQ(Taken().flow_m3_per_day, std::nullopt);
  EXPECT_THAT(Taken().reported, ElementsAre(Reported{ReportedColumn::kFlow, 0, "m3/d", 0}));
}

TEST_F(ValidateWholeTest, DatesOutOfOrderAreAskedAbout) {
  row_.received_at.value = At("2021-01-04");
  EXPECT_THAT(Warnings(), ElementsAre("received_at:date_order"));
  row_.received_at.value = At("2021-01-08");
  EXPECT_THAT(Warnings(), ElementsAre("known_at:date_order"));
  // A day says less than a time.
  row_.received_at.value = At("2021-01-07T15:00:00Z");
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(ValidateWholeTest, HoursThatDoNotFitTheDatesAreAskedAbout) {
  row_.composite_hours.value = 24;
  row_.started_at.value = At("2021-01-04");
  EXPECT_THAT(Warnings(), IsEmpty());
  row_.started_at.value = At("2021-01-03");
  EXPECT_THAT(Warnings(), ElementsAre("composite_hours:composite_hours_differ"));
}

TEST_F(ValidateWholeTest, ATargetWrittenAsAGeneGivesTheGene) {
  row_.target = "covN2";
  EXPECT_EQ(Taken().target, "sars-cov-2");
  EXPECT_EQ(Taken().gene, "n2");
  row_.gene = "n1";
  EXPECT_THAT(Rules(), ElementsAre("gene:gene_mismatch"));
  row_.target = "sars-cov-2";
  EXPECT_EQ(Taken().gene, "n1");
}

TEST_F(ValidateWholeTest, AnAmplifiedControlHoldsTheValue) {
  row_.no_template_control.value = Control::kAmplified;
  EXPECT_THAT(Warnings(), ElementsAre("quality_flags:quality_held"));
  EXPECT_TRUE(IsHeld(Taken()));
}

TEST(QualityEffectTest, LossOfVirusSpeaksAgainstLowValuesOnly) {
  Measurement m;
  EXPECT_EQ(EffectOf(m), QualityEffect());
  m.controls.recovery_percent = 0.5;
  EXPECT_EQ(EffectOf(m), (QualityEffect{Effect::kKeep, Effect::kHold}));
  m.controls.recovery_percent = 3;
  EXPECT_EQ(EffectOf(m), (QualityEffect{Effect::kDowngrade, Effect::kDowngrade}));
  m = Measurement();
  m.controls.inhibition = Inhibition::kUnadjusted;
  EXPECT_EQ(EffectOf(m), (QualityEffect{Effect::kKeep, Effect::kHold}));
  m = Measurement();
  m.collection.hold_hours = 121;
  EXPECT_EQ(EffectOf(m), (QualityEffect{Effect::kDowngrade, Effect::kHold}));
  m = Measurement();
  m.controls.extraction_blank = Control::kAmplified;
  EXPECT_TRUE(IsHeld(m));
}

}  // namespace
}  // namespace belgrand::sample
