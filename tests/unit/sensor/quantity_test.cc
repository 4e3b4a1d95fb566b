#include "sensor/quantity.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/status_matchers.h"

namespace belgrand::sensor {
namespace {

double Stored(Quantity quantity, std::string_view unit, double value) {
  const auto found = FindUnit(quantity, unit);
  EXPECT_TRUE(found.ok()) << unit;
  return ToStored(**found, value);
}

TEST(QuantityTest, UnitsAreConvertedToTheStoredOne) {
  EXPECT_EQ(Stored(Quantity::kFlow, "L/s", 12.34), 44.424);
  EXPECT_EQ(Stored(Quantity::kFlow, "m3/d", 24'000), 1000);
  EXPECT_EQ(Stored(Quantity::kLevel, "cm", 123.4), 1.234);
  EXPECT_EQ(Stored(Quantity::kTemperature, "K", 288.15), 15);
  EXPECT_EQ(Stored(Quantity::kTemperature, "degF", 59), 15);
  EXPECT_EQ(Stored(Quantity::kConductivity, "mS/cm", 1.234), 1234);
  EXPECT_EQ(Stored(Quantity::kAmmonium, "mg/L NH4", 18.039), 14.007);
  EXPECT_EQ(Stored(Quantity::kRedox, "V", -0.123), -123);
}

TEST(QuantityTest, AValueInTheStoredUnitKeepsEveryBit) {
  EXPECT_EQ(Stored(Quantity::kFlow, "", 1.0 / 3), 1.0 / 3);
  EXPECT_EQ(Stored(Quantity::kTurbidity, "FNU", 1.0 / 3), 1.0 / 3);
}

TEST(QuantityTest, AnUnknownNameIsRefusedWithTheKnownOnes) {
  EXPECT_THAT(base::Message(ParseQuantity("flux").status()), ::testing::HasSubstr("conductivity"));
  EXPECT_THAT(base::Message(FindUnit(Quantity::kLevel, "L/s").status()),
              ::testing::HasSubstr("m, cm, mm"));
}

TEST(QuantityTest, EveryQuantityHasItsNumberNameAndUnit) {
  std::set<std::string_view> names;
  for (const QuantityInfo& info : Quantities()) {
    EXPECT_TRUE(names.insert(info.name).second);
    EXPECT_EQ(*ParseQuantity(info.name), info.quantity);
    EXPECT_EQ(QuantityOf(static_cast<int>(info.quantity)), info.quantity);
    const Unit& stored = **FindUnit(info.quantity, "");
    EXPECT_EQ(stored.name, info.unit) << "the first unit is the stored one";
    EXPECT_EQ(stored.numerator / stored.denominator, 1);
  }
  EXPECT_FALSE(QuantityOf(0).has_value());
}

}  // namespace
}  // namespace belgrand::sensor
