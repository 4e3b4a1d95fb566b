// A site that leaves its district is named; a rise of all is nobody's departure.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "detection/engine.h"

namespace belgrand::detection {
namespace {

// Five sites, a sample every three days for 150 days; from day 100 on `factor` within a
// fortnight for the site named, for all where none is. The sites on which the detector raised a
// signal from then on.
std::set<std::string> Departed(const std::string& site, double factor, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0, 0.15);
  auto engine = Engine::Create({"site-departure"}).value();
  std::set<std::string> raised;
  for (int day = 0; day < 150; day += 3) {
    for (int s = 0; s < 5; ++s) {
      const std::string id = "site-" + std::to_string(s);
      Observation o;
      o.measurement.laboratory_id = "lab";
      o.measurement.sample_id = id + "/" + std::to_string(day);
      o.measurement.site_id = id;
      o.measurement.target = "t";
      o.measurement.censoring = sample::Censoring::kNone;
      const bool rises = day >= 100 && (site.empty() || site == id);
      const double risen = rises ? std::pow(factor, std::min(1.0, (day - 99) / 14.0)) : 1;
      o.measurement.value = std::pow(10.0, 4.5 + noise(random)) * risen;
      o.measurement.lod = 100;
      o.measurement.collected_at = base::Instant(std::chrono::days(18000 + day));
      o.known_at = o.measurement.collected_at;
      o.district_id = "d";
      o.population = 10000;
      for (const SignalChange& change : engine->OnSample(o)) {
        if (change.phase == Phase::kRaised && day >= 100) raised.insert(change.area_id);
      }
    }
  }
  return raised;
}

TEST(SiteDepartureTest, NamesTheSiteThatRisesAloneAndNoOther) {
  int named = 0;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    const std::set<std::string> departed = Departed("site-3", 4, seed);
    named += departed.contains("site-3") ? 1 : 0;
    EXPECT_LE(departed.size(), 1U) << seed;
  }
  EXPECT_GE(named, 14);
}

TEST(SiteDepartureTest, RarelyNamesAnybodyWhereAllRiseOrNoneDoes) {
  int all = 0;
  int none = 0;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    all += Departed("", 4, seed).empty() ? 0 : 1;
    none += Departed("", 1, seed).empty() ? 0 : 1;
  }
  EXPECT_LE(all, 3);
  EXPECT_LE(none, 3);
}

}  // namespace
}  // namespace belgrand::detection
