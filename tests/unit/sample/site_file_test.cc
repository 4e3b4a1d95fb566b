// Files of sites: tables and GeoJSON, what they may hold and how mistakes are told.
#include "sample/formats/site_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include "sample/sample_file.h"
#include "tests/support/shared_data.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sample/row_fixture.h"

namespace belgrand::sample {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

base::StatusOr<SiteFile> Csv(const std::string& text) {
  const auto source = NewCsvSource(std::make_unique<std::istringstream>(text));
  return ReadSiteCsv(*source);
}

base::StatusOr<SiteFile> GeoJson(const std::string& text) {
  return ReadSiteGeoJson(text, {.license = "CC0-1.0", .attribution = ""});
}

std::string Feature(const std::string& site, const std::string& geometry,
                    const std::string& more = "") {
  return R"({"type":"Feature","properties":{"site_id":")" + site + "\"" + more +
         R"(},"geometry":)" + geometry + "}";
}
std::string PolygonOf(const std::string& rings) {
  return R"({"type":"Polygon","coordinates":)" + rings + "}";
}
constexpr char kSquare[] = "[[0,0],[2,0],[2,2],[0,2],[0,0]]";
constexpr char kSquareClockwise[] = "[[0,0],[0,2],[2,2],[2,0],[0,0]]";

TEST(SiteCsvTest, RowsOfOneSiteAreItsDatesAndShares) {
  const auto file =
      Csv("site_id,name,district_id,population,valid_from,share,institution,remark\n"
          "W1,Works One,north,40000,,0.7,not institution specific,x\n"
          "W1,,south,40000,,0.3,,\n"
          "W1,,north,42000,2023-01-01,0.4,,\n"
          "W1,,south,,2023-01-01,0.6,,\n"
          "J1,Jail,north,900,,,correctional,\n");
  ASSERT_OK(file);
  ASSERT_THAT(file->sites, SizeIs(2));
  const Site& w1 = file->sites[0].site;
  EXPECT_EQ(w1.district_id, "south") << "the district where most live now";
  EXPECT_EQ(w1.populations,
            (std::vector<DatedPopulation>{{std::nullopt, 40000}, {At("2023-01-01"), 42000}}));
  EXPECT_EQ(w1.PopulationAt(At("2022-12-31")), 40000);
  EXPECT_EQ(w1.PopulationAt(At("2023-01-01")), 42000) << "from that instant on";
  EXPECT_EQ(w1.SharesAt(At("1999-01-01")),
            (std::vector<DistrictShare>{{"north", 0.7}, {"south", 0.3}}));
  EXPECT_EQ(w1.SharesAt(At("2024-01-01")),
            (std::vector<DistrictShare>{{"north", 0.4}, {"south", 0.6}}));
  EXPECT_EQ(file->sites[1].institution, Institution::kCorrectional);
  EXPECT_EQ(file->sites[1].site.population_served, 900);
  EXPECT_THAT(file->sites[1].site.populations, IsEmpty());
  EXPECT_EQ(file->sites[1].site.SharesAt(At("2024-01-01")),
            (std::vector<DistrictShare>{{"north", 1}}));
  EXPECT_THAT(file->notes.unread_columns, ElementsAre("remark"));
}

TEST(SiteCsvTest, EveryMistakeIsToldWithRowColumnValueAndRemedy) {
  const auto file =
      Csv("site_id,district_id,population,valid_from,share,institution\n"
          "W1,north,many,,,\n"
          "W1,south,5,,,\n"
          "W2,north,5,01/02/2023,,\n"
          "W3,north,5,,0.8,prison\n"
          "W3,south,6,,0.8,\n"
          "?,north,5,,,\n");
  EXPECT_THAT(
      file.status(),
      StatusIs(base::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("row 2 column population: \"many\" is not a number above 0"),
                     HasSubstr("row 3 column district_id: \"south\", an earlier row of the site "
                               "says \"north\""),
                     HasSubstr("row 4 column valid_from: \"01/02/2023\" is not a date: write "
                               "2024-01-31"),
                     HasSubstr("row 5 column institution: \"prison\" is not known"),
                     HasSubstr("row 6 column population: 6, an earlier row of the same site and "
                               "date says 5"),
                     HasSubstr("row 7 column site_id"), HasSubstr("the shares add up to 1.6"))));
}

TEST(GeoJsonTest, PolygonsAndHolesAreReadAndTurnedAsTheStandardHasThem) {
  const auto file = GeoJson(
      R"({"type":"FeatureCollection","features":[)" +
      Feature(
          "W1",
          PolygonOf(std::string("[") + kSquareClockwise + ",[[0.5,0.5],[1,0.5],[1,1],[0.5,0.5]]]"),
          R"(,"license":"ODbL-1.0","attribution":"The utility","population":1200,"x":"y")") +
      "," +
      Feature("W2", R"({"type":"MultiPolygon","coordinates":[[)" + std::string(kSquare) + "],[[" +
                        "[10,50,7],[11,50,7],[11,51,7],[10,50,7]]]]}") +
      "]}");
  ASSERT_OK(file);
  ASSERT_THAT(file->sites, SizeIs(2));
  const Catchment& w1 = *file->sites[0].catchment;
  EXPECT_EQ(w1.license, "ODbL-1.0");
  EXPECT_EQ(w1.attribution, "The utility");
  EXPECT_EQ(file->turned_rings, 2U);
  EXPECT_GT(SignedArea(w1.polygons[0].rings[0]), 0);
  EXPECT_LT(SignedArea(w1.polygons[0].rings[1]), 0);
  EXPECT_EQ(file->sites[1].catchment->license, "CC0-1.0") << "of the call";
  EXPECT_EQ(file->sites[1].catchment->position_count(), 9U);
  EXPECT_EQ(file->sites[0].site.population_served, 1200);
  EXPECT_THAT(file->notes.unread_columns, ElementsAre("property x"));
  EXPECT_THAT(file->notes.left_out, ElementsAre(Pair("altitude of a position", 4)));
}

struct BadGeometry {
  const char* rings;
  const char* told;
};

class BadGeometryTest : public ::testing::TestWithParam<BadGeometry> {};

TEST_P(BadGeometryTest, IsRefusedByNameWithItsRemedy) {
  const auto file = GeoJson(Feature("W1", PolygonOf(GetParam().rings)));
  EXPECT_THAT(file.status(),
              StatusIs(base::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("feature 1, site W1"), HasSubstr(GetParam().told))));
}

INSTANTIATE_TEST_SUITE_P(
    Rings, BadGeometryTest,
    ::testing::Values(
        BadGeometry{"[[[0,0],[2,0],[2,2],[0,2]]]", "is open: it begins at 0, 0 and ends at 0, 2"},
        BadGeometry{"[[[0,0],[2,0],[0,0]]]", "has 3 positions"},
        BadGeometry{"[[[0,0],[1,1],[2,2],[0,0]]]", "encloses no area"},
        BadGeometry{"[[[0,0],[2,0],[2,91],[0,0]]]", "longitude (-180 to 180) comes first"},
        BadGeometry{"[[[0,0],[181,0],[2,2],[0,0]]]", "has position 1 at 181, 0"},
        BadGeometry{"[[[0,0],[2,0],[2,\"2\"],[0,0]]]", "is no pair of numbers"},
        BadGeometry{"[[[179,0],[-179,0],[-179,2],[179,0]]]", "crosses the antimeridian"},
        BadGeometry{"[[[0,0],[2,0],[2,2],[0,0]],[[5,5],[5,6],[6,6],[5,5]]]",
                    "lies outside of the outer ring"},
        BadGeometry{"[]", "has no ring"}, BadGeometry{"[[]]", "has 0 positions"},
        BadGeometry{"[7]", "a ring is no list of positions"}));

TEST(GeoJsonTest, WhatIsNoMapOfSitesIsRefused) {
  const auto refused = [](const std::string& text, const std::string& why) {
    EXPECT_THAT(GeoJson(text).status(),
                StatusIs(base::StatusCode::kInvalidArgument, HasSubstr(why)))
        << text;
  };
  refused("", "is no GeoJSON");
  refused("[]", "is no GeoJSON");
  refused(R"({"type":"Point","coordinates":[0,0]})", "does not say its site");
  refused(std::string(200, '[') + std::string(200, ']'), "nested deeper");
  refused(R"({"type":"FeatureCollection","crs":{"properties":{"name":"EPSG:2056"}},"features":[]})",
          "reproject the file");
  refused(Feature("", PolygonOf(std::string("[") + kSquare + "]")), "no property site_id");
  refused(Feature("W1", R"({"type":"Point","coordinates":[0,0]})"), "is no area");
  refused(R"({"type":"FeatureCollection","features":[)" + Feature("W1", "null") + "," +
              Feature("W1", "null") + "]}",
          "named by an earlier feature");
  const auto unlicensed =
      ReadSiteGeoJson(Feature("W1", PolygonOf(std::string("[") + kSquare + "]")), {});
  EXPECT_THAT(unlicensed.status(),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("license is missing")));
}

TEST(CatchmentTest, SizesAndNumbersAreLimited) {
  Catchment catchment{.polygons = {{}}, .license = "CC0-1.0", .attribution = ""};
  Ring ring(kMaxCatchmentPositions + 1);
  catchment.polygons[0].rings = {ring};
  EXPECT_THAT(CheckCatchment(catchment), ElementsAre(Pair("polygons", HasSubstr("at most 50000"))));
  catchment.polygons[0].rings = {{{0, 0}, {2, 0}, {2, 2}, {0, 0}}};
  EXPECT_THAT(CheckCatchment(catchment), IsEmpty());
  catchment.polygons[0].rings[0][1].latitude = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(CheckCatchment(catchment), SizeIs(1));
  catchment.polygons[0].rings[0] = {{0, 0}, {2, 2}, {2, 0}, {0, 0}};
  EXPECT_THAT(CheckCatchment(catchment),
              ElementsAre(Pair("polygons[0].rings[0]", HasSubstr("runs clockwise"))));
  catchment.license = std::string(300, 'x');
  EXPECT_THAT(CheckCatchment(catchment), ElementsAre(Pair("license", HasSubstr("300 bytes"))));
}

TEST(InstitutionTest, EveryClassHasAWordThatIsReadBack) {
  for (int i = 1; i < kInstitutions; ++i) {
    const auto institution = static_cast<Institution>(i);
    EXPECT_EQ(ParseInstitution(InstitutionName(institution)), institution);
  }
  EXPECT_EQ(ParseInstitution("Higher-Ed dorm"), Institution::kHigherEducationDorm);
  EXPECT_FALSE(ParseInstitution("").has_value());
}

struct PublishedTable {
  const char* file;
  // Of the column that identifies the site, from 0.
  std::size_t column;
};

class PublishedTableTest : public ::testing::TestWithParam<PublishedTable> {};

TEST_P(PublishedTableTest, HoldsAsManySitesAsItsFirstColumnHasNames) {
  const std::filesystem::path path = testing::SharedData() / GetParam().file;
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the published table is not at " << path << ": set BELGRAND_DATA_DIR";
  }
  std::set<std::string> names;
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    std::string cell;
    for (std::size_t i = 0; i <= GetParam().column; ++i) std::getline(cells, cell, ',');
    names.insert(cell);
  }
  const auto source = NewCsvSource(std::make_unique<std::ifstream>(path));
  const auto file = ReadSiteCsv(*source);
  ASSERT_OK(file);
  EXPECT_EQ(file->sites.size(), names.size());
  for (const SiteEntry& entry : file->sites) {
    EXPECT_GT(entry.site.population_served, 0) << entry.site.site_id;
    EXPECT_FALSE(entry.site.district_id.empty()) << entry.site.site_id;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, PublishedTableTest,
                         ::testing::Values(PublishedTable{"switzerland/wwtp_info.csv", 1},
                                           PublishedTable{
                                               "switzerland/openzh_ara_einzugsgebiet.csv", 0},
                                           PublishedTable{"scotland/sampling_sites.csv", 1}),
                         [](const auto& test) { return std::to_string(test.index); });

}  // namespace
}  // namespace belgrand::sample
