#include "detection/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/support/status_matchers.h"

namespace belgrand::detection {
namespace {

using testing::StatusIs;

struct Feed {
  std::unique_ptr<Engine> engine = Engine::Create().value();
  std::uint64_t sequence = 0;

  Observation Make(int day, const std::string& site, std::optional<double> value,
                   const std::string& id = "") {
    Observation o;
    o.measurement.laboratory_id = "lab";
    o.measurement.sample_id = id.empty() ? site + std::to_string(sequence + 1) : id;
    o.measurement.site_id = site;
    o.measurement.target = "sars-cov-2";
    o.measurement.method_id = "m1";
    o.measurement.collected_at = base::Instant(std::chrono::days(18000 + day));
    o.measurement.lod = 1000;
    o.measurement.loq = 4000;
    o.measurement.value = value;
    o.measurement.censoring = value ? sample::Censoring::kNone : sample::Censoring::kNotDetected;
    o.district_id = "north";
    o.population = 50000;
    o.known_at = o.measurement.collected_at + std::chrono::days(2);
    return o;
  }
  std::vector<SignalChange> Give(Observation o) {
    o.feed_sequence = ++sequence;
    return engine->OnSample(o);
  }
};

// Deterministic noise in [-1, 1].
double Noise(int i) { return std::sin(12.9898 * i + 78.233); }

TEST(EngineTest, RefusesAnUnknownDetector) {
  EXPECT_THAT(Engine::Create({"site-spike", "tea-leaves"}),
              StatusIs(base::StatusCode::kInvalidArgument, ::testing::HasSubstr("tea-leaves")));
}

TEST(EngineTest, SaysNothingAboutAConstantSeriesOrOnlyNonDetects) {
  Feed feed;
  for (int day = 0; day < 400; day += 3) {
    EXPECT_TRUE(feed.Give(feed.Make(day, "flat", 20000.0)).empty()) << "day " << day;
    EXPECT_TRUE(feed.Give(feed.Make(day, "empty", std::nullopt)).empty()) << "day " << day;
  }
}

TEST(EngineTest, ASingleSampleRaisesNothing) {
  Feed feed;
  EXPECT_TRUE(feed.Give(feed.Make(0, "a", 1e9)).empty());
}

TEST(EngineTest, AVoidedRowLeavesNoTrace) {
  Feed with;
  Feed without;
  for (int day = 0; day < 60; day += 3) {
    const double value = std::pow(10, 4 + 0.1 * Noise(day));
    with.Give(with.Make(day, "a", value, std::to_string(day)));
    without.Give(without.Make(day, "a", value, std::to_string(day)));
    if (day == 30) with.Give(with.Make(31, "a", 3e6, "wrong bottle"));
  }
  Observation voided = with.Make(31, "a", std::nullopt, "wrong bottle");
  voided.version = 2;
  voided.voided = true;
  with.Give(voided);
  EXPECT_EQ(with.engine->statistics().voided, 1U);
  EXPECT_EQ(with.engine->statistics().held, 0U);
  const auto a = with.engine->States("", "");
  const auto b = without.engine->States("", "");
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a[i].estimate_log10, b[i].estimate_log10, 1e-9);
    EXPECT_NEAR(a[i].growth_per_day, b[i].growth_per_day, 1e-9);
  }
}

AreaState DistrictOf(const Feed& feed, const std::string& district) {
  const auto states = feed.engine->States(district, "");
  EXPECT_FALSE(states.empty()) << district;
  return states.empty() ? AreaState() : states.front();
}

void ExpectSameDistrict(const Feed& a, const Feed& b, const std::string& district) {
  const AreaState left = DistrictOf(a, district);
  const AreaState right = DistrictOf(b, district);
  EXPECT_EQ(left.level, AreaLevel::kDistrict);
  EXPECT_EQ(left.sample_count, right.sample_count);
  EXPECT_NEAR(left.estimate_log10, right.estimate_log10, 1e-12);
  EXPECT_NEAR(left.growth_per_day, right.growth_per_day, 1e-12);
}

// A site that serves two districts counts in each as a site of that many persons would.
TEST(EngineTest, ASampleCountsInEveryDistrictWithItsShareOfThePersons) {
  Feed shared;
  Feed north;
  Feed south;
  for (int day = 0; day < 90; day += 3) {
    const double a = std::pow(10, 4 + 0.1 * Noise(day));
    const double b = std::pow(10, 5 + 0.1 * Noise(day + 1));
    Observation of_a = shared.Make(day, "a", a);
    of_a.population = 60000;
    of_a.shares = {{"north", 0.25}, {"south", 0.75}};
    Observation of_b = shared.Make(day, "b", b);
    of_b.district_id = "south";
    of_b.population = 30000;
    shared.Give(of_a);
    shared.Give(of_b);
    of_a.shares.clear();
    of_a.population = 15000;
    north.Give(of_a);
    of_a.district_id = "south";
    of_a.population = 45000;
    south.Give(of_a);
    south.Give(of_b);
  }
  ExpectSameDistrict(shared, north, "north");
  ExpectSameDistrict(shared, south, "south");
  std::size_t sites = 0;
  for (const AreaState& state : shared.engine->States("", "")) {
    if (state.level != AreaLevel::kSite) continue;
    ++sites;
    EXPECT_EQ(state.district_id, state.area_id == "a" ? "north" : "south")
        << "the site itself belongs to the district that acts on it";
  }
  EXPECT_EQ(sites, 2U);
}

TEST(EngineTest, AnAmendedRowLeavesTheDistrictsInWhichItNoLongerCounts) {
  Feed amended;
  Feed plain;
  for (int day = 0; day < 60; day += 3) {
    Observation o =
        amended.Make(day, "a", std::pow(10, 4 + 0.1 * Noise(day)), "row " + std::to_string(day));
    plain.Give(o);
    o.shares = {{"north", 0.5}, {"south", 0.5}};
    amended.Give(o);
  }
  EXPECT_EQ(DistrictOf(amended, "south").sample_count, 20U);
  for (int day = 0; day < 60; day += 3) {
    Observation o =
        amended.Make(day, "a", std::pow(10, 4 + 0.1 * Noise(day)), "row " + std::to_string(day));
    o.version = 2;
    o.shares = {{"north", 1}};
    amended.Give(o);
  }
  EXPECT_TRUE(amended.engine->States("south", "").empty());
  ExpectSameDistrict(amended, plain, "north");
}

TEST(EngineTest, TwoGenesOfOneSampleAreTwoRows) {
  Feed feed;
  Observation n1 = feed.Make(0, "a", 10000.0, "S-1");
  n1.measurement.gene = "n1";
  Observation n2 = feed.Make(0, "a", 20000.0, "S-1");
  n2.measurement.gene = "n2";
  feed.Give(n1);
  feed.Give(n2);
  EXPECT_EQ(feed.engine->statistics().superseded, 0U);
}

TEST(EngineTest, AChangeOfLimitsAloneRaisesNothing) {
  Feed feed;
  for (int day = 0; day < 200; day += 3) {
    Observation o = feed.Make(day, "a", std::nullopt);
    if (day > 100) o.measurement.lod = 8000;
    if (day > 150) o.measurement.lod = 500;
    EXPECT_TRUE(feed.Give(o).empty()) << "day " << day;
  }
}

TEST(EngineTest, AMethodThatReadsTenTimesHigherIsASeamAndNotARise) {
  Feed feed;
  std::size_t raised = 0;
  for (int day = 0; day < 300; day += 3) {
    for (const char* site : {"a", "b", "c"}) {
      Observation o = feed.Make(day, site, std::pow(10, 4 + 0.15 * Noise(day + site[0])));
      if (day > 150) {
        o.measurement.method_id = "m2";
        *o.measurement.value *= 10;
      }
      for (const SignalChange& c : feed.Give(o)) raised += c.phase == Phase::kRaised;
    }
  }
  EXPECT_EQ(raised, 0U);
}

// A grab at the morning's peak, or sludge, reads higher than a composite of the same day.
TEST(EngineTest, AnotherSamplerOrMatrixIsASeamAndNotARise) {
  for (const bool sludge : {false, true}) {
    Feed feed;
    std::size_t raised = 0;
    for (int day = 0; day < 300; day += 3) {
      for (const char* site : {"a", "b", "c"}) {
        Observation o = feed.Make(day, site, std::pow(10, 4 + 0.15 * Noise(day + site[0])));
        sample::Collection& how = o.measurement.collection;
        how.sampling = sample::Sampling::kCompositeFlow;
        if (day > 150) {
          if (sludge) how.matrix = sample::Matrix::kPrimarySludge;
          if (!sludge) how.sampling = sample::Sampling::kGrab;
          *o.measurement.value *= 10;
        }
        for (const SignalChange& c : feed.Give(o)) raised += c.phase == Phase::kRaised;
      }
    }
    EXPECT_EQ(raised, 0U) << (sludge ? "sludge" : "grab");
  }
}

TEST(EngineTest, AWaveRaisesItsDistrictOnceAndClearsAfterwards) {
  Feed feed;
  std::size_t raised = 0;
  std::size_t cleared = 0;
  int raised_on = -1;
  std::string explanation;
  for (int day = 0; day < 300; day += 3) {
    // Flat, then doubling every week from day 120 to 155, then halving every ten days, then flat.
    double level = 4;
    if (day > 120) level += 0.043 * std::min(day - 120, 35);
    if (day > 155) level -= 0.03 * std::min(day - 155, 50);
    int index = 0;
    for (const char* site : {"a", "b", "c"}) {
      ++index;
      const double value = std::pow(10, level + 0.3 * index + 0.2 * Noise(7 * day + index));
      for (const SignalChange& c : feed.Give(feed.Make(day, site, value))) {
        if (c.level != AreaLevel::kDistrict) continue;
        raised += c.phase == Phase::kRaised;
        cleared += c.phase == Phase::kCleared;
        if (c.phase == Phase::kRaised) {
          raised_on = day;
          explanation = c.evidence.explanation;
          EXPECT_EQ(c.signal_key, "district/north/sars-cov-2/district-rise");
          EXPECT_EQ(c.evidence.sites.size(), 3U);
          EXPECT_GE(c.evidence.score, c.evidence.limit);
          EXPECT_LE(c.evidence.lower_log10, c.evidence.estimate_log10);
        }
      }
    }
  }
  EXPECT_EQ(raised, 1U);
  EXPECT_EQ(cleared, 1U);
  EXPECT_GT(raised_on, 120);
  EXPECT_LT(raised_on, 145) << "well before the peak on day 155";
  EXPECT_THAT(explanation, ::testing::HasSubstr("district north: SARS-CoV-2 now stands at about"));
}

TEST(EngineTest, OneContaminatedSampleIsASpikeAtItsSiteAndNoRiseOfTheDistrict) {
  Feed feed;
  for (int day = 0; day < 150; day += 3) {
    for (const char* site : {"a", "b", "c"}) {
      feed.Give(feed.Make(day, site, std::pow(10, 4.3 + 0.2 * Noise(5 * day + site[0]))));
    }
  }
  const std::vector<SignalChange> changes = feed.Give(feed.Make(150, "a", 2e6));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].kind, SignalKind::kSpike);
  EXPECT_EQ(changes[0].phase, Phase::kRaised);
  EXPECT_EQ(changes[0].area_id, "a");
  EXPECT_EQ(changes[0].feed_sequence, feed.sequence);
  std::size_t cleared = 0;
  for (int day = 153; day < 165; day += 3) {
    for (const SignalChange& c : feed.Give(feed.Make(day, "a", 2e4))) {
      cleared += c.phase == Phase::kCleared;
    }
  }
  EXPECT_EQ(cleared, 1U);
}

TEST(EngineTest, SaysWhatIsHeldNowAndForgetsItAtAReset) {
  Feed feed;
  for (int day = 0; day < 150; day += 3) {
    for (const char* site : {"a", "b"}) {
      feed.Give(feed.Make(day, site, std::pow(10, 4.3 + 0.2 * Noise(5 * day + site[0]))));
    }
  }
  EXPECT_TRUE(feed.engine->Held(1, {}).empty());
  const std::vector<SignalChange> raised = feed.Give(feed.Make(150, "a", 2e6));
  ASSERT_EQ(raised.size(), 1U);
  const std::vector<SignalChange> held = feed.engine->Held(77, base::FromMicros(5));
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].signal_key, raised[0].signal_key);
  EXPECT_EQ(held[0].phase, Phase::kUpdated);
  EXPECT_EQ(held[0].severity, raised[0].severity);
  EXPECT_EQ(held[0].evidence.score, raised[0].evidence.score);
  EXPECT_EQ(held[0].evidence.explanation, raised[0].evidence.explanation);
  EXPECT_EQ(held[0].feed_sequence, 77U);
  EXPECT_EQ(held[0].known_at, base::FromMicros(5));
  feed.engine->Reset();
  EXPECT_TRUE(feed.engine->Held(1, {}).empty());
  EXPECT_TRUE(feed.engine->States("", "").empty());
  EXPECT_EQ(feed.engine->statistics().observations, 0U);
}

TEST(EngineTest, TheFingerprintNamesEveryDetectorWithItsVersion) {
  const std::string all = Engine::Create().value()->Fingerprint();
  for (const auto& detector : RegisteredDetectors()) {
    if (detector->info().selection != Selection::kDefault) continue;
    EXPECT_THAT(all, ::testing::HasSubstr(detector->info().name + " " + detector->info().version));
  }
  const std::string one =
      Engine::Create({RegisteredDetectors()[0]->info().name}).value()->Fingerprint();
  EXPECT_NE(one, all);
  EXPECT_EQ(Engine::Create().value()->Fingerprint(), all);
}

TEST(EngineTest, AnAmendmentReplacesTheOldVersionAndAnOldVersionIsIgnored) {
  Feed amended;
  Feed clean;
  for (int day = 0; day < 60; day += 3) {
    for (Feed* feed : {&amended, &clean}) {
      const bool wrong = feed == &amended && day == 30;
      feed->Give(feed->Make(day, "a", wrong ? 5e7 : 2e4, "s" + std::to_string(day)));
    }
  }
  Observation correction = amended.Make(30, "a", 2e4, "s30");
  correction.version = 2;
  amended.Give(correction);
  Observation stale = amended.Make(30, "a", 9e9, "s30");
  stale.version = 1;
  EXPECT_TRUE(amended.Give(stale).empty());
  EXPECT_EQ(amended.engine->statistics().superseded, 1U);
  const AreaState a = amended.engine->States("north", "")[1];
  const AreaState b = clean.engine->States("north", "")[1];
  EXPECT_EQ(a.estimate_log10, b.estimate_log10);
  EXPECT_EQ(a.upper_log10, b.upper_log10);
}

TEST(EngineTest, AnAmendmentMayMoveARowToAnotherSite) {
  Feed feed;
  for (int day = 0; day < 30; day += 3) feed.Give(feed.Make(day, "a", 2e4));
  feed.Give(feed.Make(30, "a", 5e6, "moved"));
  Observation correction = feed.Make(30, "b", 5e6, "moved");
  correction.version = 2;
  feed.Give(correction);
  const std::vector<AreaState> states = feed.engine->States("north", "sars-cov-2");
  ASSERT_EQ(states.size(), 3U);
  EXPECT_NEAR(states[1].estimate_log10, std::log10(2e4), 0.1);
  EXPECT_EQ(states[2].area_id, "b");
}

// Any input at all: no crash, only finite numbers, keys in order, and the same bytes in a second
// run.
TEST(EngineTest, IsDeterministicAndFiniteOnRandomInput) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::string first;
    for (int run = 0; run < 2; ++run) {
      std::mt19937 random(seed);
      Feed feed;
      std::string log;
      for (int i = 0; i < 600; ++i) {
        std::optional<double> value;
        if (random() % 4 != 0) value = std::pow(10, static_cast<double>(random() % 400) / 20 - 5);
        const int day = i / 3 + static_cast<int>(random() % 40) - 20;
        Observation o = feed.Make(day, std::string(1, static_cast<char>('a' + random() % 5)), value,
                                  "s" + std::to_string(random() % 400));
        o.version = 1 + static_cast<std::uint32_t>(random() % 3);
        o.measurement.lod = std::pow(10, static_cast<double>(random() % 60) / 10 - 1);
        if (random() % 9 == 0) o.measurement.method_id = "m2";
        if (random() % 9 == 0) o.district_id = "south";
        if (random() % 5 == 0) o.population = 0;
        for (const SignalChange& c : feed.Give(o)) {
          ASSERT_TRUE(std::isfinite(c.evidence.score) && std::isfinite(c.evidence.estimate_log10) &&
                      std::isfinite(c.evidence.growth_per_day));
          log += c.signal_key + c.evidence.explanation + '\n';
        }
      }
      for (const AreaState& state : feed.engine->States("", "")) {
        ASSERT_TRUE(std::isfinite(state.estimate_log10) && std::isfinite(state.upper_log10));
        log += state.area_id + std::to_string(state.estimate_log10) + '\n';
      }
      if (run == 0) first = log;
      EXPECT_EQ(log, first);
    }
  }
}

}  // namespace
}  // namespace belgrand::detection
