// The sweep over thresholds, injected spikes, and the comparison that is made of them.
#include "detection/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "detection/comparison.h"
#include "detection/engine.h"
#include "detection/inject.h"
#include "detection/simulate.h"
#include "tests/support/simulated_feed.h"
#include "tests/support/status_matchers.h"

namespace belgrand::detection {
namespace {

std::vector<Observation> Simulated(std::uint64_t seed) {
  SimulationOptions options;
  options.seed = seed;
  options.days = 240;
  return testing::ObservationsOf(Simulate(options).value());
}

TEST(SweepTest, AtItsOwnThresholdEveryDetectorOpensWhatTheEngineOpens) {
  const std::vector<Observation> observations = Simulated(31);
  std::vector<std::string> names;
  for (const auto& detector : RegisteredDetectors()) names.push_back(detector->info().name);
  auto backtest = RunBacktest(observations, names, 1);
  ASSERT_OK(backtest);
  const auto swept = RunSweep(observations, {}, 2);
  ASSERT_OK(swept);
  ASSERT_EQ(swept->size(), names.size());
  std::vector<AlertRow> own;
  for (const SweptDetector& detector : *swept) {
    const auto& alerts = detector.alerts[detector.own];
    own.insert(own.end(), alerts.begin(), alerts.end());
  }
  SortAlerts(own);
  EXPECT_GT(own.size(), 50U);
  // A sweep runs many detectors beside one another and counts no order of changes.
  for (AlertRow& alert : backtest->alerts) {
    EXPECT_GT(alert.opened_order, 0U);
    alert.opened_order = 0;
    alert.closed_order = 0;
  }
  EXPECT_EQ(AlertsCsv(own), AlertsCsv(backtest->alerts));
}

TEST(SweepTest, EveryDetectorDeclaresAnAscendingSweepAboutItsThreshold) {
  for (const auto& detector : RegisteredDetectors()) {
    const DetectorInfo& info = detector->info();
    ASSERT_GE(info.sweep.size(), 2U) << info.name;
    EXPECT_TRUE(std::is_sorted(info.sweep.begin(), info.sweep.end())) << info.name;
    EXPECT_LE(info.sweep.front(), info.threshold) << info.name;
    EXPECT_GE(info.sweep.back(), info.threshold) << info.name;
  }
}

TEST(SweepTest, ThreadsDoNotChangeAByte) {
  const std::vector<Observation> observations = Simulated(32);
  const auto text = [&](unsigned threads) {
    std::string all;
    const auto swept = RunSweep(observations, {"site-spike", "district-rise"}, threads);
    for (const SweptDetector& detector : swept.value()) {
      for (const auto& alerts : detector.alerts) all += AlertsCsv(alerts);
    }
    return all;
  };
  EXPECT_EQ(text(1), text(4));
}

TEST(InjectTest, RaisesTheSamplesItNamesAndNoOthers) {
  const std::vector<Observation> observations = Simulated(33);
  const InjectOptions options{.spikes = 12, .seed = 5, .factors = {20}};
  const Injection injection = InjectSpikes(observations, options);
  ASSERT_EQ(injection.spikes.size(), 12U);
  ASSERT_EQ(injection.observations.size(), observations.size());
  std::size_t changed = 0;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    const sample::Measurement& before = observations[i].measurement;
    const sample::Measurement& after = injection.observations[i].measurement;
    const base::Day day = base::DayOf(before.collected_at);
    const bool named =
        std::any_of(injection.spikes.begin(), injection.spikes.end(), [&](const auto& s) {
          return s.site_id == before.site_id && s.target == before.target && s.first <= day &&
                 day <= s.last;
        });
    if (!named) {
      EXPECT_EQ(before.value, after.value);
      EXPECT_EQ(before.censoring, after.censoring);
    } else if (before.censoring == sample::Censoring::kNone) {
      ++changed;
      EXPECT_DOUBLE_EQ(*after.value, 20 * *before.value);
    }
  }
  EXPECT_GT(changed, 0U);
}

TEST(InjectTest, TheSeedDecidesAndSpikesLieApart) {
  const std::vector<Observation> observations = Simulated(34);
  InjectOptions options{.spikes = 40, .seed = 6};
  const auto first = InjectSpikes(observations, options).spikes;
  EXPECT_EQ(SpikesCsv(first), SpikesCsv(InjectSpikes(observations, options).spikes));
  for (std::size_t i = 1; i < first.size(); ++i) {
    if (first[i].site_id != first[i - 1].site_id) continue;
    EXPECT_GT((first[i].first - first[i - 1].last).count(), InjectOptions::kApartDays);
  }
  options.seed = 7;
  EXPECT_NE(SpikesCsv(first), SpikesCsv(InjectSpikes(observations, options).spikes));
}

TEST(InjectTest, ASmallSpikeUnderAHighLimitStaysUnseen) {
  std::vector<Observation> observations;
  for (int day = 0; day < 20; ++day) {
    Observation o;
    o.measurement.site_id = "a";
    o.measurement.target = "t";
    o.measurement.collected_at = base::Instant(std::chrono::days(18500 + day));
    o.measurement.censoring = sample::Censoring::kBelowLod;
    o.measurement.lod = 1000;
    o.measurement.loq = 4000;
    o.known_at = o.measurement.collected_at;
    observations.push_back(o);
  }
  const auto with = [&](double factor) {
    const Injection injection =
        InjectSpikes(observations, {.spikes = 1, .seed = 1, .factors = {factor}});
    const base::Day day = injection.spikes.at(0).first;
    return injection.observations[static_cast<std::size_t>(day.time_since_epoch().count() - 18500)]
        .measurement;
  };
  EXPECT_EQ(with(1.9).censoring, sample::Censoring::kBelowLod);
  EXPECT_EQ(with(4).censoring, sample::Censoring::kBelowLoq);
  EXPECT_EQ(with(100).censoring, sample::Censoring::kNone);
  EXPECT_EQ(with(100).value, 50'000);
}

TEST(InjectTest, RefusesWhatItDoesNotUnderstandByName) {
  const auto options = ParseInjectOptions("spikes=7,seed=9,factor=5:50");
  ASSERT_OK(options);
  EXPECT_EQ(options->spikes, 7);
  EXPECT_EQ(options->seed, 9U);
  EXPECT_EQ(options->factors, (std::vector<double>{5, 50}));
  for (const auto& [text, word] : std::map<std::string, std::string>{{"spikes=0", "spikes"},
                                                                     {"seed=x", "seed"},
                                                                     {"factor=1", "factor"},
                                                                     {"size=3", "size"}}) {
    EXPECT_THAT(ParseInjectOptions(text),
                testing::StatusIs(base::StatusCode::kInvalidArgument, ::testing::HasSubstr(word)));
  }
}

AlertRow SiteAlert(const std::string& site, int day) {
  const base::Day opened{std::chrono::days(day)};
  return {AreaLevel::kSite, site, "t", opened, opened, {}, Severity::kWatch, "site-spike", "d"};
}

TEST(SpikesTest, OnlyAnAlertThatOpensWhileTheSpikeBecomesKnownCatchesIt) {
  const auto day = [](int n) { return base::Day(std::chrono::days(n)); };
  const InjectedSpike spike{"a", "t", day(100), day(104), 2, 10, day(103), day(108)};
  const SpikeScore score = ScoreSpikes({spike}, {SiteAlert("a", 102), SiteAlert("a", 105),
                                                 SiteAlert("b", 105), SiteAlert("a", 109)});
  ASSERT_TRUE(score.outcomes[0].opened_on);
  EXPECT_EQ(*score.outcomes[0].opened_on, day(105));
  EXPECT_EQ(score.true_alerts.size(), 1U);
  EXPECT_EQ(score.false_alerts.size(), 3U);
}

TEST(ComparisonTest, HalvesShareNoAreaAndDifferByOneAtMost) {
  std::set<std::string> areas;
  for (int i = 0; i < 31; ++i) areas.insert("area " + std::to_string(i));
  EXPECT_EQ(HalfOf(areas).size(), 16U);
  EXPECT_EQ(HalfOf(areas), HalfOf(areas));
}

// The figures of one half must not have been chosen on it: a threshold that is best for half A only
// shows in the figures of half B.
TEST(ComparisonTest, AThresholdIsJudgedOnTheHalfItWasNotChosenOn) {
  const auto day = [](int n) { return base::Day(std::chrono::days(n)); };
  std::set<std::string> sites;
  std::vector<Observation> observations;
  std::vector<InjectedSpike> spikes;
  for (int i = 0; i < 6; ++i) {
    const std::string site = "site " + std::to_string(i);
    sites.insert(site);
    for (const int known : {0, 365}) {
      Observation o;
      o.measurement.site_id = site;
      o.measurement.target = "t";
      o.known_at = base::Instant(std::chrono::days(known));
      observations.push_back(o);
    }
    spikes.push_back({site, "t", day(100), day(100), 1, 10, day(100), day(100)});
  }
  const std::set<std::string> half = HalfOf(sites);
  SweptDetector swept;
  for (const auto& detector : RegisteredDetectors()) {
    if (detector->info().name == "site-spike") swept.detector = detector.get();
  }
  // Threshold 1 catches all and is noisy in half B; threshold 2 is quiet and catches half A alone.
  swept.thresholds = {1, 2};
  swept.alerts.resize(2);
  for (const std::string& site : sites) {
    swept.alerts[0].push_back(SiteAlert(site, 100));
    if (half.contains(site)) {
      swept.alerts[1].push_back(SiteAlert(site, 100));
    } else {
      swept.alerts[0].push_back(SiteAlert(site, 200));
      swept.alerts[0].push_back(SiteAlert(site, 300));
    }
  }
  const Trial trial = CompareOnSpikes({swept}, spikes, observations, 1);
  const ComparedDetector& compared = trial.detectors.at(0);
  EXPECT_EQ(compared.chosen_on_a, 1U) << "of equals the higher threshold";
  EXPECT_EQ(compared.chosen_on_b, 1U) << "threshold 1 is too noisy there";
  EXPECT_EQ(compared.held_out.events, 6U);
  EXPECT_EQ(compared.held_out.caught, 3U);
  EXPECT_EQ(compared.held_out.false_alerts, 0U);
  EXPECT_NEAR(compared.held_out.area_years, 6 * 365 / 365.25, 1e-9);
}

// Of two detectors that catch different events the leads say little; on those that both caught
// they do.
TEST(ComparisonTest, SetsAMethodBesideBelgrandsOwnOnTheEventsThatBothCaught) {
  const auto day = [](int n) { return base::Day(std::chrono::days(n)); };
  std::vector<Observation> observations;
  std::vector<InjectedSpike> spikes;
  SweptDetector own;
  SweptDetector other;
  for (const auto& detector : RegisteredDetectors()) {
    if (detector->info().name == "site-spike") own.detector = detector.get();
    if (detector->info().name == "site-cusum") other.detector = detector.get();
  }
  for (SweptDetector* swept : {&own, &other}) {
    swept->thresholds = {1};
    swept->alerts.resize(1);
  }
  for (int i = 0; i < 8; ++i) {
    const std::string site = "site " + std::to_string(i);
    for (const int known : {0, 365}) {
      Observation o;
      o.measurement.site_id = site;
      o.measurement.target = "t";
      o.known_at = base::Instant(std::chrono::days(known));
      observations.push_back(o);
    }
    spikes.push_back({site, "t", day(100), day(108), 3, 10, day(100), day(108)});
    if (i < 5) own.alerts[0].push_back(SiteAlert(site, 100));
    if (i >= 2 && i < 6) other.alerts[0].push_back(SiteAlert(site, 103));
  }
  const Trial trial = CompareOnSpikes({own, other}, spikes, observations, 1);
  EXPECT_FALSE(trial.detectors.at(0).duel);
  ASSERT_TRUE(trial.detectors.at(1).duel);
  const Duel& duel = *trial.detectors[1].duel;
  EXPECT_EQ(duel.both, 3U);
  EXPECT_EQ(duel.only_own, 2U);
  EXPECT_EQ(duel.only_this, 1U);
  EXPECT_EQ(duel.own_earlier_days, 3.0);
}

// Wilson's interval for 8 of 10, as in Agresti & Coull 1998 and every table since.
TEST(ComparisonTest, TheIntervalOfTheSensitivityIsWilsons) {
  Tally tally;
  tally.events = 10;
  tally.caught = 8;
  EXPECT_NEAR(tally.sensitivity_interval().first, 0.4902, 5e-5);
  EXPECT_NEAR(tally.sensitivity_interval().second, 0.9433, 5e-5);
}

}  // namespace
}  // namespace belgrand::detection
