// The commands that look back on a file of samples, as a person calls them: what they refuse, what
// they leave out, and what they say of it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/deployment.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class HistoryTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return dir_.path() / name; }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }
  std::string Read(const std::string& name) {
    std::ifstream in(Path(name));
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  // Twelve weeks of one site.
  static std::string Samples(const std::string& unit, const std::string& value = "25000") {
    std::string csv =
        "sample_id,lab_id,site_id,district_id,population,collected_on,target,value,unit,"
        "censoring\n";
    for (int day = 1; day <= 28; ++day) {
      csv += fmt::format("s{0},lab-a,a,north,20000,2024-01-{0:02},rsv,{1}{2},{3},none\n", day,
                         value, day % 7, unit);
    }
    return csv;
  }

  const TempDir dir_;
};

TEST_F(HistoryTest, BacktestAndSmoothLeaveOutWhatTheServiceRefuses) {
  for (const auto& [unit, value] : {std::pair("gc/gal", "2500"), std::pair("gc/L", "-2500")}) {
    const std::string samples = Write("refused.csv", Samples(unit, value));
    const char* const rule = value[0] == '-' ? "value_not_positive" : "unknown_unit";
    for (const char* command : {"backtest", "smooth"}) {
      const bool backtest = std::string_view(command) == "backtest";
      const CommandResult result = RunBelgrand(
          {command, "--samples", samples, backtest ? "--alerts" : "--out", Path("out.csv")});
      EXPECT_EQ(result.exit_code, 0) << result.err;
      EXPECT_THAT(result.out, HasSubstr("rows 28, read 0"));
      EXPECT_THAT(result.out, HasSubstr(fmt::format("left out        28  {}", rule)));
      EXPECT_THAT(Read("out.csv"), Not(HasSubstr("north"))) << command;
    }
  }
}

TEST_F(HistoryTest, BacktestKeepsLoadsOnlyWhenAskedAndNamesThem) {
  const CommandResult result = RunBelgrand(
      {"backtest", "--samples", Write("loads.csv", Samples("gc/d")), "--alerts", Path("out.csv"),
       "--keep-loads", "--waves",
       Write("waves.csv", "area,target,onset,peak\nnorth,rsv,2024-01-10,2024-01-20\n")});
  EXPECT_EQ(result.exit_code, 2) << result.out;
  EXPECT_THAT(result.err, HasSubstr("sampled: \"north\" rsv gc/d"))
      << "a load is no series of concentrations";
}

TEST_F(HistoryTest, WavesOfUnknownAreasAreRefused) {
  const std::string samples = Write("good.csv", Samples("gc/L"));
  const CommandResult unknown = RunBelgrand(
      {"backtest", "--samples", samples, "--alerts", Path("out.csv"), "--waves",
       Write("waves.csv", "area,target,onset,peak\nnorht,rsv,2024-01-10,2024-01-20\n")});
  EXPECT_EQ(unknown.exit_code, 2) << unknown.out;
  EXPECT_THAT(unknown.err,
              AllOf(HasSubstr("1 of 1 waves are of an area and target that no sample is of: "
                              "\"norht\" rsv"),
                    HasSubstr("sampled: \"north\" rsv")));
  EXPECT_FALSE(std::filesystem::exists(Path("out.csv"))) << "said before the work";
  const CommandResult folder =
      RunBelgrand({"backtest", "--samples", samples, "--alerts", Path("nowhere/out.csv")});
  EXPECT_EQ(folder.exit_code, 1) << folder.out;
  EXPECT_THAT(folder.err, HasSubstr("cannot be written: there is no folder"));
  const CommandResult threads = RunBelgrand(
      {"backtest", "--samples", samples, "--alerts", Path("out.csv"), "--threads", "100000"});
  EXPECT_EQ(threads.exit_code, 2) << threads.out;
  EXPECT_THAT(threads.err + threads.out, HasSubstr("--threads"));
}

TEST_F(HistoryTest, ANormalisedHistoryIsLabelledAndLeavesOutWhatHasNoFlow) {
  std::string csv =
      "sample_id,lab_id,site_id,district_id,population,collected_on,target,value,unit,censoring,"
      "flow\n";
  for (int day = 1; day <= 28; ++day) {
    csv += fmt::format("s{0},lab-a,a,north,20000,2024-01-{0:02},rsv,{1}000,gc/L,none,{2}\n", day,
                       5 + day % 7, day % 7 == 0 ? "" : "4000");
  }
  const std::string samples = Write("flows.csv", csv);
  for (const char* command : {"backtest", "smooth"}) {
    const bool backtest = std::string_view(command) == "backtest";
    const CommandResult result = RunBelgrand({command, "--samples", samples, "--normalise", "flow",
                                              backtest ? "--alerts" : "--out", Path("out.csv")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, AllOf(HasSubstr("normalised by flow to gc per 100,000 persons and day: "
                                            "24 rows; left out 4"),
                                  HasSubstr("left out         4  without flow")));
    if (!backtest) {
      EXPECT_THAT(Read("out.csv"), HasSubstr("day,gc_per_100000_persons_day,lower"));
    }
  }
  const CommandResult nothing = RunBelgrand(
      {"backtest", "--samples", samples, "--normalise", "pmmov", "--alerts", Path("none.csv")});
  EXPECT_EQ(nothing.exit_code, 2) << nothing.out;
  EXPECT_THAT(nothing.err, HasSubstr("no row of"));
  EXPECT_EQ(RunBelgrand({"backtest", "--samples", samples, "--normalise", "flow", "--keep-loads",
                         "--alerts", Path("none.csv")})
                .exit_code,
            2)
      << "a load is not multiplied with a flow again";
}

TEST_F(HistoryTest, ASimulationIsOfAKnownTarget) {
  const CommandResult unknown =
      RunBelgrand({"simulate", "--out", Path("s.csv"), "--target", "zzz"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("\"zzz\" is not known"));
  EXPECT_FALSE(std::filesystem::exists(Path("s.csv")));
  const CommandResult known = RunBelgrand(
      {"simulate", "--out", Path("s.csv"), "--target", "IAV", "--days", "30", "--districts", "1"});
  EXPECT_EQ(known.exit_code, 0) << known.err;
  EXPECT_THAT(Read("s.csv"), HasSubstr(",fluav,"));
}

TEST_F(HistoryTest, ATableOfSitesMayCallThemSite) {
  const std::string sites =
      Write("sites.csv", "\"Site\",\"Health_Board\",\"Population\"\n\"a\",\"Highland\",62058\n");
  std::string csv = "sample_id,lab_id,site_id,collected_on,target,value,unit,censoring\n";
  for (int day = 1; day <= 28; ++day) {
    csv += fmt::format("s{0},lab-a,a,2024-01-{0:02},rsv,{1}000,gc/L,none\n", day, 1 + day % 7);
  }
  const CommandResult result =
      RunBelgrand({"smooth", "--samples", Write("bare.csv", csv), "--sites", sites, "--by",
                   "district", "--out", Path("out.csv")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(Read("out.csv"), HasSubstr("district,Highland,rsv,"));
}

}  // namespace
}  // namespace belgrand::testing
