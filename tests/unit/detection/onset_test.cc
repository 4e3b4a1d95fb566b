// A season that starts from nothing: no alert while there is none, one with the first clear rise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "detection/backtest.h"
#include "detection/random.h"
#include "tests/support/shared_data.h"
#include "tests/support/status_matchers.h"

namespace belgrand::detection {
namespace {

base::Day DayAt(int day) { return base::Day(std::chrono::days(18500 + day)); }

// Three sites sampled every third day. Nothing until day 120 but a faint trace now and then, then
// a doubling every six days from far below the limits.
std::vector<Observation> Season(std::uint64_t seed) {
  Random random(seed);
  std::vector<Observation> observations;
  for (int day = 0; day < 200; day += 3) {
    for (int site = 0; site < 3; ++site) {
      Observation o;
      sample::Measurement& m = o.measurement;
      m.site_id = "site " + std::to_string(site);
      m.sample_id = m.site_id + "/" + std::to_string(day);
      m.laboratory_id = "lab";
      m.target = "IAV";
      m.collected_at = base::Instant(DayAt(day));
      m.lod = 1000;
      m.loq = 4000;
      const double level = day < 120 ? 1.5 : std::min(1.5 + (day - 120) * std::log10(2.0) / 6, 5.0);
      const double value = std::pow(10.0, level + 0.2 * random.Normal());
      const bool trace = random.Uniform() < 0.05;
      m.censoring = value >= 4000            ? sample::Censoring::kNone
                    : value >= 1000 || trace ? sample::Censoring::kBelowLoq
                                             : sample::Censoring::kNotDetected;
      if (value >= 4000) m.value = value;
      o.district_id = "north";
      o.population = 30'000;
      o.known_at = m.collected_at;
      observations.push_back(o);
    }
  }
  return observations;
}

TEST(OnsetTest, NothingRaisesNoAlertAndTheFirstClearRiseDoes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<Observation> observations = Season(seed);
    base::Day first_quantified = base::Day::max();
    for (const Observation& o : observations) {
      if (o.measurement.censoring == sample::Censoring::kNone) {
        first_quantified = std::min(first_quantified, base::DayOf(o.known_at));
      }
    }
    const auto result = RunBacktest(observations, {"district-rise"}, 1);
    ASSERT_OK(result);
    ASSERT_FALSE(result->alerts.empty());
    EXPECT_GE(result->alerts.front().opened_on, first_quantified);
    // Three rounds of sampling: the first quantified sample may be an outlier.
    EXPECT_LE((result->alerts.front().opened_on - first_quantified).count(), 9);
  }
}

// The published Swiss series start in July 2023 with hardly anything to be found.
TEST(OnsetTest, SwissInfluenzaIsSilentInSummerAndOpensWithTheFirstQuantifiedSamples) {
  std::ifstream in(testing::SharedData() / "switzerland/eawag_dPCR_data_resp6.csv");
  if (!in) GTEST_SKIP() << "the Swiss file is not beside the project (tests/support/shared_data.h)";
  ReadReport report;
  const auto observations =
      ReadObservations(in, {.now = *base::ParseInstant("2026-01-01")}, report);
  ASSERT_OK(observations);
  const base::Day december = base::ParseDay("2023-12-01").value();
  std::map<std::string, std::vector<base::Day>> quantified;
  for (const Observation& o : *observations) {
    const sample::Measurement& m = o.measurement;
    const base::Day day = base::DayOf(m.collected_at);
    if (m.target == "fluav" && m.censoring == sample::Censoring::kNone && day >= december) {
      quantified[o.district_id].push_back(day);
    }
  }
  const auto result = RunBacktest(*observations, {"district-rise"}, 2);
  ASSERT_OK(result);
  std::map<std::string, base::Day> opened;
  for (const AlertRow& alert : result->alerts) {
    if (alert.target != "fluav") continue;
    EXPECT_GE(alert.opened_on, december) << alert.area_id;
    opened.try_emplace(alert.area_id, alert.opened_on);
  }
  int plants = 0;
  int at_once = 0;
  for (auto& [plant, days] : quantified) {
    if (days.size() < 8) continue;  // no season to speak of
    std::sort(days.begin(), days.end());
    ++plants;
    at_once += opened.contains(plant) && opened[plant] <= days[1] ? 1 : 0;
  }
  EXPECT_EQ(plants, 10);
  EXPECT_GE(at_once, 8) << "opened by the second quantified sample of the season";
}

}  // namespace
}  // namespace belgrand::detection
