// What a site's spike is measured against: its own past and its district.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "detection/engine.h"
#include "tests/support/status_matchers.h"

namespace belgrand::detection {
namespace {

// Level of the neighbours on a day, log10 gc/L.
using Level = std::function<double(int day)>;

Observation SampleOf(const std::string& site, int day, double log10) {
  Observation o;
  sample::Measurement& m = o.measurement;
  m.site_id = site;
  m.sample_id = site + "/" + std::to_string(day);
  m.laboratory_id = "lab";
  m.method_id = "m1";
  m.target = "sars-cov-2";
  m.collected_at = base::Instant(std::chrono::days(18500 + day));
  m.lod = 1000;
  m.loq = 4000;
  m.value = std::pow(10.0, log10);
  m.censoring = sample::Censoring::kNone;
  o.district_id = "north";
  o.population = 50'000;
  o.known_at = m.collected_at;
  return o;
}

// Whether the last sample of `site`, ten times its usual, raises a spike there. It is sampled every
// `every` days until day 84, then on `last`; two neighbours every third day throughout.
bool RaisesSpike(const Level& neighbours, int every, int last) {
  const auto engine = Engine::Create({"site-spike"}).value();
  bool raised = false;
  std::uint64_t sequence = 0;
  for (int day = 0; day <= last; ++day) {
    const double noise = 0.1 * std::sin(12.9898 * day);
    const auto give = [&](const std::string& site, double level) {
      Observation o = SampleOf(site, day, level);
      o.feed_sequence = ++sequence;
      for (const SignalChange& change : engine->OnSample(o)) {
        raised = change.area_id == "site" && change.phase == Phase::kRaised;
      }
    };
    if (day % 3 == 0) {
      give("neighbour 1", neighbours(day) + noise);
      give("neighbour 2", neighbours(day) - noise);
    }
    if (day == last) {
      give("site", 5.0);
    } else if (day <= 84 && day % every == 0) {
      give("site", 4.0 + noise);
    }
  }
  return raised;
}

TEST(SiteSpikeTest, WhatTheNeighboursShowTooIsNoSpike) {
  const Level flat = [](int) { return 4.0; };
  const Level rising = [](int day) { return 4.0 + std::clamp((day - 84) / 21.0, 0.0, 1.0); };
  EXPECT_TRUE(RaisesSpike(flat, 14, 105));
  EXPECT_FALSE(RaisesSpike(rising, 14, 105));
}

// After 40 days of silence the site's own past predicts nothing.
TEST(SiteSpikeTest, ASiteThatStartsAnewIsJudgedByItsDistrict) {
  const Level flat = [](int) { return 4.0; };
  const Level risen = [](int day) { return day < 84 ? 4.0 : 5.0; };
  EXPECT_TRUE(RaisesSpike(flat, 3, 124));
  EXPECT_FALSE(RaisesSpike(risen, 3, 124));
}

// Of a site with steady neighbours: what is told when its newest sample reads `log10`.
std::vector<SignalChange> AfterSample(double log10) {
  const auto engine = Engine::Create({"site-spike"}).value();
  for (int day = 0; day < 90; day += 3) {
    for (const std::string site : {"site", "neighbour"}) {
      engine->OnSample(SampleOf(site, day, 4.0 + 0.1 * std::sin(12.9898 * day)));
    }
  }
  return engine->OnSample(SampleOf("site", 90, log10));
}

TEST(SiteSpikeTest, StatesHowLikelyItIsASpikeAndNothingOfARise) {
  double before = 0;
  for (const double log10 : {4.8, 5.0, 6.0}) {
    const auto changes = AfterSample(log10);
    ASSERT_EQ(changes.size(), 1U) << log10;
    const Evidence& evidence = changes[0].evidence;
    ASSERT_TRUE(evidence.probability_spike.has_value()) << log10;
    EXPECT_GT(*evidence.probability_spike, std::max(before, 0.5)) << log10;
    EXPECT_LE(*evidence.probability_spike, 1.0) << log10;
    EXPECT_EQ(evidence.probability_rising, 0);
    EXPECT_THAT(evidence.explanation, ::testing::HasSubstr("probability that it is a spike"));
    before = *evidence.probability_spike;
  }
}

}  // namespace
}  // namespace belgrand::detection
