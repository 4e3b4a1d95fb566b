#include "sample/sample_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "platform/base/file.h"
#include "sample/sample_file.h"
#include "sample/validate.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sample/row_fixture.h"

namespace belgrand::sample {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

base::StatusOr<std::vector<FileRow>> ReadAll(const std::string& text) {
  std::istringstream in(text);
  ASSIGN_OR_RETURN(const auto reader, SampleFileReader::Open(in, std::nullopt));
  std::vector<FileRow> rows;
  FileRow row;
  for (;;) {
    ASSIGN_OR_RETURN(const bool any, reader->Next(row));
    if (!any) return rows;
    rows.push_back(row);
  }
}

std::string WithRow(const std::string& row) {
  return std::string(kSampleCsvHeader) + "\n" + row + "\n";
}

std::vector<std::string> RulesOfFirst(const std::string& text) {
  const auto rows = ReadAll(text);
  EXPECT_OK(rows);
  if (!rows.ok() || rows->empty()) return {"no row"};
  const Catalogue sites = TwoSites();
  return RulesOf(Validate(rows->front().row, &sites, At("2021-02-01")).violations);
}

auto Refused(const char* text) {
  return StatusIs(base::StatusCode::kInvalidArgument, HasSubstr(text));
}

constexpr char kGood[] =
    "S-1,Seafield,Lothian,600000,2021-01-05,2021-01-07,sars-cov-2,47053,gc/"
    "L,none,1316,11368,152000,"
    "lab-a,m1";

TEST(SampleCsvTest, TheDocumentedExampleIsAcceptedRowByRow) {
  const std::string doc = *base::ReadFile(std::string(std::getenv("BELGRAND_SOURCE_DIR")) +
                                          "/docs/formats/sample_csv.md");
  const std::size_t begin = doc.find("```csv\n") + 7;
  const std::string example = doc.substr(begin, doc.find("```", begin) - begin);
  const auto rows = ReadAll(example);
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 4U);
  const Catalogue sites = TwoSites();
  for (const FileRow& row : *rows) {
    EXPECT_THAT(RulesOf(Validate(row.row, &sites, At("2021-02-01")).violations), IsEmpty());
    EXPECT_TRUE(row.site.has_value());
  }
  EXPECT_EQ((*rows)[0].row.line, 2U);
  const auto last = *Validate((*rows)[3].row, &sites, At("2021-02-01")).measurement;
  EXPECT_EQ(last.target, "fluav");
  EXPECT_EQ(last.value, 4200);
  EXPECT_EQ(last.censoring, Censoring::kBelowLoq);
}

TEST(SampleCsvTest, ColumnsComeInAnyOrderAndOptionalOnesMayBeAbsent) {
  const auto rows = ReadAll(
      "LAB_ID;censoring;unit;value;target;collected_on;site_id;sample_id;sampled_by;quality_flags\n"
      "lab-a;none;gc/L;47053;N1;2021-01-05;Seafield;S-1;J;delayArriv wrong_temperature\n");
  ASSERT_OK(rows);
  const Row& row = rows->front().row;
  EXPECT_EQ(row.laboratory_id, "lab-a");
  EXPECT_EQ(row.sampled_by, "J");
  EXPECT_THAT(row.quality_flags,
              ElementsAre(QualityFlag::kDelayedArrival, QualityFlag::kWrongTemperature));
  EXPECT_FALSE(rows->front().site.has_value());
  const Catalogue sites = TwoSites();
  EXPECT_TRUE(Validate(row, &sites, At("2021-02-01")).ok());
}

TEST(SampleCsvTest, AHeaderThatDoesNotFitNamesEveryColumn) {
  EXPECT_THAT(
      ReadAll("sample_id,site_id,collected_on,traget,value,unit,censoring\n"),
      StatusIs(base::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("\"traget\" is not known (did you mean target?)"),
                     HasSubstr("missing column(s): target, lab_id"), HasSubstr("Known columns:"))));
  EXPECT_THAT(ReadAll(std::string(kSampleCsvHeader) + ",value\n"), Refused("value appears twice"));
  EXPECT_THAT(ReadAll(""), Refused("empty"));
}

TEST(SampleCsvTest, AWrongSeparatorIsSaid) {
  std::string header(kSampleCsvHeader);
  std::replace(header.begin(), header.end(), ',', '|');
  EXPECT_THAT(ReadAll(header + "\n"), Refused("separator may be a comma, a semicolon or a tab"));
}

TEST(SampleCsvTest, ATruncatedFileIsRefusedByRow) {
  EXPECT_THAT(ReadAll(WithRow(kGood) + "S-2,Seafield,Loth"),
              Refused("ends in the middle of row 3"));
  EXPECT_THAT(ReadAll(WithRow(kGood) + "S-2,\"Seaf"), Refused("never closed"));
}

TEST(SampleCsvTest, AFileInLatin1IsRefusedByRowAndColumn) {
  EXPECT_THAT(ReadAll(WithRow("S-1,Z\xFCrich,ZH,1,2021-01-05,,N1,1,gc/L,none,,,,a,m")),
              Refused("row 2, column 2 (site_id)"));
}

TEST(SampleCsvTest, EachFirstMistakeHasItsOwnVerdict) {
  const auto spoilt = [](const char* from, const char* to) {
    std::string row = kGood;
    row.replace(row.find(from), std::string(from).size(), to);
    return RulesOfFirst(WithRow(row));
  };
  EXPECT_THAT(RulesOfFirst(WithRow(kGood)), IsEmpty());
  EXPECT_THAT(spoilt("gc/L", "Ct"), ElementsAre("unit:unknown_unit"));
  EXPECT_THAT(spoilt("47053,gc/L,none,1316", ",gc/L,not_detected,"),
              ElementsAre("lod:lod_required"));
  EXPECT_THAT(spoilt("2021-01-05", "2031-01-05"), ElementsAre("collected_at:date_in_future"));
  EXPECT_THAT(spoilt("2021-01-05", "05/01/2021"), ElementsAre("collected_at:not_a_date"));
  EXPECT_THAT(spoilt("Seafield", "Seafeild"), ElementsAre("site_id:unknown_site"));
  EXPECT_THAT(spoilt("47053", "\"47,053\""), ElementsAre("value:not_a_number"));
  EXPECT_THAT(spoilt("47053", "<1316"), ElementsAre("value:not_a_number"));
  EXPECT_THAT(spoilt("47053", "47,053"), ElementsAre(":column_count"));
  EXPECT_THAT(spoilt("none", "<LOD"), ElementsAre("censoring:unknown_censoring"));
  EXPECT_THAT(spoilt("sars-cov-2", "sars"), ElementsAre("target:unknown_target"));
  EXPECT_THAT(spoilt("Lothian", "Glasgow"), ElementsAre("district_id:district_mismatch"));
}

TEST(SampleCsvTest, AResultKnownOnTheDayOfCollectionIsNotKnownBeforeIt) {
  std::string row = kGood;
  row.replace(row.find("2021-01-05"), 21, "2021-01-05T10:00:00Z,2021-01-05");
  EXPECT_THAT(RulesOfFirst(WithRow(row)), IsEmpty());
}

constexpr char kWholeHeader[] =
    "sample_id,site_id,collected_on,target,gene,value,unit,censoring,lod,lab_id,method_id,"
    "method_version,sample_type,composite_hours,started_on,matrix,fraction,received_on,"
    "received_temperature,received_temperature_unit,hold_hours,recovery_percent,inhibition,"
    "no_template_control,extraction_blank,flow,flow_unit,ammonium,ammonium_unit,pmmov,pmmov_unit,"
    "replicates,quality_flags,retest_of,amended_by,comment\n";

TEST(SampleCsvTest, ReadsAWholeSample) {
  const auto rows = ReadAll(
      std::string(kWholeHeader) +
      "S-1,Seafield,2021-01-05,sars-cov-2,N1,1250,gc/L,none,100,lab-a,m1,2.0,"
      "24-hr flow-weighted composite,,2021-01-04,raw wastewater,liq,2021-01-06,41,F,30,20.5,"
      "adjusted,no,not_run,40,MGD,2,mmol/L,5e3,gc/mL,1200 1300|not_detected below_lod:85,"
      "flagJ lowVol,S-0,Jane Doe,\"warm, and late\"\n");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1U);
  const Catalogue sites = TwoSites();
  const Validated judged = Validate(rows->front().row, &sites, At("2021-02-01"));
  ASSERT_THAT(RulesOf(judged.violations), IsEmpty());
  const Measurement& m = *judged.measurement;
  EXPECT_EQ(m.gene, "n1");
  EXPECT_EQ(m.method_version, "2.0");
  EXPECT_EQ(m.collection.sampling, Sampling::kCompositeFlow);
  EXPECT_EQ(m.collection.composite_hours, 24);
  EXPECT_EQ(m.collection.started_at, At("2021-01-04"));
  EXPECT_EQ(m.collection.matrix, Matrix::kRawWastewater);
  EXPECT_EQ(m.collection.fraction, Fraction::kLiquid);
  EXPECT_NEAR(m.collection.received_celsius.value_or(0), 5, 1e-9);
  EXPECT_EQ(m.controls.inhibition, Inhibition::kAdjusted);
  EXPECT_EQ(m.controls.no_template_control, Control::kClean);
  EXPECT_EQ(m.controls.extraction_blank, Control::kNotRun);
  EXPECT_NEAR(m.flow_m3_per_day.value_or(0), 151416.47, 0.01);
  EXPECT_NEAR(m.normalisers.ammonium_mg_n_per_l.value_or(0), 28.0134, 1e-9);
  EXPECT_EQ(m.normalisers.pmmov_gc_per_l, 5e6);
  ASSERT_EQ(m.replicates.size(), 4U);
  EXPECT_EQ(m.replicates[1], (Replicate{1300, Censoring::kNone}));
  EXPECT_EQ(m.replicates[2], (Replicate{std::nullopt, Censoring::kNotDetected}));
  EXPECT_EQ(m.replicates[3], (Replicate{85, Censoring::kBelowLod}));
  EXPECT_EQ(m.quality_flags, (std::vector{QualityFlag::kEstimated, QualityFlag::kLowVolume}));
  EXPECT_EQ(m.retest_of, "S-0");
  EXPECT_EQ(judged.amended_by, "Jane Doe");
  EXPECT_EQ(judged.comment, "warm, and late");
}

TEST(SampleCsvTest, NewColumnsMayAllBeEmptyOrNa) {
  for (const char* nothing : {"", "NA"}) {
    std::string row = "S-1,Seafield,2021-01-05,sars-cov-2,,1250,gc/L,none,100,lab-a,m1,";
    for (int i = 0; i < 24; ++i) row += i == 0 ? "" : std::string(",") + (i > 20 ? "" : nothing);
    const auto rows = ReadAll(std::string(kWholeHeader) + row + ",\n");
    ASSERT_OK(rows);
    const Catalogue sites = TwoSites();
    const Validated judged = Validate(rows->front().row, &sites, At("2021-02-01"));
    EXPECT_THAT(RulesOf(judged.violations), IsEmpty());
    ASSERT_TRUE(judged.ok());
    EXPECT_EQ(judged.measurement->collection, Collection());
    EXPECT_EQ(judged.measurement->controls, Controls());
    EXPECT_EQ(judged.measurement->normalisers, Normalisers());
    EXPECT_THAT(judged.measurement->replicates, IsEmpty());
  }
}

TEST(SampleCsvTest, AFlowInTwoColumnsIsRefused) {
  EXPECT_THAT(RulesOfFirst("sample_id,site_id,collected_on,target,value,unit,censoring,lab_id,"
                           "flow_m3_per_day,flow,flow_unit\n"
                           "S-1,Seafield,2021-01-05,rsv,5,gc/L,none,lab,150000,40,MGD\n"),
              ElementsAre("flow_m3_per_day:given_twice"));
}

TEST(SampleCsvTest, WhatIsWrittenReadsBackTheSame) {
  Row row = GoodRow();
  row.collected_at.value = At("2021-01-05T10:30:00Z");
  row.value.value = 0.1 + 0.2;  // needs all its digits
  row.lod.value = 0.1;
  row.loq.value = 0.2;
  row.flow = {};
  const Catalogue sites = TwoSites();
  std::ostringstream out;
  SampleCsvWriter writer(out);
  writer.Write(row, *sites.Find("Seafield"));
  const auto back = ReadAll(out.str());
  ASSERT_OK(back);
  ASSERT_EQ(back->size(), 1U);
  const Row& read = back->front().row;
  EXPECT_EQ(read.sample_id, row.sample_id);
  EXPECT_EQ(read.collected_at.value, row.collected_at.value);
  EXPECT_EQ(read.known_at.value, row.known_at.value);
  EXPECT_EQ(read.value.value, row.value.value);
  EXPECT_EQ(read.censoring.value, row.censoring.value);
  EXPECT_TRUE(read.flow.absent());
  EXPECT_EQ(read.laboratory_id, row.laboratory_id);
  EXPECT_EQ(back->front().site->district_id, "Lothian");
  EXPECT_EQ(back->front().site->population_served, 600000);
}

}  // namespace
}  // namespace belgrand::sample
