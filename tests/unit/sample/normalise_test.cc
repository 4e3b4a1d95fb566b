// Normalised values beside the raw ones: the formulas, and that nothing is filled in.
#include "sample/normalise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belgrand::sample {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Measurement Row() {
  Measurement row;
  row.value = 25'000;
  row.lod = 1'000;
  row.flow_m3_per_day = 4'000;
  row.normalisers.pmmov_gc_per_l = 5e7;
  row.normalisers.ammonium_mg_n_per_l = 40;
  return row;
}

TEST(NormaliseTest, LoadIsConcentrationTimesFlowPerPersonServed) {
  // 25,000 gc/L in 4,000,000 L of 20,000 persons: 5e6 gc a person and day.
  const Normalised load =
      Normalise(Row(), Normalisation::kFlowAndPopulation, {.population = 20'000});
  EXPECT_THAT(load.missing, IsEmpty());
  EXPECT_DOUBLE_EQ(load.value.value(), 5e6 * 1e5);
  EXPECT_DOUBLE_EQ(load.lod.value(), 0.2e6 * 1e5) << "limits are multiplied as values are";
  EXPECT_FALSE(load.loq.has_value());
  Measurement own = Row();
  own.population_served = 10'000;
  EXPECT_DOUBLE_EQ(
      Normalise(own, Normalisation::kFlowAndPopulation, {.population = 20'000}).value.value(),
      10e6 * 1e5)
      << "the row's own population before that of the catalogue";
}

TEST(NormaliseTest, PmmovIsARatioAndAmmoniumCountsPersonsWithoutAFlow) {
  EXPECT_DOUBLE_EQ(Normalise(Row(), Normalisation::kPmmovRatio, {}).value.value(), 5e-4);
  Measurement row = Row();
  row.flow_m3_per_day.reset();
  // 40 mg N/L at 8 g a person and day are 200 L a person and day.
  EXPECT_DOUBLE_EQ(Normalise(row, Normalisation::kAmmoniumPopulation, {}).value.value(),
                   25'000 * 200 * 1e5);
}

TEST(NormaliseTest, WhatIsMissingIsSaidAndNothingIsFilledIn) {
  Measurement bare;
  bare.value = 25'000;
  const Normalised load = Normalise(bare, Normalisation::kFlowAndPopulation, {});
  EXPECT_THAT(load.missing, ElementsAre(MissingInput::kFlow, MissingInput::kPopulation));
  EXPECT_FALSE(load.value.has_value());
  EXPECT_THAT(Normalise(bare, Normalisation::kPmmovRatio, {}).missing,
              ElementsAre(MissingInput::kPmmov));
  EXPECT_THAT(Normalise(bare, Normalisation::kAmmoniumPopulation, {}).missing,
              ElementsAre(MissingInput::kAmmonium));
  bare.flow_m3_per_day = 0;
  EXPECT_THAT(Normalise(bare, Normalisation::kFlowAndPopulation, {.population = 1}).missing,
              ElementsAre(MissingInput::kFlow));
}

TEST(NormaliseTest, AFlowFarFromTheSitesMedianIsNotUsed) {
  Measurement row = Row();
  const NormalisationContext context{.population = 20'000, .median_flow = 4'000};
  for (const auto& [flow, used] : {std::pair(799.0, false), std::pair(801.0, true),
                                   std::pair(19'999.0, true), std::pair(20'001.0, false)}) {
    row.flow_m3_per_day = flow;
    const Normalised load = Normalise(row, Normalisation::kFlowAndPopulation, context);
    EXPECT_EQ(load.value.has_value(), used) << flow;
    EXPECT_EQ(load.missing,
              used ? std::vector<MissingInput>{} : std::vector{MissingInput::kFlowOutOfRange})
        << flow;
  }
}

TEST(NormaliseTest, SludgeHasNoLoadButARatio) {
  Measurement row = Row();
  row.collection.matrix = Matrix::kPrimarySludge;
  EXPECT_THAT(Normalise(row, Normalisation::kFlowAndPopulation, {.population = 1}).missing,
              ElementsAre(MissingInput::kFlowingWastewater));
  EXPECT_TRUE(Normalise(row, Normalisation::kPmmovRatio, {}).value.has_value());
}

TEST(NormaliseTest, TheMedianFlowNeedsFiveDaysAndForgetsWhatIsOlderThanAYear) {
  FlowMedian flows;
  const auto at = [](int day) { return base::Instant(std::chrono::days(19'000 + day)); };
  for (int day = 0; day < 4; ++day) flows.Add(at(day), 100.0 + day);
  flows.Add(at(3), 103);  // a second sample of the day
  EXPECT_FALSE(flows.Value().has_value());
  flows.Add(at(4), std::nullopt);
  flows.Add(at(4), 104);
  EXPECT_DOUBLE_EQ(flows.Value().value(), 102);
  flows.Add(at(5), 1000);
  EXPECT_DOUBLE_EQ(flows.Value().value(), 102.5);
  for (int day = 100; day < 465; ++day) flows.Add(at(day), 7);
  EXPECT_DOUBLE_EQ(flows.Value().value(), 7);
}

TEST(NormaliseTest, NamesAreReadBack) {
  for (const Normalisation way : kNormalisations) EXPECT_EQ(ParseNormalisation(NameOf(way)), way);
  EXPECT_EQ(ParseNormalisation("rain"), std::nullopt);
}

}  // namespace
}  // namespace belgrand::sample
