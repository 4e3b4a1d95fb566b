// The seams that the evidence of a signal shows, and the offsets that bridge them.
#include "detection/evidence_seams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "detection/engine.h"

namespace belgrand::detection {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class EvidenceSeamsTest : public ::testing::Test {
 protected:
  Observation SampleOf(int day, double log10, const std::string& site = "works") {
    Observation o;
    sample::Measurement& m = o.measurement;
    m.site_id = site;
    m.sample_id = "S" + std::to_string(++count_);
    m.laboratory_id = "lab-a";
    m.method_id = "m1";
    m.target = "sars-cov-2";
    m.collected_at = base::Instant(std::chrono::days(19'000 + day));
    m.lod = 100;
    m.value = std::pow(10.0, log10);
    o.district_id = "north";
    o.population = 20'000;
    o.known_at = m.collected_at + std::chrono::days(1);
    return o;
  }
  void Give(Observation o) {
    o.feed_sequence = ++sequence_;
    for (SignalChange& change : engine_->OnSample(o)) changes_.push_back(std::move(change));
  }
  static double Steady(int day) { return 4 + 0.08 * std::sin(12.9898 * day); }
  // The newest that a detector said.
  const SignalChange& NewestOf(const std::string& detector) {
    for (auto it = changes_.rbegin(); it != changes_.rend(); ++it) {
      if (it->detector == detector && it->phase != Phase::kCleared) return *it;
    }
    ADD_FAILURE() << "no signal of " << detector;
    static const SignalChange kNone;
    return kNone;
  }

  std::unique_ptr<Engine> engine_ = Engine::Create().value();
  std::vector<SignalChange> changes_;
  int count_ = 0;
  std::uint64_t sequence_ = 0;
};

TEST_F(EvidenceSeamsTest, AChangeOfLaboratoryIsShownWithWhatBridgesItInBothLanguages) {
  for (int day = 0; day < 90; day += 3) Give(SampleOf(day, Steady(day)));
  for (int day = 90; day < 130; day += 3) {
    Observation o = SampleOf(day, Steady(day) + 0.6);
    o.measurement.laboratory_id = "lab-b";
    o.measurement.method_id = "m2";
    Give(o);
  }
  EXPECT_THAT(changes_, IsEmpty()) << "a seam is no rise";
  Observation spike = SampleOf(130, 6.4);
  spike.measurement.laboratory_id = "lab-b";
  spike.measurement.method_id = "m2";
  Give(spike);
  const Evidence& evidence = NewestOf("site-spike").evidence;
  ASSERT_THAT(evidence.seams, SizeIs(1));
  const Seam& seam = evidence.seams[0];
  EXPECT_EQ(seam.site_id, "works");
  EXPECT_EQ(base::FormatDay(base::DayOf(seam.at)),
            base::FormatDay(base::Day(std::chrono::days(19'090))));
  EXPECT_THAT(seam.changes, ElementsAre(SeamChange::kLaboratory, SeamChange::kMethod));
  EXPECT_EQ(seam.before, "lab-a, m1");
  EXPECT_EQ(seam.after, "lab-b, m2");
  ASSERT_TRUE(seam.offset_log10.has_value() && seam.sd_log10.has_value());
  // The prior of an offset pulls a little towards none.
  EXPECT_NEAR(*seam.offset_log10, 0.6, 0.15);
  EXPECT_GT(*seam.sd_log10, 0.02);
  EXPECT_LT(*seam.sd_log10, 0.3);
  EXPECT_THAT(
      evidence.explanation,
      AllOf(HasSubstr("laboratory, method: lab-a, m1, then lab-b, m2"),
            HasSubstr("times the old one (offset +0."), HasSubstr("standard deviation 0.")));
  EXPECT_THAT(evidence.explanation_fr,
              AllOf(HasSubstr("laboratoire, méthode\u00a0: lab-a, m1, puis lab-b, m2"),
                    HasSubstr("fois l'ancienne (décalage +0,"), HasSubstr("écart type 0,")));
}

TEST_F(EvidenceSeamsTest, ASeriesMeasuredAlikeShowsNone) {
  for (int day = 0; day < 90; day += 3) Give(SampleOf(day, Steady(day)));
  Give(SampleOf(90, 6));
  EXPECT_THAT(NewestOf("site-spike").evidence.seams, IsEmpty());
  EXPECT_THAT(NewestOf("site-spike").evidence.explanation, Not(HasSubstr("measured otherwise")));
}

TEST_F(EvidenceSeamsTest, GenesReadSideBySideAreNoSeamAndAGrabAmongCompositesIsOne) {
  for (int day = 0; day < 90; day += 3) {
    for (const char* gene : {"n1", "n2"}) {
      Observation o = SampleOf(day, Steady(day) + (gene[1] == '2' ? 0.2 : 0.0));
      o.measurement.gene = gene;
      o.measurement.collection.sampling = sample::Sampling::kCompositeFlow;
      Give(o);
    }
  }
  Observation grab = SampleOf(90, 6.5);
  grab.measurement.gene = "n1";
  grab.measurement.collection.sampling = sample::Sampling::kGrab;
  Give(grab);
  const Evidence& evidence = NewestOf("site-spike").evidence;
  ASSERT_THAT(evidence.seams, SizeIs(1));
  EXPECT_THAT(evidence.seams[0].changes, ElementsAre(SeamChange::kSampler));
  EXPECT_EQ(evidence.seams[0].before, "composite, n1");
  EXPECT_EQ(evidence.seams[0].after, "grab, n1");
  // One sample that waits for another to agree has told nothing of its offset yet.
  EXPECT_GT(*evidence.seams[0].sd_log10, 0.3);
}

TEST_F(EvidenceSeamsTest, AfterALongSilenceTheLevelStartsAnewAndNothingBridgesIt) {
  for (int day = 0; day < 60; day += 3) Give(SampleOf(day, Steady(day)));
  for (int day = 100; day < 140; day += 3) Give(SampleOf(day, Steady(day)));
  Give(SampleOf(140, 6.2));
  const Evidence& evidence = NewestOf("site-spike").evidence;
  ASSERT_THAT(evidence.seams, SizeIs(1));
  EXPECT_THAT(evidence.seams[0].changes, ElementsAre(SeamChange::kLongGap));
  EXPECT_FALSE(evidence.seams[0].offset_log10.has_value());
  EXPECT_EQ(evidence.seams[0].before, base::FormatDay(base::Day(std::chrono::days(19'057))));
  EXPECT_EQ(evidence.seams[0].after, base::FormatDay(base::Day(std::chrono::days(19'100))));
  EXPECT_THAT(evidence.explanation, HasSubstr("the level starts anew and nothing is compared"));
  EXPECT_THAT(evidence.explanation_fr, HasSubstr("le niveau repart de zéro"));
}

TEST_F(EvidenceSeamsTest, ADistrictsRiseNamesTheSiteThatChangedItsMethod) {
  for (int day = 0; day < 140; day += 3) {
    for (const char* site : {"a", "b", "c"}) {
      const double wave = day > 110 ? 0.04 * (day - 110) : 0;
      Observation o = SampleOf(day, Steady(day + site[0]) + wave, site);
      if (site[0] == 'b' && day >= 90) {
        o.measurement.method_version = "2";
        *o.measurement.value *= 3;
      }
      Give(o);
    }
  }
  const Evidence& evidence = NewestOf("district-rise").evidence;
  ASSERT_THAT(evidence.seams, SizeIs(1));
  EXPECT_EQ(evidence.seams[0].site_id, "b");
  EXPECT_THAT(evidence.seams[0].changes, ElementsAre(SeamChange::kMethodVersion));
  EXPECT_EQ(evidence.seams[0].after, "version 2");
  EXPECT_NEAR(*evidence.seams[0].offset_log10, std::log10(3.0), 0.2);
}

TEST_F(EvidenceSeamsTest, EvidenceGivesNormalisedValuesWhereARowAllowsThemAndSaysWhatIsMissing) {
  for (int day = 0; day < 90; day += 3) {
    Observation o = SampleOf(day, Steady(day));
    if (day != 84) o.measurement.flow_m3_per_day = 5000;
    Give(o);
  }
  Observation spike = SampleOf(90, 6);
  spike.measurement.flow_m3_per_day = 4000;
  Give(spike);
  const Evidence& evidence = NewestOf("site-spike").evidence;
  ASSERT_THAT(evidence.samples, SizeIs(8));
  for (const EvidenceSample& sample : evidence.samples) {
    ASSERT_THAT(sample.normalised, SizeIs(1)) << "no row has PMMoV or ammonium";
    EXPECT_EQ(sample.normalised[0].normalisation, sample::Normalisation::kFlowAndPopulation);
  }
  const auto& newest = evidence.samples.back().normalised[0];
  EXPECT_DOUBLE_EQ(newest.value.value(), 1e6 * 4000 * 1000 * 1e5 / 20'000);
  const auto& without = evidence.samples[5];
  EXPECT_EQ(without.measurement.flow_m3_per_day, std::nullopt);
  EXPECT_THAT(without.normalised[0].missing, ElementsAre(sample::MissingInput::kFlow));
  EXPECT_FALSE(without.normalised[0].value.has_value()) << "nothing is filled in";
}

}  // namespace
}  // namespace belgrand::detection
