// What leaves for the public: from a running service, and from the published Scottish file.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/deployment.h"
#include "tests/support/shared_data.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

using shared::RoleName;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class PublishTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(dir_.path() / name, std::ios::binary) << text;
    return Path(name);
  }
  CommandResult Publish(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"publish",      "release", "--ledger",
                                          Path("ledger"), "--out",   Path("public")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunBelgrand(arguments);
  }

  const TempDir dir_;
};

struct Place {
  const char* site;
  const char* district;
  int persons;
};
const Place kCity{"city", "north", 90'000};
const Place kTown{"town", "north", 20'000};
const Place kVillage{"village", "north", 2'500};
const Place kHill{"hill", "south", 2'400};
const Place kDale{"dale", "south", 2'000};
const Place kPrison{"prison", "south", 2'200};

// Four weeks, one sample a week.
std::string Samples(const std::vector<Place>& places) {
  std::string csv =
      "sample_id,lab_id,site_id,district_id,population,collected_on,target,value,unit,censoring\n";
  for (int week = 0; week < 4; ++week) {
    int value = 10'000;
    for (const Place& place : places) {
      csv += fmt::format("{0}-{1},lab-a,{0},{2},{3},2024-01-{4:02},sars-cov-2,{5},gc/L,none\n",
                         place.site, week, place.district, place.persons, 2 + 7 * week, value);
      value += 1'500;
    }
  }
  return csv;
}

constexpr char kSites[] =
    "site_id,name,district_id,population,institution\n"
    "city,City,north,90000,not institution specific\n"
    "town,Town,north,20000,not institution specific\n"
    "village,Village,north,2500,not institution specific\n"
    "hill,Hill,south,2400,not institution specific\n"
    "dale,Dale,south,2000,not institution specific\n"
    "prison,Prison,south,2200,correctional\n";

TEST_F(PublishTest, ReleasesWhatTheServiceKnowsAndNoSmallSite) {
  Deployment deployment(Shape::kProcessPerRole, dir_.path() / "run");
  ASSERT_OK(deployment.Start());
  const auto run = [&](std::vector<std::string> arguments, RoleName role, const char* who) {
    for (const std::string& flag : deployment.ClientFlags(role, who)) arguments.push_back(flag);
    const CommandResult result = RunBelgrand(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    return result;
  };
  run({"sites", "load", Write("sites.csv", kSites)}, RoleName::kTimeseries, "operator");
  run({"import", Write("samples.csv", Samples({kCity, kTown, kVillage, kHill, kDale, kPrison}))},
      RoleName::kIngest, "laboratory");
  const std::vector<std::string> compliance =
      deployment.ClientFlags(RoleName::kCompliance, "official");
  const std::string audit_server =
      *(std::find(compliance.begin(), compliance.end(), "--server") + 1);
  const std::vector<std::string> release = {
      "publish",      "release",         "--ledger",   Path("ledger"), "--out",
      Path("public"), "--from",          "2024-01-01", "--to",         "2024-01-29",
      "--with-sites", "--count-epsilon", "1/2"};
  // Nothing leaves that the audit log does not know.
  std::vector<std::string> unheard = release;
  unheard[3] = Path("unheard");
  for (const std::string& flag : deployment.ClientFlags(RoleName::kTimeseries, "official")) {
    unheard.push_back(flag);
  }
  const CommandResult refused = RunBelgrand(unheard);
  EXPECT_NE(refused.exit_code, 0) << "this role keeps no audit log";
  EXPECT_THAT(refused.err, HasSubstr("its files were not written"));
  EXPECT_FALSE(std::filesystem::exists(Path("public/release-000001.csv")));
  std::vector<std::string> heard = release;
  heard.insert(heard.end(), {"--audit-server", audit_server});
  const CommandResult result = run(heard, RoleName::kTimeseries, "official");
  const CommandResult audit =
      run({"audit", "show", "--count", "1000"}, RoleName::kCompliance, "dpo");
  EXPECT_THAT(audit.out, HasSubstr("RecordRelease"));
  EXPECT_THAT(audit.out, HasSubstr("1/"));
  EXPECT_THAT(result.out, HasSubstr("wins nothing new"));
  const std::string csv = Read(Path("public/release-000001.csv"));
  EXPECT_THAT(csv, HasSubstr("sars-cov-2,site,city,2024-01-01,1,released,10000,1,90000\n"));
  EXPECT_THAT(csv, HasSubstr("sars-cov-2,district,north,2024-01-01,1,suppressed,,,\n"))
      << "city and town are seen alone: north would give the village away";
  EXPECT_THAT(csv, HasSubstr("sars-cov-2,total,,2024-01-01,1,released,11000,6,119100\n"));
  EXPECT_THAT(csv, HasSubstr("sars-cov-2,district,south,2024-01-01,1,suppressed,,,\n"))
      << "whole, city, town and south would give the village away";
  for (const char* hidden : {"village", "hill", "dale", "prison"}) {
    EXPECT_THAT(csv, Not(HasSubstr(hidden)));
  }
  EXPECT_THAT(Read(Path("public/release-000001-counts.csv")),
              HasSubstr("sars-cov-2,south,2024-01-22,1,"));
  const auto metadata = nlohmann::json::parse(Read(Path("public/release-000001.json")));
  EXPECT_EQ(metadata["attacker"]["disclosed_by_earlier_numbers"], 0);
  EXPECT_GT(metadata["numbers"]["suppressed"], 0);
  const CommandResult check = RunBelgrand({"publish", "check", "--ledger", Path("ledger")});
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("1 release,"));
}

TEST_F(PublishTest, KnowsWhatItReleasedBefore) {
  const std::string table = Write("sites.csv", kSites);
  const std::string first = Write("first.csv", Samples({kCity, kHill, kDale, kPrison}));
  const std::string later = Write("later.csv", Samples({kCity, kHill, kDale, kPrison, kVillage}));
  const std::vector<std::string> window = {"--from",     "2024-01-01", "--to",
                                           "2024-01-29", "--sites",    table};
  const auto with = [&](const std::string& samples) {
    std::vector<std::string> arguments = {"--samples", samples};
    arguments.insert(arguments.end(), window.begin(), window.end());
    return arguments;
  };
  const CommandResult one = Publish(with(first));
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_THAT(Read(Path("public/release-000001.csv")),
              HasSubstr("district,south,2024-01-01,1,released"));
  const CommandResult two = Publish(with(later));
  EXPECT_EQ(two.exit_code, 0) << two.err;
  EXPECT_THAT(Read(Path("public/release-000002.csv")), HasSubstr("total,,2024-01-01,1,suppressed"))
      << "the whole of before and the whole of now differ by the village";
  std::filesystem::remove(Path("ledger/record-000001.json"));
  const CommandResult blind = Publish(with(later));
  EXPECT_EQ(blind.exit_code, 1);
  EXPECT_THAT(blind.err,
              HasSubstr("nothing is published while what was published before is not known"));
  EXPECT_FALSE(std::filesystem::exists(Path("public/release-000003.csv")));
}

// A release cannot be taken back: what intake refuses must not get into one by way of a file.
TEST_F(PublishTest, LeavesOutWhatIntakeRefuses) {
  const std::string table = Write("sites.csv", kSites);
  const std::string csv = Samples({kCity, kTown, kVillage, kHill, kDale, kPrison});
  const auto replace = [](std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
    return text;
  };
  const std::vector<std::string> window = {"--from",     "2024-01-01", "--to",
                                           "2024-01-29", "--sites",    table};
  const auto publish = [&](const std::string& text) {
    std::vector<std::string> arguments = {"--samples", Write("refused.csv", text)};
    arguments.insert(arguments.end(), window.begin(), window.end());
    return Publish(arguments);
  };
  for (const auto& [from, to, rule] :
       {std::array{"gc/L", "gc/gal", "unknown_unit"}, std::array{"gc/L", "gc/d", "unknown_unit"},
        std::array{"sars-cov-2", "zzz", "unknown_target"},
        std::array{"sars-cov-2,1", "sars-cov-2,-1", "value_not_positive"}}) {
    const CommandResult result = publish(replace(csv, from, to));
    EXPECT_EQ(result.exit_code, 1) << to << result.out;
    EXPECT_THAT(result.out, HasSubstr(fmt::format("left out        24  {}", rule))) << to;
    EXPECT_THAT(result.err, HasSubstr("holds no row of these targets that the service would take"));
  }
  EXPECT_FALSE(std::filesystem::exists(Path("public")));
  EXPECT_FALSE(std::filesystem::exists(Path("ledger"))) << "a refused call leaves nothing behind";
  // One row in another unit beside good ones: theirs are the only numbers.
  const CommandResult mixed =
      publish(csv + "odd,lab-a,hill,south,2400,2024-01-03,sars-cov-2,9e9,gc/d,none\n");
  EXPECT_EQ(mixed.exit_code, 0) << mixed.err;
  EXPECT_THAT(mixed.out, HasSubstr("left out         1  unknown_unit"));
  EXPECT_THAT(Read(Path("public/release-000001.csv")),
              HasSubstr("sars-cov-2,district,south,2024-01-01,1,released,16000,3,6600\n"));
}

TEST_F(PublishTest, RefusesAWindowWithoutAResult) {
  const CommandResult result = Publish(
      {"--samples", Write("samples.csv", Samples({kCity})), "--sites", Write("sites.csv", kSites)});
  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_THAT(result.err, HasSubstr("its results are of 2024-01-02 to 2024-01-23"));
  EXPECT_FALSE(std::filesystem::exists(Path("ledger")));
  std::filesystem::create_directories(Path("ledger"));
  const CommandResult check = RunBelgrand({"publish", "check", "--ledger", Path("ledger")});
  EXPECT_EQ(check.exit_code, 1) << check.out;
  EXPECT_THAT(check.err, HasSubstr("no release is recorded here"));
}

TEST_F(PublishTest, RefusesLooserRulesAndAFutureDay) {
  const std::string table = Write("sites.csv", kSites);
  const std::string samples = Write("samples.csv", Samples({kCity}));
  EXPECT_THAT(Publish({"--samples", samples, "--sites", table, "--minimum-population", "10"}).err,
              HasSubstr("minimum_population is 10"));
  EXPECT_THAT(Publish({"--samples", samples, "--sites", table, "--day", "2199-01-01"}).err,
              HasSubstr("is after today"));
  EXPECT_FALSE(std::filesystem::exists(Path("public")));
}

TEST_F(PublishTest, ReleasesTheScottishHealthBoards) {
  const auto file = SharedData() / "scotland/SARS-Cov2_RNA_monitoring_ww_scotland_full.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here: set BELGRAND_DATA_DIR";
  for (const char* weeks : {"1", "4"}) {
    const CommandResult result = Publish({"--samples", file.string(), "--from", "2020-06-01",
                                          "--to", "2022-05-02", "--weeks", weeks});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::cout << "periods of " << weeks << " weeks:\n" << result.out;
    EXPECT_THAT(result.out, HasSubstr("wins nothing new"));
  }
  EXPECT_THAT(Read(Path("public/release-000001.csv")), HasSubstr(",district,Lothian,"));
  const CommandResult check = RunBelgrand({"publish", "check", "--ledger", Path("ledger")});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
}

}  // namespace
}  // namespace belgrand::testing
