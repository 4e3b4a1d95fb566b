#include "sample/unit.h"

#include <gtest/gtest.h>

namespace belgrand::sample {
namespace {

double Convert(Dimension dimension, const char* unit, double number) {
  const auto conversion = ConversionOf(dimension, unit);
  EXPECT_TRUE(conversion.has_value()) << unit;
  return conversion ? (*conversion)(number) : 0;
}

TEST(UnitTest, ConvertsConcentrations) {
  EXPECT_EQ(Convert(Dimension::kConcentration, "gc/L", 12.5), 12.5);
  EXPECT_EQ(Convert(Dimension::kConcentration, "gcMl", 12.5), 12500);
  EXPECT_NEAR(Convert(Dimension::kConcentration, "log10 copies/L wastewater", 4), 1e4, 1e-9);
  EXPECT_NEAR(Convert(Dimension::kConcentration, "log10 gc/mL", 0), 1000, 1e-9);
}

// 1 MGD = 3785.41 m3/d and 1 gc/mL = 1000 gc/L: methods dossier, 7.6.
TEST(UnitTest, ConvertsFlows) {
  EXPECT_NEAR(Convert(Dimension::kFlow, "MGD", 1), 3785.41, 0.01);
  EXPECT_NEAR(Convert(Dimension::kFlow, "L/s", 1), 86.4, 1e-9);
  EXPECT_EQ(Convert(Dimension::kFlow, "m3/h", 2), 48);
  EXPECT_EQ(Convert(Dimension::kFlow, "m³/s", 1), 86400);
  EXPECT_EQ(Convert(Dimension::kFlow, "L/day", 1e6), 1000);
}

TEST(UnitTest, AMegalitreIsNotAMillilitre) {
  EXPECT_EQ(Convert(Dimension::kFlow, "ML/d", 1), 1000);
  EXPECT_EQ(Convert(Dimension::kFlow, "mld", 1), 1000);
  EXPECT_NEAR(Convert(Dimension::kFlow, "mL/d", 1), 1e-6, 1e-15);
  EXPECT_EQ(ConversionOf(Dimension::kFlow, "ml/d"), std::nullopt) << "either might be meant";
}

TEST(UnitTest, ConvertsTemperatures) {
  EXPECT_EQ(Convert(Dimension::kTemperature, "°C", 4), 4);
  EXPECT_NEAR(Convert(Dimension::kTemperature, "F", 41), 5, 1e-9);
  EXPECT_NEAR(Convert(Dimension::kTemperature, "K", 278.15), 5, 1e-9);
}

TEST(UnitTest, ConvertsAmmoniumToNitrogen) {
  EXPECT_EQ(Convert(Dimension::kAmmonium, "mg/L", 30), 30);
  EXPECT_NEAR(Convert(Dimension::kAmmonium, "umol/L", 1000), 14.0067, 1e-9);
  EXPECT_NEAR(Convert(Dimension::kAmmonium, "mg NH4/L", 18.0385), 14.0067, 1e-9);
}

TEST(UnitTest, OtherQuantitiesAreNoUnitsOfAColumn) {
  for (const char* text : {"", "Ct", "gc/d", "gc/g", "gcPpmov", "m3/d", "mg/L"}) {
    EXPECT_EQ(ConversionOf(Dimension::kConcentration, text), std::nullopt) << text;
  }
  EXPECT_EQ(ConversionOf(Dimension::kFlow, "gc/L"), std::nullopt);
  EXPECT_EQ(ConversionOf(Dimension::kTemperature, "m3/d"), std::nullopt);
  EXPECT_EQ(FactorToGcPerLitre("log10 gc/L"), std::nullopt);
}

TEST(UnitTest, EveryListNamesTheUnitOfTheStore) {
  for (const Dimension dimension : {Dimension::kConcentration, Dimension::kFlow,
                                    Dimension::kTemperature, Dimension::kAmmonium}) {
    EXPECT_NE(UnitList(dimension).find(CanonicalUnit(dimension)), std::string_view::npos);
    EXPECT_TRUE(ConversionOf(dimension, CanonicalUnit(dimension))->is_identity());
  }
}

}  // namespace
}  // namespace belgrand::sample
