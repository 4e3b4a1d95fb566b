// A running service and a backtest read the same file and open the same alerts on the same samples.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <tuple>

#include "sample/csv.h"
#include "services/shared/timestamp.h"
#include "tests/support/client.h"
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

class BacktestLiveTest : public ::testing::Test {
 protected:
  CommandResult Simulate(const std::string& districts, const std::string& sites) {
    return RunBelgrand({"simulate", "--seed", "77", "--districts", districts, "--sites", sites,
                        "--days", "240", "--out", samples_.string()});
  }

  // Openings that the alerts of the file make of them: the alert of a district and rule is open
  // while any of its areas holds a signal.
  std::multiset<Opening> OfBacktest() {
    const auto alerts = (dir_.path() / "alerts.csv").string();
    const CommandResult run =
        RunBelgrand({"backtest", "--samples", samples_.string(), "--alerts", alerts});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    std::map<std::string, std::string> district_of;
    for (auto& row : ReadCsv(samples_)) district_of[row["site_id"]] = row["district_id"];
    std::map<Opening, std::vector<std::map<std::string, std::string>>> by_alert;
    for (auto& row : ReadCsv(alerts)) {
      // A rise of one site supports its district's alert and opens none (alerting/lifecycle.h).
      if (row["detector"] == "site-rise") continue;
      const std::string& area = row["area"];
      const std::string district = row["level"] == "site" ? district_of[area] : area;
      by_alert[{district, row["target"], row["detector"], ""}].push_back(row);
    }
    std::multiset<Opening> openings;
    for (auto& [key, rows] : by_alert) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool open_already =
            std::any_of(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(i), [&](auto& o) {
              return o["closed_on"].empty() || o["closed_on"] > rows[i]["opened_on"];
            });
        if (open_already) continue;
        Opening opening = key;
        std::get<3>(opening) = rows[i]["observed_on"];
        openings.insert(opening);
      }
    }
    return openings;
  }

  std::multiset<Opening> OfService() {
    Deployment deployment(Shape::kOneProcess, dir_.path() / "run");
    EXPECT_OK(deployment.Start());
    Client client(deployment);
    std::vector<std::string> import = {"import", samples_.string(), "--register-sites",
                                       "--in-time-order"};
    for (const std::string& flag : deployment.ClientFlags(RoleName::kIngest, "operator")) {
      import.push_back(flag);
    }
    const CommandResult imported = RunBelgrand(import);
    EXPECT_EQ(imported.exit_code, 0) << imported.out << imported.err;
    EXPECT_TRUE(client.WaitForDetection(ReadCsv(samples_).size()));
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

  const TempDir dir_;
  const std::filesystem::path samples_ = dir_.path() / "samples.csv";
};

TEST_F(BacktestLiveTest, ADistrictOfSeveralSitesOpensTheSameAlerts) {
  ASSERT_EQ(Simulate("3", "3").exit_code, 0);
  const auto backtest = OfBacktest();
  EXPECT_GE(backtest.size(), 8U);
  EXPECT_EQ(OfService(), backtest);
}

// One site each, so that every spike of a site is an opening of its district's alert.
TEST_F(BacktestLiveTest, DistrictsOfOneSiteOpenTheSameAlerts) {
  ASSERT_EQ(Simulate("6", "1").exit_code, 0);
  const auto backtest = OfBacktest();
  EXPECT_GE(backtest.size(), 8U);
  EXPECT_EQ(OfService(), backtest);
}

}  // namespace
}  // namespace belgrand::testing
