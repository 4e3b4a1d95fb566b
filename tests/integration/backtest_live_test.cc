// A running service and a backtest read the same data and open the same alerts on the same samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "sample/csv.h"
#include "services/shared/timestamp.h"
#include "tests/support/client.h"
#include "tests/support/shared_data.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

using shared::RoleName;

// District, target, rule, and the day of the sample that opened it.
using Opening = std::tuple<std::string, std::string, std::string, std::string>;

std::vector<std::map<std::string, std::string>> ReadCsv(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  sample::CsvReader csv(in);
  std::vector<std::string> header;
  std::vector<std::map<std::string, std::string>> rows;
  EXPECT_TRUE(csv.Next(header).value_or(false)) << path;
  for (std::vector<std::string> fields; csv.Next(fields).value_or(false);) {
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < header.size(); ++i) row[header[i]] = fields[i];
  }
  return rows;
}

std::vector<Opening> Without(const std::multiset<Opening>& a, const std::multiset<Opening>& b) {
  std::vector<Opening> left;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(left));
  return left;
}

void ExpectSame(const std::multiset<Opening>& service, const std::multiset<Opening>& backtest) {
  EXPECT_THAT(Without(service, backtest), ::testing::IsEmpty()) << "opened by the service alone";
  EXPECT_THAT(Without(backtest, service), ::testing::IsEmpty()) << "opened by the backtest alone";
}

class BacktestLiveTest : public ::testing::Test {
 protected:
  CommandResult Simulate(const std::string& districts, const std::string& sites) {
    return RunBelgrand({"simulate", "--seed", "77", "--districts", districts, "--sites", sites,
                        "--days", "240", "--out", samples_.string()});
  }

  // Openings that the alerts of the file make of them: the alert of a district and rule is open
  // while any of its areas holds a signal. Days do not tell the order within a day, orders do.
  std::multiset<Opening> OfBacktest(const std::vector<std::string>& flags = {}) {
    const auto alerts = (dir_.path() / "alerts.csv").string();
    std::vector<std::string> backtest = {"backtest", "--samples", samples_.string(), "--alerts",
                                         alerts};
    backtest.insert(backtest.end(), flags.begin(), flags.end());
    const CommandResult run = RunBelgrand(backtest);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    // Of a district, target and rule: what each change did to how many hold, and the day observed.
    struct Change {
      int holds = 0;
      std::string observed_on;
    };
    std::map<Opening, std::map<std::uint64_t, Change>> by_alert;
    for (auto& row : ReadCsv(alerts)) {
      // A rise of one site supports its district's alert and opens none (alerting/lifecycle.h).
      if (row["detector"] == "site-rise") continue;
      auto& changes = by_alert[{row["district"], row["target"], row["detector"], ""}];
      changes[std::stoull(row["opened_order"])] = {1, row["observed_on"]};
      if (!row["closed_order"].empty()) changes[std::stoull(row["closed_order"])] = {-1, ""};
    }
    std::multiset<Opening> openings;
    for (const auto& [key, changes] : by_alert) {
      int held = 0;
      for (const auto& [order, change] : changes) {
        if (held == 0 && change.holds > 0) {
          Opening opening = key;
          std::get<3>(opening) = change.observed_on;
          openings.insert(opening);
        }
        held += change.holds;
      }
    }
    return openings;
  }

  std::multiset<Opening> OfService(const std::string& config = "") {
    Deployment deployment(Shape::kOneProcess, dir_.path() / "run", config);
    EXPECT_OK(deployment.Start());
    Client client(deployment);
    std::vector<std::string> import = {"import",          samples_.string(), "--register-sites",
                                       "--in-time-order", "--verdicts",      verdicts_.string()};
    for (const std::string& flag : deployment.ClientFlags(RoleName::kIngest, "operator")) {
      import.push_back(flag);
    }
    const CommandResult imported = RunBelgrand(import);
    const std::set<std::size_t> stored = RowsStored();
    EXPECT_FALSE(stored.empty()) << imported.out << imported.err;
    EXPECT_TRUE(client.WaitForDetection(stored.size()));
    const auto alerts = client.ListAlerts();
    EXPECT_OK(alerts);
    std::multiset<Opening> openings;
    for (const auto& alert : alerts.value()) {
      const auto detail = client.GetAlert(alert.alert_id());
      EXPECT_OK(detail);
      for (const auto& event : detail->history()) {
        if (event.kind() != alerting::v1::OPENED && event.kind() != alerting::v1::REOPENED)
          continue;
        const base::Day observed = base::DayOf(shared::ToInstant(event.alert().observed_at()));
        openings.insert(
            {alert.district_id(), alert.target(), alert.rule(), base::FormatDay(observed)});
      }
    }
    return openings;
  }

  // Lines of the file that the service stored, from 1; the header is the first.
  std::set<std::size_t> RowsStored() {
    std::set<std::size_t> stored;
    for (auto& row : ReadCsv(verdicts_)) {
      if (row["outcome"] == "accepted" || row["outcome"] == "amended") {
        stored.insert(std::stoul(row["row"]));
      }
    }
    return stored;
  }

  const TempDir dir_;
  std::filesystem::path samples_ = dir_.path() / "samples.csv";
  const std::filesystem::path verdicts_ = dir_.path() / "verdicts.csv";
};

TEST_F(BacktestLiveTest, ADistrictOfSeveralSitesOpensTheSameAlerts) {
  ASSERT_EQ(Simulate("3", "3").exit_code, 0);
  const auto backtest = OfBacktest();
  EXPECT_GE(backtest.size(), 8U);
  ExpectSame(OfService(), backtest);
}

// One site each, so that every spike of a site is an opening of its district's alert.
TEST_F(BacktestLiveTest, DistrictsOfOneSiteOpenTheSameAlerts) {
  ASSERT_EQ(Simulate("6", "1").exit_code, 0);
  const auto backtest = OfBacktest();
  EXPECT_GE(backtest.size(), 8U);
  ExpectSame(OfService(), backtest);
}

// A budget and a rate of discoveries compare all districts, sites and targets, in one order.
TEST_F(BacktestLiveTest, WithAPolicyOfFalseAlarmsTheSameAlertsOpen) {
  ASSERT_EQ(Simulate("6", "1").exit_code, 0);
  const auto free = OfBacktest();
  const auto backtest =
      OfBacktest({"--false-alerts-per-district-year", "4", "--false-discovery-rate", "0.2"});
  EXPECT_GE(backtest.size(), 4U);
  EXPECT_NE(backtest, free) << "the policy must hold something back, or this shows nothing";
  ExpectSame(OfService("detection { false_alerts_per_district_year: 4 false_discovery_rate: 0.2 }"),
             backtest);
}

// Raw: a backtest leaves out what the service refuses.
TEST_F(BacktestLiveTest, ThePublishedScottishFileOpensTheSameAlerts) {
  samples_ = SharedData() / "scotland" / "SARS-Cov2_RNA_monitoring_ww_scotland_full.csv";
  if (!std::filesystem::exists(samples_)) {
    GTEST_SKIP() << "the Scottish file is not beside the project (tests/support/shared_data.h)";
  }
  const auto service = OfService();
  EXPECT_GE(RowsStored().size(), 9000U);
  EXPECT_GE(service.size(), 100U);
  ExpectSame(service, OfBacktest());
}

}  // namespace
}  // namespace belgrand::testing
