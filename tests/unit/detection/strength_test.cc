// What weak evidence, few samples and rare pathogens do to a signal, and how it is told.
#include "detection/strength.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "detection/engine.h"
#include "detection/words.h"

namespace belgrand::detection {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class StrengthTest : public ::testing::Test {
 protected:
  Observation SampleOf(int day, std::optional<double> log10) {
    Observation o;
    sample::Measurement& m = o.measurement;
    m.site_id = "works";
    m.sample_id = "S" + std::to_string(++count_);
    m.laboratory_id = "lab";
    m.method_id = "m1";
    m.target = target_;
    m.collected_at = base::Instant(std::chrono::days(19'000 + day));
    m.lod = 1000;
    m.loq = 3000;
    m.censoring = log10 ? sample::Censoring::kNone : sample::Censoring::kNotDetected;
    if (log10) m.value = std::pow(10.0, *log10);
    o.district_id = "north";
    o.population = 20'000;
    o.known_at = m.collected_at + std::chrono::days(1);
    return o;
  }
  std::vector<SignalChange> Give(Observation o) {
    o.feed_sequence = ++sequence_;
    return engine_->OnSample(o);
  }
  void GiveSteady(int from, int to) {
    for (int day = from; day < to; day += 3) Give(SampleOf(day, 4 + 0.1 * std::sin(12.9898 * day)));
  }

  std::unique_ptr<Engine> engine_ = Engine::Create().value();
  std::string target_ = "sars-cov-2";
  int count_ = 0;
  std::uint64_t sequence_ = 0;
};

TEST_F(StrengthTest, ASpikeOnAWeakSampleAsksToVerifyAtTheLowestSeverity) {
  GiveSteady(0, 90);
  Observation strong = SampleOf(90, 5.6);
  Observation weak = strong;
  weak.measurement.controls.recovery_percent = 3;
  const auto changes = Give(weak);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].severity, Severity::kWatch);
  EXPECT_TRUE(changes[0].evidence.verify);
  EXPECT_THAT(changes[0].evidence.samples.back().doubts, ElementsAre(sample::Doubt::kLowRecovery));
  EXPECT_THAT(changes[0].evidence.explanation,
              AllOf(HasSubstr("Verify before you act"), HasSubstr("low recovery")));
  EXPECT_THAT(changes[0].evidence.explanation_fr,
              AllOf(HasSubstr("À vérifier avant d'agir"), HasSubstr("faible rendement")));
  EXPECT_THAT(engine_->States("", "")[1].detectors_to_verify, ElementsAre("site-spike"));

  // The next one agrees and is free of doubt: the signal is verified, and may be severe.
  const auto verified = Give(SampleOf(93, 5.6));
  ASSERT_FALSE(verified.empty());
  EXPECT_EQ(verified[0].detector, "site-spike");
  EXPECT_EQ(verified[0].phase, Phase::kUpdated);
  EXPECT_EQ(verified[0].severity, Severity::kWarning);
  EXPECT_FALSE(verified[0].evidence.verify);
  EXPECT_THAT(engine_->States("", "")[1].detectors_to_verify, IsEmpty());
}

// A grab reads otherwise than a composite, by how much is not known: only a gross one stands out.
TEST_F(StrengthTest, AGrabAmongCompositesIsASpikeOnceItIsGross) {
  for (const double log10 : {5.0, 6.5}) {
    engine_ = Engine::Create().value();
    GiveSteady(0, 90);
    Observation grab = SampleOf(90, log10);
    grab.measurement.collection.sampling = sample::Sampling::kGrab;
    const auto changes = Give(grab);
    ASSERT_EQ(changes.size(), log10 > 6 ? 1U : 0U) << log10;
    if (changes.empty()) continue;
    EXPECT_TRUE(changes[0].evidence.verify);
    EXPECT_EQ(changes[0].severity, Severity::kWatch);
  }
}

TEST_F(StrengthTest, WithoutDoubtTheSameSpikeIsAWarning) {
  GiveSteady(0, 90);
  const auto changes = Give(SampleOf(90, 5.6));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].severity, Severity::kWarning);
  EXPECT_FALSE(changes[0].evidence.verify);
}

TEST_F(StrengthTest, AReplicateWithoutDoubtConfirms) {
  GiveSteady(0, 90);
  Observation weak = SampleOf(90, 5.6);
  weak.measurement.quality_flags = {sample::QualityFlag::kTraceContamination};
  Give(weak);
  const auto changes = Give(SampleOf(90, 5.6));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_FALSE(changes[0].evidence.verify);
  EXPECT_EQ(changes[0].severity, Severity::kWarning);
}

TEST_F(StrengthTest, ARiseOnGrabSamplesIsNeverMoreThanAWatch) {
  std::size_t raised = 0;
  for (const bool grab : {false, true}) {
    engine_ = Engine::Create().value();
    Severity highest = Severity::kWatch;
    for (int day = 0; day < 400; day += 3) {
      const double level = 4 + 0.1 * std::sin(12.9898 * day) + std::max(0, day - 350) * 0.08;
      Observation o = SampleOf(day, level);
      if (grab) o.measurement.collection.sampling = sample::Sampling::kGrab;
      for (const SignalChange& change : Give(o)) {
        if (change.kind != SignalKind::kRise || day < 350) continue;
        ++raised;
        EXPECT_EQ(change.evidence.verify, grab);
        highest = std::max(highest, change.severity);
      }
    }
    EXPECT_EQ(highest == Severity::kWatch, grab);
  }
  EXPECT_GT(raised, 0U);
}

TEST_F(StrengthTest, FewSamplesAreWorthAWord) {
  GiveSteady(0, 18);
  const auto changes = Give(SampleOf(18, 5.6));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].evidence.few_samples, 6U);
  EXPECT_THAT(changes[0].evidence.explanation, HasSubstr("few samples, so little confidence"));
  EXPECT_THAT(changes[0].evidence.explanation_fr, HasSubstr("peu de certitude"));
}

TEST_F(StrengthTest, ARarePathogenIsReportedOnItsFirstDetection) {
  target_ = "poliovirus";
  for (int day = 0; day < 90; day += 7) EXPECT_THAT(Give(SampleOf(day, std::nullopt)), IsEmpty());
  const auto changes = Give(SampleOf(91, 3.2));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].detector, "site-presence");
  EXPECT_EQ(changes[0].severity, Severity::kWarning);
  EXPECT_THAT(changes[0].evidence.explanation,
              AllOf(HasSubstr("Poliovirus was detected (1 detection"), HasSubstr("confirmation")));
  EXPECT_THAT(changes[0].evidence.explanation_fr,
              AllOf(HasSubstr("poliovirus a été détecté (1 détection"), HasSubstr("confirmation")));
}

TEST_F(StrengthTest, ARarePathogenIsNotVotedDownByReplicatesNorByNewerSamples) {
  target_ = "mev";
  Give(SampleOf(0, std::nullopt));
  Give(SampleOf(7, std::nullopt));
  Give(SampleOf(7, std::nullopt));
  Give(SampleOf(14, std::nullopt));
  // A third replicate of day 7, known after the sample of day 14.
  const auto changes = Give(SampleOf(7, 3.2));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].detector, "site-presence");
}

TEST_F(StrengthTest, DoubtDoesNotHushARarePathogenButAFailedControlDoes) {
  target_ = "fluav-h5";
  Give(SampleOf(0, std::nullopt));
  Observation failed = SampleOf(7, 3.2);
  failed.measurement.controls.no_template_control = sample::Control::kAmplified;
  EXPECT_THAT(Give(failed), IsEmpty());
  Observation weak = SampleOf(14, 3.2);
  weak.measurement.collection.sampling = sample::Sampling::kGrab;
  const auto changes = Give(weak);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].severity, Severity::kWarning);
}

TEST_F(StrengthTest, APolicyOfFalseAlarmsDoesNotHoldARarePathogenBack) {
  engine_ = Engine::Create({}, {.per_district_year = 0.01, .discovery_rate = 0.01}).value();
  target_ = "mpox";
  Give(SampleOf(0, std::nullopt));
  ASSERT_EQ(Give(SampleOf(7, 3.2)).size(), 1U);
}

TEST_F(StrengthTest, APresenceOfACommonVirusIsNoNews) {
  Give(SampleOf(0, std::nullopt));
  EXPECT_THAT(Give(SampleOf(7, 4.0)), IsEmpty());
}

TEST_F(StrengthTest, TheParagraphSpeaksToAMayorInBothLanguages) {
  GiveSteady(0, 90);
  const auto changes = Give(SampleOf(90, 5.258));
  ASSERT_EQ(changes.size(), 1U);
  const std::string& english = changes[0].evidence.explanation;
  const std::string& french = changes[0].evidence.explanation_fr;
  EXPECT_THAT(english, AllOf(HasSubstr("site works (district north): the sample of SARS-CoV-2"),
                             HasSubstr("reads 181,000 gc/L"), Not(HasSubstr("deviation"))));
  EXPECT_THAT(french, AllOf(HasSubstr("l'échantillon de SARS-CoV-2 prélevé le"),
                            HasSubstr("donne 181\u202f000 gc/L"), Not(HasSubstr("the"))));
}

}  // namespace
}  // namespace belgrand::detection
