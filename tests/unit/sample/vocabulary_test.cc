#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "sample/quality.h"
#include "sample/rule.h"
#include "sample/target.h"
#include "sample/text.h"
#include "sample/unit.h"

namespace belgrand::sample {
namespace {

TEST(TargetTest, ReadsWhatLaboratoriesWrite) {
  for (const char* text : {"sars-cov-2", "SARS-CoV-2", "N1", "n2", "covN1", "SARS CoV 2",
                           "sars_cov_2", "SARS-N1", "COVID-19"}) {
    EXPECT_EQ(CanonicalTarget(text), "sars-cov-2") << text;
  }
  for (const char* text : {"fluav", "IAV", "Influenza A", "FLUA", "IAV-M"}) {
    EXPECT_EQ(CanonicalTarget(text), "fluav") << text;
  }
  EXPECT_EQ(CanonicalTarget("IBV"), "flubv");
  EXPECT_EQ(CanonicalTarget("RSV-N"), "rsv");
  EXPECT_EQ(CanonicalTarget("rsvA"), "rsv-a");
  EXPECT_EQ(CanonicalTarget("MeV_WT"), "mev-wt");
  EXPECT_EQ(CanonicalTarget("measles"), "mev");
  EXPECT_EQ(CanonicalTarget("PMMoV"), "pmmov");
  EXPECT_EQ(CanonicalTarget(""), std::nullopt);
  EXPECT_EQ(CanonicalTarget("sars-cov-3"), std::nullopt);
}

TEST(TargetTest, EveryCodeIsItsOwnCanonicalSpelling) {
  std::set<std::string_view> codes;
  for (const Target& target : KnownTargets()) {
    EXPECT_EQ(CanonicalTarget(target.code), target.code);
    EXPECT_TRUE(codes.insert(target.code).second) << target.code;
  }
}

TEST(UnitTest, KnowsTheFactorOfEverySpelling) {
  for (const char* text : {"gc/L", "gc/l", "gcL", "copies/L wastewater", "copies/L"}) {
    EXPECT_EQ(FactorToGcPerLitre(text), 1.0) << text;
  }
  for (const char* text : {"gc/mL", "gcMl", "copies/mL wastewater"}) {
    EXPECT_EQ(FactorToGcPerLitre(text), 1000.0) << text;
  }
  for (const char* text : {"", "Ct", "gc/day", "log10 copies/L", "gcPpmov", "mg/L"}) {
    EXPECT_EQ(FactorToGcPerLitre(text), std::nullopt) << text;
  }
}

TEST(QualityTest, ABiasDownwardHoldsOnlyWhatIsLow) {
  EXPECT_EQ(EffectOf(QualityFlag::kInhibitionUnaddressed),
            (QualityEffect{Effect::kKeep, Effect::kHold}));
  EXPECT_FALSE(IsHeld(std::vector{QualityFlag::kInhibitionUnaddressed}));
  EXPECT_FALSE(IsHeld(std::vector{QualityFlag::kDelayedArrival}));
  EXPECT_TRUE(IsHeld(std::vector{QualityFlag::kNtcAmplified}));
  EXPECT_FALSE(IsHeld(std::vector<QualityFlag>{}));
}

TEST(QualityTest, SeveralFlagsHaveTheWorstEffect) {
  const std::vector flags = {QualityFlag::kInhibitionUnaddressed, QualityFlag::kWrongTemperature};
  EXPECT_EQ(EffectOf(flags), (QualityEffect{Effect::kDowngrade, Effect::kHold}));
}

// Whoever downgrades says why, and nobody says why without downgrading.
TEST(QualityTest, EveryDowngradeHasADoubtAndEveryDoubtDowngrades) {
  std::mt19937 random(7);
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  const auto hours = [&] { return static_cast<double>(random() % 140); };
  int doubtful = 0;
  for (int i = 0; i < 5000; ++i) {
    Measurement m;
    for (int flag = 1; flag <= 21; ++flag) {
      if (one_in(20)) m.quality_flags.push_back(static_cast<QualityFlag>(flag));
    }
    if (one_in(3)) m.controls.recovery_percent = 0.5 * static_cast<double>(random() % 20);
    if (one_in(3)) m.collection.hold_hours = hours();
    if (one_in(3)) m.collection.composite_hours = hours() / 5;
    if (one_in(3)) m.collection.sampling = Sampling::kGrab;
    const Effect effect = EffectOf(m).on_rise;
    const std::vector<Doubt> doubts = DoubtsOf(m);
    if (effect == Effect::kHold) continue;
    EXPECT_EQ(effect == Effect::kDowngrade, !doubts.empty());
    EXPECT_TRUE(std::is_sorted(doubts.begin(), doubts.end()));
    if (!doubts.empty()) ++doubtful;
  }
  EXPECT_GT(doubtful, 500);
}

TEST(TargetTest, WhatIsRareIsNewsByItsPresence) {
  for (const char* code : {"poliovirus", "mev", "mev-wt", "mpox", "fluav-h5"}) {
    EXPECT_TRUE(IsRareTarget(code)) << code;
  }
  for (const char* code : {"sars-cov-2", "fluav", "mev-va", "norovirus", "unknown", ""}) {
    EXPECT_FALSE(IsRareTarget(code)) << code;
  }
  for (const Target& target : KnownTargets()) EXPECT_FALSE(target.french_name.empty());
}

TEST(RuleTest, NamesAreUnique) {
  EXPECT_EQ(std::set(kRuleNames.begin(), kRuleNames.end()).size(), kRuleNames.size());
}

TEST(TextTest, FindsTheFirstByteThatIsNotUtf8) {
  EXPECT_EQ(FirstInvalidUtf8("plain"), std::nullopt);
  EXPECT_EQ(FirstInvalidUtf8("Z\xC3\xBCrich \xE2\x82\xAC \xF0\x9F\xA7\xAA"), std::nullopt);
  EXPECT_EQ(FirstInvalidUtf8("Z\xFCrich"), 1U);
  EXPECT_EQ(FirstInvalidUtf8("a\xC0\xAF"), 1U) << "overlong";
  EXPECT_EQ(FirstInvalidUtf8("a\xED\xA0\x80"), 1U) << "surrogate";
  EXPECT_EQ(FirstInvalidUtf8("ab\xE2\x82"), 2U) << "cut off";
  EXPECT_EQ(FirstInvalidUtf8("\xF4\x90\x80\x80"), 0U) << "beyond U+10FFFF";
}

TEST(TextTest, NearestIsASlipOfThePenAndNotAGuess) {
  const std::vector<std::string_view> names = {"Seafield", "Shieldhall"};
  EXPECT_EQ(Nearest("seafeild", names), "Seafield");
  EXPECT_EQ(Nearest("Paris", names), "");
}

TEST(TextTest, PrintableHoldsNoControlCharacter) {
  EXPECT_EQ(Printable("a\nb\x1B[31m\xFF"), "a?b?[31m?");
  EXPECT_EQ(Printable(std::string(200, 'x')).size(), 83U);
}

}  // namespace
}  // namespace belgrand::sample
