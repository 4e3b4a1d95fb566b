// The control of false alarms: how many there are where nothing rises, and what it costs.
#include "detection/false_alarms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "detection/backtest.h"
#include "detection/engine.h"
#include "detection/null_rates.h"
#include "detection/simulate.h"
#include "tests/support/simulated_feed.h"
#include "tests/support/status_matchers.h"

namespace belgrand::detection {
namespace {

using ::testing::HasSubstr;
using Standing = FalseAlarmControl::Standing;

std::vector<const Detector*> Own() {
  std::vector<const Detector*> own;
  for (const auto& detector : RegisteredDetectors()) {
    if (detector->info().selection == Selection::kDefault) own.push_back(detector.get());
  }
  return own;
}

std::size_t IndexOf(const std::vector<const Detector*>& detectors, std::string_view name) {
  for (std::size_t i = 0; i < detectors.size(); ++i) {
    if (detectors[i]->info().name == name) return i;
  }
  ADD_FAILURE() << name;
  return 0;
}

Finding Scoring(double score) {
  Finding finding;
  finding.score = score;
  finding.eligible = true;
  return finding;
}

TEST(NullRatesTest, EveryDefaultDetectorHasOneThatFallsAndCanBeReadBothWays) {
  for (const Detector* detector : Own()) {
    const std::string& name = detector->info().name;
    ASSERT_TRUE(HasNullRate(name)) << name;
    double before = std::numeric_limits<double>::infinity();
    for (double score = -3; score < 15; score += 0.1) {
      const double rate = NullRate(name, score);
      EXPECT_GT(rate, 0) << name << score;
      EXPECT_LE(rate, before) << name << score;
      before = rate;
      if (rate <= 1e-9 || rate >= 100) continue;
      EXPECT_NEAR(ScoreOfNullRate(name, rate), score, 1e-6) << name;
    }
  }
  EXPECT_FALSE(HasNullRate("district-cusum"));
}

Simulation Quiet(std::uint64_t seed) {
  SimulationOptions options;
  options.seed = seed;
  options.districts = 20;
  options.sites = 4;
  options.days = 730;
  options.waves = 0;
  options.spikes = 0;
  return Simulate(options).value();
}

TEST(NullRatesTest, AreNotBelowWhatTheDetectorsDoWhereNothingRises) {
  const auto result = RunBacktest(testing::ObservationsOf(Quiet(9001)), {}, 2);
  ASSERT_OK(result);
  for (const Detector* detector : Own()) {
    const DetectorInfo& info = detector->info();
    const auto signals =
        std::count_if(result->alerts.begin(), result->alerts.end(),
                      [&](const AlertRow& alert) { return alert.detector == info.name; });
    const double years =
        info.level == AreaLevel::kSite ? result->site_years : result->district_years;
    const double expected = NullRate(info.name, info.threshold) * years;
    EXPECT_LE(static_cast<double>(signals), expected + 3 * std::sqrt(expected)) << info.name;
    EXPECT_GE(static_cast<double>(signals), expected / 3) << info.name;
  }
}

TEST(FalseAlarmsTest, RefusesWhatItCannotControl) {
  const auto own = Own();
  EXPECT_THAT(FalseAlarmControl::Create({-1, 0}, own),
              testing::StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("-1")));
  EXPECT_THAT(FalseAlarmControl::Create({std::nan(""), 0}, own),
              testing::StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("out of range")));
  EXPECT_THAT(FalseAlarmControl::Create({0, 1}, own),
              testing::StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("out of range")));
  const auto unknown = Engine::Create({"district-cusum"}, {1, 0.2});
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(std::string(base::Message(unknown.status())), HasSubstr("district-cusum"));
}

TEST(FalseAlarmsTest, ALoneSignalMustBeStrongerTheMoreIsWatched) {
  const auto own = Own();
  const std::size_t rise = IndexOf(own, "district-rise");
  double before = 0;
  for (const int districts : {1, 10, 100, 1000}) {
    auto control = FalseAlarmControl::Create({0, 0.2}, own).value();
    for (int d = 1; d < districts; ++d) {
      control->Take(control->StreamOf(rise, "d" + std::to_string(d), "t", "d"), Scoring(-3), 18000,
                    Standing::kQuiet);
    }
    const std::size_t stream = control->StreamOf(rise, "d0", "t", "d");
    const auto verdict = control->Take(stream, Scoring(1.5), 18000, Standing::kQuiet);
    EXPECT_GT(verdict.stated_limit, before) << districts;
    EXPECT_FALSE(verdict.admitted && districts > 1);
    before = verdict.stated_limit;
    const auto strong =
        control->Take(stream, Scoring(verdict.stated_limit + 0.1), 18001, Standing::kQuiet);
    EXPECT_TRUE(strong.admitted) << districts;
  }
}

TEST(FalseAlarmsTest, ManyAtOnceBearEachOtherOut) {
  const auto own = Own();
  const std::size_t rise = IndexOf(own, "district-rise");
  auto control = FalseAlarmControl::Create({0, 0.2}, own).value();
  for (int d = 0; d < 20; ++d) {
    const std::size_t stream = control->StreamOf(rise, "d" + std::to_string(d), "t", "d");
    const auto verdict = control->Take(stream, Scoring(2.0), 18000, Standing::kQuiet);
    EXPECT_TRUE(verdict.admitted || d < 19) << d;
  }
  // Four weeks later nobody bears it out any more.
  for (int d = 1; d < 20; ++d) {
    control->Take(control->StreamOf(rise, "d" + std::to_string(d), "t", "d"), Scoring(-3), 18029,
                  Standing::kQuiet);
  }
  const std::size_t stream = control->StreamOf(rise, "d0", "t", "d");
  EXPECT_FALSE(control->Take(stream, Scoring(2.0), 18029, Standing::kQuiet).admitted);
}

TEST(FalseAlarmsTest, TheBudgetOfADistrictIsSharedByAllThatIsWatchedInIt) {
  const auto own = Own();
  auto control = FalseAlarmControl::Create({2, 0}, own).value();
  std::vector<std::size_t> streams;
  std::vector<std::string> names;
  for (int s = 0; s < 6; ++s) {
    for (const char* name : {"site-rise", "site-spike"}) {
      streams.push_back(
          control->StreamOf(IndexOf(own, name), "d", "t", "site-" + std::to_string(s)));
      names.push_back(name);
    }
  }
  for (const char* target : {"t", "u"}) {
    streams.push_back(control->StreamOf(IndexOf(own, "district-rise"), "d", target, "d"));
    names.push_back("district-rise");
  }
  for (const std::size_t stream : streams) {
    control->Take(stream, Scoring(-3), 18000, Standing::kQuiet);
  }
  double sum = 0;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    sum += NullRate(names[i], control->Limit(streams[i]));
  }
  EXPECT_NEAR(sum, 2, 1e-6);
}

// The same rule, written the slow way.
class Model {
 public:
  explicit Model(double q) : q_(q) {}
  bool Take(std::size_t stream, std::string_view detector, double threshold, const Finding& finding,
            std::int64_t day, bool held) {
    now_ = std::max(now_, day);
    if (day >= now_ - 60)
      seen_[stream] = std::max(seen_.try_emplace(stream, day).first->second, day);
    std::erase_if(seen_, [&](const auto& s) { return s.second < now_ - 60; });
    std::erase_if(best_, [&](const auto& s) { return s.second.second < now_ - 28; });
    if (!finding.eligible) return false;
    const double rate = NullRate(detector, finding.score);
    const double p = 1 - std::exp(-rate * 28 / 365.25);
    const int bin = std::clamp(static_cast<int>(std::floor(-std::log10(p) * 64)), 0, 1024);
    if (day >= now_ - 28) {
      const auto [at, is_new] = best_.try_emplace(stream, bin, day);
      if (!is_new && bin >= at->second.first) {
        at->second = {bin, std::max(day, at->second.second)};
      }
    }
    if (finding.score < threshold) return false;
    if (held) return true;
    const double step = q_ / static_cast<double>(std::max<std::size_t>(seen_.size(), 1));
    double cut = step;
    if (day >= now_ - 28) {
      std::vector<int> bins;
      for (const auto& [s, b] : best_) bins.push_back(b.first);
      std::sort(bins.rbegin(), bins.rend());
      for (std::size_t k = 1; k <= bins.size(); ++k) {
        if (std::pow(10.0, -bins[k - 1] / 64.0) <= static_cast<double>(k) * step) {
          cut = static_cast<double>(k) * step;
        }
      }
    }
    return std::pow(10.0, -bin / 64.0) <= cut;
  }

 private:
  const double q_;
  std::int64_t now_ = INT64_MIN;
  std::map<std::size_t, std::int64_t> seen_;
  std::map<std::size_t, std::pair<int, std::int64_t>> best_;
};

TEST(FalseAlarmsTest, DecidesAsTheRuleWrittenOutDoes) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0.5, 1.5);
  const auto own = Own();
  auto control = FalseAlarmControl::Create({0, 0.3}, own).value();
  Model model(0.3);
  std::int64_t day = 18000;
  int admitted = 0;
  for (int i = 0; i < 20000; ++i) {
    if (random() % 20 == 0) day += static_cast<std::int64_t>(random() % 9);
    const std::size_t detector = random() % own.size();
    const std::size_t stream = control->StreamOf(detector, "d" + std::to_string(random() % 5), "t",
                                                 "a" + std::to_string(random() % 8));
    Finding finding = Scoring(normal(random) + (day / 100 % 2 == 0 ? 1 : 0));
    finding.eligible = random() % 5 != 0;
    const std::int64_t known =
        random() % 30 == 0 ? day - static_cast<std::int64_t>(random() % 90) : day;
    const bool held = random() % 4 == 0;
    const DetectorInfo& info = own[detector]->info();
    const bool expected = model.Take(stream, info.name, info.threshold, finding, known, held);
    const auto verdict =
        control->Take(stream, finding, known, held ? Standing::kHeld : Standing::kQuiet);
    ASSERT_EQ(verdict.admitted, expected) << i;
    admitted += expected ? 1 : 0;
  }
  EXPECT_GT(admitted, 100);
}

TEST(FalseAlarmsTest, WhereNothingRisesHardlyAnythingIsRaised) {
  const auto observations = testing::ObservationsOf(Quiet(9002));
  const auto free = RunBacktest(observations, {}, 2);
  const auto controlled = RunBacktest(observations, {}, 2, {}, {2, 0.2});
  ASSERT_OK(free);
  ASSERT_OK(controlled);
  // Two years are 26 windows; in each a false alarm somewhere is allowed with probability 0.2.
  EXPECT_GT(free->alerts.size(), 50U);
  EXPECT_LE(controlled->alerts.size(), 12U);
}

TEST(FalseAlarmsTest, TheEngineSaysWhichLimitItHeldTheScoreAgainst) {
  SimulationOptions options;
  options.seed = 5;
  options.days = 300;
  const auto observations = testing::ObservationsOf(Simulate(options).value());
  auto engine = Engine::Create({}, {2, 0.2}).value();
  EXPECT_THAT(engine->Fingerprint(), HasSubstr("false alarms: 2 false alerts"));
  std::size_t raised = 0;
  std::string once;
  for (const Observation& observation : observations) {
    for (const SignalChange& change : engine->OnSample(observation)) {
      once += change.signal_key + std::to_string(static_cast<int>(change.phase));
      if (change.phase != Phase::kRaised) continue;
      ++raised;
      EXPECT_GE(change.evidence.score, change.evidence.limit - 1e-9) << change.signal_key;
      EXPECT_THAT(change.evidence.explanation, HasSubstr("20 % of all that are raised"));
    }
  }
  EXPECT_GT(raised, 3U);
  // Begun anew, the engine remembers nothing of what it had compared.
  engine->Reset();
  std::string again;
  for (const Observation& observation : observations) {
    for (const SignalChange& change : engine->OnSample(observation)) {
      again += change.signal_key + std::to_string(static_cast<int>(change.phase));
    }
  }
  EXPECT_EQ(once, again);
}

}  // namespace
}  // namespace belgrand::detection
