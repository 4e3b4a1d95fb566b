// The catalogue of sites through the command line: loaded from a table and from GeoJSON, looked at
// as it is and as it was, and used by detection.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "belgrand/detection/v1/detection.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/time.h"
#include "tests/support/deployment.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

using shared::RoleName;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTable[] =
    "site_id,name,district_id,population,valid_from,share\n"
    "W1,Works One,north,40000,,0.25\n"
    "W1,,south,40000,,0.75\n"
    "W1,,north,44000,2024-01-01,0.5\n"
    "W1,,south,,2024-01-01,0.5\n"
    "W2,Works Two,south,90000,,\n";
constexpr char kAreas[] =
    R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"site_id":"W1",
    "institution":"correctional"},"geometry":{"type":"Polygon","coordinates":
    [[[24,56],[24,57],[25,57],[24,56]]]}}]})";

class SitesTest : public ::testing::Test {
 protected:
  void Start(Shape shape) {
    deployment_ = std::make_unique<Deployment>(shape, dir_.path() / "run");
    ASSERT_OK(deployment_->Start());
  }
  CommandResult Run(std::vector<std::string> arguments, const std::string& who = "operator",
                    RoleName role = RoleName::kTimeseries) {
    for (const std::string& flag : deployment_->ClientFlags(role, who)) arguments.push_back(flag);
    return RunBelgrand(arguments);
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = dir_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  const TempDir dir_;
  std::unique_ptr<Deployment> deployment_;
};

TEST_F(SitesTest, AreLoadedShownAndKeptAsTheyWere) {
  Start(Shape::kOneProcess);
  const std::string table = Write("sites.csv", kTable);
  const std::string areas = Write("areas.geojson", kAreas);
  EXPECT_THAT(Run({"sites", "load", table, areas}).err, HasSubstr("license is missing"));
  EXPECT_THAT(Run({"sites", "list"}).out, Not(HasSubstr("W1"))) << "nothing was sent";
  const CommandResult loaded = Run({"sites", "load", table});
  EXPECT_EQ(loaded.exit_code, 0) << loaded.err;
  EXPECT_THAT(loaded.out, HasSubstr("2 added, 0 changed, 0 unchanged"));
  const std::string between = base::FormatInstant(base::Clock::System().Now());
  const CommandResult drawn = Run({"sites", "load", areas, "--license", "ODbL-1.0"});
  EXPECT_THAT(drawn.out, HasSubstr("1 rings ran the wrong way and were turned"));
  EXPECT_THAT(drawn.out, HasSubstr("0 added, 1 changed"));
  const CommandResult again = Run({"sites", "load", table, areas, "--license", "ODbL-1.0"});
  EXPECT_THAT(again.out, HasSubstr("0 added, 0 changed, 2 unchanged"));

  const CommandResult shown = Run({"sites", "show", "W1"});
  EXPECT_THAT(shown.out, HasSubstr("north 0.25, south 0.75; from 2024-01-01: north 0.5, south"));
  EXPECT_THAT(shown.out, HasSubstr("40000; from 2024-01-01: 44000"));
  EXPECT_THAT(shown.out, HasSubstr("correctional"));
  EXPECT_THAT(shown.out, HasSubstr("4 positions, licence ODbL-1.0"));
  EXPECT_THAT(Run({"sites", "show", "W1", "--as-of", between}).out, Not(HasSubstr("positions")));
  const auto feature = nlohmann::json::parse(Run({"sites", "show", "W1", "--geojson"}).out);
  EXPECT_EQ(feature["geometry"]["coordinates"][0][0].size(), 4U);
  const std::string exported = Write("back.geojson", feature.dump());
  EXPECT_THAT(Run({"sites", "load", exported}).out, HasSubstr("1 unchanged"))
      << "what is shown can be loaded again";
  const CommandResult history = Run({"sites", "history", "W1"});
  EXPECT_THAT(history.out, HasSubstr("\n1,"));
  EXPECT_THAT(history.out, HasSubstr("\n2,"));
  EXPECT_THAT(history.out, Not(HasSubstr("\n3,")));
  EXPECT_THAT(Run({"sites", "show", "W9"}).err, HasSubstr("'W9' is not in the catalogue"));
}

TEST_F(SitesTest, NothingIsStoredUnlessAllFilesAreRight) {
  Start(Shape::kOneProcess);
  const std::string table = Write("sites.csv", kTable);
  const std::string stray =
      Write("stray.geojson", R"({"type":"Feature","properties":{"site_id":"W7"},"geometry":null})");
  const CommandResult refused = Run({"sites", "load", table, stray});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("site W7, district_id: '' is not an identifier"));
  EXPECT_THAT(refused.err, HasSubstr("site W7, population_served: 0 is not a number of persons"));
  const std::string other = Write("other.csv", "site_id,name\nW2,Another name\n");
  EXPECT_THAT(Run({"sites", "load", table, other}).err,
              HasSubstr("site W2, name: \"Another name\", an earlier file says \"Works Two\""));
  const CommandResult checked = Run({"sites", "load", table, "--dry-run"});
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("2 added, 0 changed, 0 unchanged; dry run"));
  EXPECT_THAT(Run({"sites", "list"}).out, Not(HasSubstr("\nW")));
}

TEST_F(SitesTest, OneSiteIsEditedFromTheCommandLine) {
  Start(Shape::kOneProcess);
  ASSERT_EQ(Run({"sites", "load", Write("sites.csv", kTable)}).exit_code, 0);
  EXPECT_THAT(Run({"sites", "set", "W2", "--population", "95000", "--from", "2025-01-01", "--share",
                   "south=0.9", "--share", "north=0.1", "--institution", "k12"})
                  .out,
              HasSubstr("0 added, 1 changed"));
  const std::string shown = Run({"sites", "show", "W2"}).out;
  EXPECT_THAT(shown, HasSubstr("90000; from 2025-01-01: 95000"));
  EXPECT_THAT(shown, HasSubstr("south 1; from 2025-01-01: south 0.9, north 0.1"));
  EXPECT_THAT(shown, HasSubstr("k12"));
  EXPECT_THAT(Run({"sites", "set", "W2", "--share", "south=1.4"}).err,
              HasSubstr("site W2, districts[0].shares[0].share: 1.4 is no share"));
  EXPECT_THAT(Run({"sites", "set", "W2", "--share", "south"}).err,
              HasSubstr("--share \"south\": write DISTRICT=PART"));
  EXPECT_THAT(Run({"sites", "set", "W2", "--institution", "prison"}).err,
              HasSubstr("correctional"));
  EXPECT_THAT(Run({"sites", "set", "W2", "--drop-population"}).err, HasSubstr("need --from"));
  ASSERT_EQ(
      Run({"sites", "set", "W2", "--from", "2025-01-01", "--drop-population", "--drop-shares"})
          .exit_code,
      0);
  EXPECT_THAT(Run({"sites", "list"}).out, HasSubstr("W2,Works Two,south,90000,k12"));
  // A file of samples that describes its sites does not undo what the catalogue knows by date.
  const std::string rows = Write(
      "rows.csv",
      "sample_id,site_id,district_id,population,collected_on,target,value,unit,censoring,lab_id\n"
      "S1,W1,north,39000,2020-02-01,IAV,5000,gc/L,none,lab-a\n");
  const CommandResult imported =
      Run({"import", rows, "--register-sites"}, "operator", RoleName::kIngest);
  EXPECT_EQ(imported.exit_code, 0) << imported.out << imported.err;
  EXPECT_THAT(Run({"sites", "history", "W1"}).out, Not(HasSubstr("\n2,")));
}

TEST_F(SitesTest, ASampleCountsInEveryDistrictOfItsSite) {
  Start(Shape::kOneProcess);
  ASSERT_EQ(Run({"sites", "load", Write("sites.csv", kTable)}).exit_code, 0);
  std::string rows =
      "sample_id,site_id,collected_on,known_on,target,value,unit,censoring,lod,lab_id\n";
  for (int day = 1; day <= 9; ++day) {
    rows += fmt::format("S{0},W1,2024-02-0{0},2024-02-10,IAV,5000,gc/L,none,100,lab-a\n", day);
  }
  ASSERT_EQ(Run({"import", Write("rows.csv", rows)}, "operator", RoleName::kIngest).exit_code, 0);
  const auto stub = detection::v1::DetectionService::NewStub(
      deployment_->Channel(RoleName::kDetection, "official"));
  std::set<std::string> districts;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (districts.size() < 2 && std::chrono::steady_clock::now() < deadline) {
    grpc::ClientContext context;
    detection::v1::ListAreaStatesResponse response;
    if (stub->ListAreaStates(&context, {}, &response).ok()) {
      for (const auto& state : response.states()) {
        if (state.level() == detection::v1::DISTRICT) districts.insert(state.area_id());
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_THAT(districts, ::testing::ElementsAre("north", "south"));
}

TEST_F(SitesTest, CatchmentsAreNotGivenToLaboratoriesNorEditedByThem) {
  Start(Shape::kProcessPerRole);
  const std::string table = Write("sites.csv", kTable);
  EXPECT_THAT(Run({"sites", "load", table}, "laboratory").err, HasSubstr("may not call"));
  ASSERT_EQ(Run({"sites", "load", table}).exit_code, 0);
  ASSERT_EQ(Run({"sites", "load", Write("a.json", kAreas), "--license", "ODbL-1.0"}).exit_code, 0);
  EXPECT_THAT(Run({"sites", "list"}, "laboratory").out, HasSubstr("W1,Works One,north,44000"));
  EXPECT_THAT(Run({"sites", "show", "W1", "--geojson"}, "laboratory").err,
              HasSubstr("not given to laboratories"));
  EXPECT_EQ(Run({"sites", "show", "W1", "--geojson"}, "official").exit_code, 0);
}

}  // namespace
}  // namespace belgrand::testing
