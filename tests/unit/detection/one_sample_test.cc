// Metamorphic: however absurd one sample is, it opens a spike and no rise; two that agree open one.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "detection/engine.h"

namespace belgrand::detection {
namespace {

struct Plan {
  int sites = 3;
  int every_days = 3;
  // Log10, of a normal.
  double noise = 0.13;
};

constexpr int kVisits = 90;
constexpr int kOdd = 60;

// What is raised when from visit kOdd on `odd` samples of the first site read 10^log10.
std::vector<SignalChange> Raised(const Plan& plan, unsigned seed, int odd, double log10) {
  const auto engine = Engine::Create({"site-spike", "site-rise", "district-rise"}).value();
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, plan.noise);
  std::vector<SignalChange> raised;
  Observation o;
  sample::Measurement& m = o.measurement;
  m.laboratory_id = "lab";
  m.method_id = "m1";
  m.target = "sars-cov-2";
  m.lod = 1000;
  m.loq = 3000;
  m.censoring = sample::Censoring::kNone;
  o.district_id = "north";
  o.population = 20'000;
  for (int visit = 0; visit < kVisits; ++visit) {
    for (int site = 0; site < plan.sites; ++site) {
      m.site_id = std::string(1, static_cast<char>('a' + site));
      m.sample_id = m.site_id + std::to_string(visit);
      m.collected_at = base::Instant(std::chrono::days(19'000 + visit * plan.every_days));
      const bool is_odd = site == 0 && visit >= kOdd && visit < kOdd + odd;
      const double usual = std::log10(25'000) + noise(random);
      m.value = std::pow(10.0, is_odd ? log10 : usual);
      o.known_at = m.collected_at + std::chrono::days(1);
      ++o.feed_sequence;
      for (SignalChange& change : engine->OnSample(o)) {
        if (change.phase == Phase::kRaised) raised.push_back(std::move(change));
      }
    }
  }
  return raised;
}

std::vector<std::string> Opened(const std::vector<SignalChange>& raised) {
  std::vector<std::string> names;
  for (const SignalChange& change : raised) {
    names.push_back(change.detector + " " + base::FormatInstant(change.observed_at).substr(0, 10));
  }
  return names;
}

TEST(OneSampleTest, HoweverAbsurdOpensASpikeAndNoRise) {
  for (const Plan& plan :
       {Plan{3, 3}, Plan{1, 3}, Plan{1, 7}, Plan{1, 14}, Plan{3, 7}, Plan{8, 4}}) {
    for (unsigned seed = 1; seed <= 8; ++seed) {
      // What opens without the odd sample: noise opens a little of its own.
      const std::vector<std::string> before = Opened(Raised(plan, seed, 0, 0));
      for (double log10 = 6; log10 <= 14; log10 += 1) {
        SCOPED_TRACE(::testing::Message() << plan.sites << " sites every " << plan.every_days
                                          << " days, seed " << seed << ", 1e" << log10);
        const auto raised = Raised(plan, seed, 1, log10);
        const std::string day =
            base::FormatInstant(base::Instant(std::chrono::days(19'000 + kOdd * plan.every_days)))
                .substr(0, 10);
        int spikes = 0;
        for (const SignalChange& change : raised) {
          const std::string name = Opened({change})[0];
          if (name == "site-spike " + day) ++spikes;
          if (change.kind != SignalKind::kRise) continue;
          EXPECT_NE(std::find(before.begin(), before.end(), name), before.end()) << name;
        }
        EXPECT_EQ(spikes, 1);
      }
    }
  }
}

TEST(OneSampleTest, SamplesThatAgreeSoonOpenARise) {
  for (const Plan& plan : {Plan{1, 3}, Plan{1, 7}}) {
    const int visits = plan.every_days == 3 ? 5 : 3;
    for (unsigned seed = 1; seed <= 8; ++seed) {
      for (const double log10 : {6.0, 8.0}) {
        SCOPED_TRACE(::testing::Message() << "every " << plan.every_days << " days, seed " << seed);
        const auto day = [&](int visit) {
          return base::Instant(std::chrono::days(19'000 + visit * plan.every_days));
        };
        bool opened = false;
        for (const SignalChange& change : Raised(plan, seed, kVisits, log10)) {
          opened = opened || (change.detector == "site-rise" && change.observed_at >= day(kOdd) &&
                              change.observed_at < day(kOdd + visits));
        }
        EXPECT_TRUE(opened);
      }
    }
  }
}

}  // namespace
}  // namespace belgrand::detection
