#include "sample/scotland_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "sample/catalogue.h"
#include "sample/codes.h"
#include "sample/validate.h"
#include "tests/support/shared_data.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sample/row_fixture.h"

namespace belgrand::sample {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::vector<FileRow> ReadAll(std::istream& in) {
  const auto reader = SampleFileReader::Open(in, std::nullopt);
  EXPECT_OK(reader);
  std::vector<FileRow> rows;
  if (!reader.ok()) return rows;
  EXPECT_EQ((*reader)->profile(), Profile::kScotland);
  FileRow row;
  for (;;) {
    const auto any = (*reader)->Next(row);
    EXPECT_OK(any);
    if (!any.ok() || !*any) return rows;
    rows.push_back(row);
  }
}

constexpr char kHeader[] =
    "Health_Board,Site,Population,Date_collected,Date_analysed,SW_sample_number,N1_description,"
    "N1_Reported_value-gc_per_L,Flow-L_per_day,Modelled_flow-L_per_day,Analysis_lab\n";

FileRow ReadOne(const std::string& row) {
  std::istringstream in(kHeader + row + "\n");
  return ReadAll(in).at(0);
}

TEST(ScotlandCsvTest, ReadsClassLimitsFlowAndLaboratory) {
  const FileRow read = ReadOne(
      "Fife,Newport & Tayport,6000,2021-02-01,2021-02-03,NA,Weak Positive,852,NA,1500000,"
      "SEPA - Low Volume");
  EXPECT_EQ(read.row.site_id, "Newport and Tayport");
  EXPECT_EQ(read.site->name, "Newport & Tayport");
  EXPECT_EQ(read.row.district_id, "Fife");
  EXPECT_EQ(read.row.sample_id, "Newport and Tayport/2021-02-01");
  EXPECT_EQ(read.row.censoring.value, Censoring::kBelowLod);
  EXPECT_EQ(read.row.value.value, 852);
  EXPECT_EQ(read.row.lod.value, 6640);
  EXPECT_EQ(read.row.loq.value, 9427);
  EXPECT_EQ(read.row.flow.number.value, 1500);
  EXPECT_EQ(read.row.laboratory_id, "SEPA");
  EXPECT_EQ(read.row.method_id, "SEPA N1 low volume");
  EXPECT_EQ(read.row.known_at.value, At("2021-02-03"));
}

TEST(ScotlandCsvTest, RepeatedNumbersGetIdentifiersOfTheirOwn) {
  std::istringstream in(std::string(kHeader) +
                        "Fife,A,1,2021-02-01,NA,7,Positive,20000,NA,NA,Roslin\n"
                        "Fife,A,1,2021-02-01,NA,7,Positive,30000,NA,NA,Roslin\n"
                        "Fife,A,1,2021-02-01,NA,NA,Positive,30000,NA,NA,Roslin\n"
                        "Fife,A,1,2021-02-01,NA,NA,Positive,30000,NA,NA,Roslin\n");
  std::vector<std::string> ids;
  for (const FileRow& row : ReadAll(in)) ids.push_back(row.row.sample_id);
  EXPECT_THAT(ids, ElementsAre("7", "7/2", "A/2021-02-01", "A/2021-02-01/2"));
}

TEST(ScotlandCsvTest, AFailedAnalysisIsNeitherAValueNorANonDetect) {
  const Row row = ReadOne("Fife,A,1,2021-02-01,NA,7,Analysis Failed,NA,NA,NA,SEPA").row;
  EXPECT_THAT(RulesOf(Validate(row, nullptr, At("2021-03-01")).violations),
              ElementsAre("value:analysis_failed"));
}

TEST(ScotlandCsvTest, MissingColumnsAreNamed) {
  std::istringstream in("Health_Board,Site,N1_description,Analysis_lab\n");
  EXPECT_THAT(
      SampleFileReader::Open(in, std::nullopt),
      StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("Population, Date_collected")));
}

class ScotlandFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::SharedData() / "scotland" / "SARS-Cov2_RNA_monitoring_ww_scotland_full.csv";
    if (!std::filesystem::exists(path_)) {
      GTEST_SKIP() << "the published Scottish file is not at " << path_
                   << ": set BELGRAND_DATA_DIR to the folder that holds scotland/";
    }
  }
  // Counted without the reader: lines that hold the class between commas.
  std::size_t LinesWith(const std::string& text) const {
    std::ifstream in(path_);
    std::size_t count = 0;
    for (std::string line; std::getline(in, line);) count += line.find(text) != std::string::npos;
    return count;
  }

  std::filesystem::path path_;
};

TEST_F(ScotlandFileTest, EveryRowIsReadAndCountedByClass) {
  std::ifstream in(path_);
  const std::vector<FileRow> rows = ReadAll(in);
  EXPECT_EQ(rows.size(), 10316U);
  std::map<std::string, std::size_t> classes;
  std::set<std::pair<std::string, std::string>> identities;
  std::set<std::string> sites, names, districts, laboratories;
  for (const FileRow& read : rows) {
    const Row& row = read.row;
    ++classes[row.censoring.value ? std::string(CensoringName(*row.censoring.value)) : "failed"];
    EXPECT_TRUE(identities.emplace(row.laboratory_id, row.sample_id).second) << row.line;
    ASSERT_TRUE(read.site.has_value()) << row.line;
    EXPECT_TRUE(IsIdentifier(row.site_id)) << row.site_id;
    sites.insert(row.site_id);
    names.insert(read.site->name);
    districts.insert(row.district_id);
    laboratories.insert(row.laboratory_id);
  }
  EXPECT_EQ(sites.size(), 162U);
  EXPECT_EQ(names.size(), 162U);
  EXPECT_EQ(districts.size(), 14U);
  EXPECT_THAT(laboratories, UnorderedElementsAre("SEPA", "Roslin"));
  EXPECT_EQ(classes["none"], 6601U);
  EXPECT_EQ(classes["below_loq"], 1418U);
  EXPECT_EQ(classes["not_detected"], 944U);
  EXPECT_EQ(classes["below_lod"], 738U);
  EXPECT_EQ(classes["failed"], 615U);
  EXPECT_EQ(classes["none"], LinesWith(",Positive,"));
  EXPECT_EQ(classes["below_loq"], LinesWith(",Positive (DNQ),"));
  EXPECT_EQ(classes["not_detected"], LinesWith(",Negative,"));
  EXPECT_EQ(classes["below_lod"], LinesWith(",Weak Positive,"));
  EXPECT_EQ(classes["failed"], LinesWith(",Analysis Failed,"));
}

TEST_F(ScotlandFileTest, VerdictsFollowFromTheFileItself) {
  std::ifstream in(path_);
  Catalogue sites;
  std::vector<FileRow> rows = ReadAll(in);
  for (const FileRow& row : rows) sites.Put(*row.site);
  std::map<std::string_view, std::size_t> rules;
  std::size_t accepted = 0;
  for (const FileRow& row : rows) {
    const Validated judged = Validate(row.row, &sites, At("2022-06-01"));
    accepted += judged.ok();
    for (const Violation& violation : judged.violations) ++rules[RuleName(violation.rule())];
  }
  EXPECT_EQ(accepted, 9651U);
  // Contradictions inside the file, counted with another program: 38 "weak" values above the LOD, 8
  // "DNQ" values above the LOQ and 4 below the LOD.
  EXPECT_THAT(rules, UnorderedElementsAre(Pair("analysis_failed", 615), Pair("value_above_lod", 38),
                                          Pair("value_above_loq", 8), Pair("value_below_lod", 4)));
}

}  // namespace
}  // namespace belgrand::sample
