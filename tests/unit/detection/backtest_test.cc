#include "detection/backtest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "detection/engine.h"
#include "detection/simulate.h"
#include "detection/waves.h"
#include "tests/support/simulated_feed.h"
#include "tests/support/status_matchers.h"

namespace belgrand::detection {
namespace {

constexpr char kHeader[] =
    "sample_id,site_id,district_id,population,collected_on,known_on,target,value,unit,censoring,"
    "lod,"
    "loq,flow_m3_per_day,lab_id,method_id,amendment_reason\n";

std::vector<Observation> Simulated(std::uint64_t seed) {
  SimulationOptions options;
  options.seed = seed;
  return testing::ObservationsOf(Simulate(options).value());
}

using Loads = ReadOptions::Loads;

base::StatusOr<std::vector<Observation>> Read(const std::string& rows, ReadReport& report,
                                              Loads loads = Loads::kReject) {
  std::istringstream in(kHeader + rows);
  return ReadObservations(in, {.now = *base::ParseInstant("2021-02-01"), .loads = loads}, report);
}

TEST(BacktestTest, RowsEnterInTheOrderInWhichTheyBecameKnown) {
  ReadReport report;
  const auto observations = Read(
      "s1,a,north,1000,2021-01-01,2021-01-09,rsv,5,gc/mL,none,1,4,,lab,m,\n"
      "s2,a,north,1000,2021-01-05,,rsv,,gc/mL,not_detected,1,4,,lab,m,\n"
      "s3,b,,1000,2021-01-02,2021-01-09,rsv,7,gc/mL,none,1,4,,lab,m,\n"
      "s1,a,north,1000,2021-01-01,2021-01-20,rsv,9,gc/mL,none,1,4,,lab,m,typing error\n"
      "s9,a,north,1000,soon,,rsv,9,gc/mL,none,1,4,,lab,m,\n",
      report);
  ASSERT_OK(observations);
  EXPECT_EQ(report.rows, 5U);
  EXPECT_EQ(report.used, 4U);
  ASSERT_EQ(observations->size(), 4U);
  const auto& o = *observations;
  EXPECT_EQ(o[0].measurement.sample_id, "s2") << "without known_on it is known when collected";
  EXPECT_EQ(o[1].measurement.sample_id, "s1");
  EXPECT_EQ(o[1].measurement.value, 5000.0) << "gc/mL to gc/L";
  EXPECT_EQ(o[2].district_id, "b") << "a site without a district is its own";
  EXPECT_EQ(o[3].version, 2U) << "an amendment";
  EXPECT_EQ(o[3].feed_sequence, 4U);
}

// What the service would not store must not be seen by a backtest, a curve or a release.
TEST(BacktestTest, RowsThatIntakeRefusesAreCountedByRuleAndLeftOut) {
  ReadReport report;
  const auto observations = Read(
      "s1,a,north,1000,2021-01-01,,rsv,25000,gc/gal,none,,,,lab,m,\n"
      "s2,a,north,1000,2021-01-02,,rsv,-5,gc/L,none,,,,lab,m,\n"
      "s3,a,north,1000,2021-01-03,,planet-x,5,gc/L,none,,,,lab,m,\n"
      "s4,a,north,1000,2031-01-03,,rsv,5000,gc/d,none,,,,lab,m,\n"
      "s5,a,north,1000,2021-01-05,,rsv,1e308,gc/L,none,,,,lab,m,\n"
      "s6,a,south,1000,2021-01-05,,rsv,5000,gc/L,none,,,,lab,m,\n"
      "s7,a,north,1000,2021-01-06,,rsv,5000,gc/L,none,,,,lab,m,\n",
      report);
  ASSERT_OK(observations);
  EXPECT_EQ(report.rows, 7U);
  EXPECT_EQ(report.used, 1U);
  ASSERT_EQ(observations->size(), 1U);
  EXPECT_EQ(observations->front().measurement.sample_id, "s7");
  const std::map<std::string, std::uint64_t> rules = {
      {"date_in_future", 1}, {"district_mismatch", 1}, {"out_of_range", 1},
      {"unknown_target", 1}, {"unknown_unit", 2},      {"value_not_positive", 1}};
  EXPECT_EQ(report.rejected, rules);
}

// As the service does with a resent row: stored once, amended with a reason, else refused.
TEST(BacktestTest, ARepeatedRowIsADuplicateAnAmendmentOrRefused) {
  const std::string first = "s1,a,north,1000,2021-01-01,2021-01-03,rsv,5000,gc/L,none,,,,lab,m,\n";
  ReadReport report;
  const auto observations =
      Read(first + first +
               "s1,a,north,1000,2021-01-01,2021-01-04,rsv,6000,gc/L,none,,,,lab,m,\n"
               "s1,a,north,1000,2021-01-01,2021-01-05,rsv,7000,gc/L,none,,,,lab,m,dilution\n" +
               first + "s1,a,north,1000,2021-01-01,2021-01-03,fluav,5000,gc/L,none,,,,lab,m,\n",
           report);
  ASSERT_OK(observations);
  ASSERT_EQ(observations->size(), 3U);
  EXPECT_EQ(observations->at(1).measurement.target, "fluav") << "another target, another row";
  EXPECT_EQ(observations->at(2).measurement.value, 7000.0);
  EXPECT_EQ(observations->at(2).version, 2U);
  EXPECT_EQ(report.duplicates, 2U);
  EXPECT_EQ(report.rejected.at("amendment_reason_required"), 1U);
}

// A published file gives a load where the flow is not known and a concentration where it is: the
// step from one to the other is no rise.
TEST(BacktestTest, ALoadIsRefusedOrASeriesOfItsOwn) {
  const std::string rows =
      "a1,plant,d,1000,2021-01-01,,sars-cov-2,10000,gc/L,none,,,,lab,m,\n"
      "a2,plant,d,1000,2021-01-02,,sars-cov-2,2.5e17,gc/d,none,,,,lab,m,\n"
      "a3,plant,d,1000,2021-01-03,,sars-cov-2,10,gc/mL,none,,,,lab,m,\n"
      "a4,plant,d,1000,2021-01-04,,sars-cov-2,-1,gc/d,none,,,,lab,m,\n"
      "a5,plant,d,1000,2021-01-05,,rsv,3,gc/d,none,,,,lab,m,\n";
  ReadReport refused;
  const auto without = Read(rows, refused);
  ASSERT_OK(without);
  EXPECT_EQ(without->size(), 2U);
  EXPECT_EQ(refused.rejected.at("unknown_unit"), 3U);
  ReadReport report;
  const auto observations = Read(rows, report, Loads::kKeep);
  ASSERT_OK(observations);
  ASSERT_EQ(observations->size(), 4U);
  EXPECT_EQ(observations->at(0).measurement.target, "sars-cov-2");
  EXPECT_EQ(observations->at(1).measurement.target, "sars-cov-2 gc/d");
  EXPECT_EQ(observations->at(1).measurement.value, 2.5e17) << "to the last bit";
  EXPECT_EQ(observations->at(2).measurement.target, "sars-cov-2");
  EXPECT_EQ(observations->at(2).measurement.value, 10000.0);
  EXPECT_EQ(observations->at(3).measurement.target, "rsv gc/d") << "also where all are loads";
  EXPECT_EQ(report.loads, 2U);
  EXPECT_EQ(report.rejected.at("value_not_positive"), 1U) << "the other rules hold for loads";
}

TEST(BacktestTest, ThreadsDoNotChangeAByte) {
  const std::vector<Observation> observations = Simulated(11);
  const auto one = RunBacktest(observations, {}, 1);
  const auto four = RunBacktest(observations, {}, 4);
  ASSERT_OK(one);
  ASSERT_OK(four);
  EXPECT_FALSE(one->alerts.empty());
  EXPECT_EQ(AlertsCsv(one->alerts), AlertsCsv(four->alerts));
}

TEST(BacktestTest, SaysWhatTheLiveEngineSaysOnTheSameOrder) {
  const std::vector<Observation> observations = Simulated(12);
  const auto backtest = RunBacktest(observations, {}, 2);
  ASSERT_OK(backtest);
  auto engine = Engine::Create().value();
  std::size_t raised = 0;
  for (const Observation& o : observations) {
    for (const SignalChange& change : engine->OnSample(o)) {
      if (change.phase != Phase::kRaised) continue;
      ++raised;
      const auto same = [&](const AlertRow& row) {
        return row.area_id == change.area_id && row.detector == change.detector &&
               row.opened_on == base::DayOf(change.known_at);
      };
      EXPECT_TRUE(std::any_of(backtest->alerts.begin(), backtest->alerts.end(), same))
          << change.signal_key;
    }
  }
  EXPECT_EQ(raised, backtest->alerts.size());
}

// What comes later changes nothing that was said before: no look-ahead.
TEST(BacktestTest, APrefixOfTheFileGivesTheSameAlertsUpToThen) {
  const std::vector<Observation> all = Simulated(13);
  const std::vector<Observation> half(all.begin(),
                                      all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2));
  const base::Day until = base::DayOf(half.back().known_at);
  const auto whole = RunBacktest(all, {}, 1);
  const auto prefix = RunBacktest(half, {}, 1);
  ASSERT_OK(whole);
  ASSERT_OK(prefix);
  const auto openings = [&](const BacktestResult& result) {
    std::vector<std::string> keys;
    for (const AlertRow& row : result.alerts) {
      if (row.opened_on < until) {
        keys.push_back(row.area_id + row.detector + base::FormatDay(row.opened_on));
      }
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  };
  EXPECT_FALSE(openings(*prefix).empty());
  EXPECT_EQ(openings(*whole), openings(*prefix));
}

TEST(BacktestTest, OpensMostSimulatedWavesBeforeTheirPeak) {
  SimulationOptions options;
  std::uint64_t waves_seen = 0;
  std::uint64_t in_time = 0;
  double false_alerts = 0;
  double years = 0;
  for (std::uint64_t seed = 100; seed < 105; ++seed) {
    options.seed = seed;
    const Simulation simulation = Simulate(options).value();
    const std::vector<Observation> observations = Simulated(seed);
    std::vector<Wave> waves;
    for (const TrueEvent& event : simulation.events) {
      if (!event.spike) waves.push_back({event.area_id, event.target, event.onset, event.peak});
    }
    const auto result = RunBacktest(observations, {}, 2);
    ASSERT_OK(result);
    const WaveScore score = ScoreWaves(waves, result->alerts, observations);
    waves_seen += score.outcomes.size();
    in_time += score.in_time;
    false_alerts += static_cast<double>(score.false_alerts.size());
    years += score.area_years;
  }
  EXPECT_EQ(waves_seen, 40U);
  EXPECT_GE(in_time, 34U);
  EXPECT_LE(false_alerts / years, 1.0);
}

TEST(WavesTest, AreDerivedFromCumulativeCases) {
  std::string text = "Date,north,south\n";
  double north = 0;
  for (int day = 0; day < 200; ++day) {
    const double distance = day - 100;
    north += 5 + 200 * std::exp(-distance * distance / 450);
    text += fmt::format("{},{:.0f},*\n", base::FormatDay(base::Day(std::chrono::days(18500 + day))),
                        north);
  }
  std::istringstream in(text);
  const auto waves = WavesOfCumulativeCases(in, "sars-cov-2");
  ASSERT_OK(waves);
  ASSERT_EQ(waves->size(), 1U);
  EXPECT_EQ((*waves)[0].area_id, "north");
  const auto distance = [](base::Day day, int expected) {
    return std::abs(day.time_since_epoch().count() - expected);
  };
  EXPECT_LE(distance((*waves)[0].peak, 18600), 2);
  EXPECT_LE(distance((*waves)[0].onset, 18568), 4);
}

TEST(WavesTest, AFileThatIsNotOneOfWavesIsRefusedWithItsLine) {
  std::istringstream in("area,target,onset,peak\nnorth,sars-cov-2,2021-05-01,2021-04-01\n");
  EXPECT_THAT(ReadWaves(in), testing::StatusIs(base::StatusCode::kInvalidArgument,
                                               ::testing::HasSubstr("line 2")));
}

TEST(SimulateTest, TheSameSeedGivesTheSameSamplesAndAnotherDoesNot) {
  SimulationOptions options;
  const auto text = [](const Simulation& simulation) {
    std::string out = EventsCsv(simulation.events);
    for (const SimulatedSample& s : simulation.samples) {
      out += fmt::format("{} {} {}\n", s.measurement.sample_id, s.measurement.value.value_or(0),
                         base::ToMicros(s.measurement.collected_at));
    }
    return out;
  };
  const std::string first = text(Simulate(options).value());
  EXPECT_EQ(first, text(Simulate(options).value()));
  options.seed = 2;
  EXPECT_NE(first, text(Simulate(options).value()));
}

TEST(SimulateTest, RefusesAnOptionOutOfRangeByName) {
  SimulationOptions options;
  options.sites = 0;
  EXPECT_THAT(Simulate(options),
              testing::StatusIs(base::StatusCode::kInvalidArgument, ::testing::HasSubstr("sites")));
}

}  // namespace
}  // namespace belgrand::detection
