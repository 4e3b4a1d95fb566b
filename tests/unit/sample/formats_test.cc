// The import formats on small inputs made by hand, and on the published files: there every count by
// verdict is compared with a program of its own (format_counts.py).
#include "sample/formats/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "sample/codes.h"
#include "sample/formats/columns.h"
#include "sample/formats/mapping.h"
#include "sample/formats/site_table.h"
#include "sample/validate.h"
#include "tests/support/shared_data.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sample/row_fixture.h"

namespace belgrand::sample {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

struct FileText {
  std::string text;
  std::map<std::string, std::string, std::less<>> beside = {};
  const SiteTable* sites = nullptr;
  const Mapping* mapping = nullptr;
  std::optional<Profile> profile = {};
};

base::StatusOr<std::vector<FileRow>> ReadFrom(std::unique_ptr<RowSource> source,
                                              std::optional<Profile> profile, ReadContext context,
                                              Profile* found = nullptr,
                                              FileNotes* notes = nullptr) {
  ASSIGN_OR_RETURN(const auto reader,
                   SampleFileReader::Open(std::move(source), profile, std::move(context)));
  if (found != nullptr) *found = reader->profile();
  std::vector<FileRow> rows;
  for (FileRow row;;) {
    ASSIGN_OR_RETURN(const bool any, reader->Next(row));
    if (!any && notes != nullptr) *notes = reader->notes();
    if (!any) return rows;
    rows.push_back(row);
  }
}

base::StatusOr<std::vector<FileRow>> Read(const FileText& file, Profile* found = nullptr,
                                          FileNotes* notes = nullptr) {
  ReadContext context{.sites = file.sites, .mapping = file.mapping, .open_beside = {}};
  context.open_beside = [&](std::string_view name) -> base::StatusOr<std::unique_ptr<RowSource>> {
    const auto text = file.beside.find(name);
    if (text == file.beside.end()) return nullptr;
    return NewCsvSource(std::make_unique<std::istringstream>(text->second));
  };
  return ReadFrom(NewCsvSource(std::make_unique<std::istringstream>(file.text)), file.profile,
                  std::move(context), found, notes);
}

std::vector<FileRow> MustRead(const FileText& file, Profile expected) {
  Profile found{};
  const auto rows = Read(file, &found);
  EXPECT_OK(rows);
  EXPECT_EQ(found, expected) << ProfileName(found);
  return rows.ok() ? *rows : std::vector<FileRow>();
}

std::vector<std::string> Judge(const Row& row) {
  return RulesOf(Validate(row, nullptr, At("2026-08-01")).violations);
}

constexpr char kDpcr[] =
    "wastewater_treatment_plant.name,collection_date,target,loq,lod,gc_per_lww\n";

TEST(SwissDpcrTest, ReplicatesBecomeOneRowAndZeroIsAState) {
  const auto rows =
      MustRead({.text = std::string(kDpcr) + "ARA Chur,2023-07-10,IAV-M,32880,6000,-0\n"
                                             "ARA Chur,2023-07-10,IAV-M,32880,6000,-0\n"
                                             "ARA Chur,2023-07-10,SARS-N1,32880,6000,50000\n"
                                             "ARA Chur,2023-07-10,SARS-N1,32880,6000,30000\n"
                                             "ARA Chur,2023-07-10,SARS-N1,54800,10000,60000\n"},
               Profile::kSwissDpcr);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].row.censoring.value, Censoring::kNotDetected);
  EXPECT_FALSE(rows[0].row.value.value.has_value());
  EXPECT_EQ(rows[0].row.replicates[1].censoring.value, Censoring::kNotDetected);
  EXPECT_EQ(rows[1].row.value.value, 40000);
  EXPECT_EQ(rows[1].row.censoring.value, Censoring::kNone);
  EXPECT_EQ(rows[1].row.replicates[1].censoring.value, Censoring::kBelowLoq);
  EXPECT_EQ(rows[1].row.sample_id, "ARA Chur/2023-07-10");
  EXPECT_EQ(rows[2].row.sample_id, "ARA Chur/2023-07-10/2") << "other limits, another analysis";
  EXPECT_THAT(rows[2].row.replicates, IsEmpty());
  for (const FileRow& row : rows) EXPECT_THAT(Judge(row.row), IsEmpty());
  const Validated n1 = Validate(rows[1].row, nullptr, At("2026-08-01"));
  EXPECT_EQ(n1.measurement->gene, "n1");
}

TEST(SwissMultivirusTest, TheFlowOfTheDayTurnsLoadsIntoConcentrations) {
  const auto rows = MustRead({.text = "sample_date,wwtp,measuring_period,measurement_type,mean\n"
                                      "2022-01-03,ARA Werdhölzli,2021/22,IAV_gc_per_day,2e12\n"
                                      "2022-01-03,ARA Werdhölzli,2021/22,IAV_gc_per_mL_WW,10\n"
                                      "2022-01-03,ARA Werdhölzli,2021/22,SARSN1_gc_per_day,4e12\n"
                                      "2022-01-04,ARA Werdhölzli,2021/22,SARSN1_gc_per_day,4e12\n"},
                             Profile::kSwissMultivirus);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].row.site_id, "ARA Werdhoelzli");
  EXPECT_EQ(rows[0].row.unit, "gc/mL");
  EXPECT_EQ(rows[1].row.flow.number.value, 200000);
  EXPECT_EQ(rows[1].row.value.value, 20000);
  EXPECT_THAT(rows[1].row.quality_flags, ElementsAre(QualityFlag::kEstimated));
  EXPECT_THAT(Judge(rows[2].row), ElementsAre("unit:unknown_unit"));
}

TEST(OpenZhTest, LoadsNeedThePopulationThatTheTableOfSitesTells) {
  const auto table = NewCsvSource(std::make_unique<std::istringstream>(
      "ARA_code,catchment_area,ARA_name,district\nARABü,35612,Bülach,Bülach\n"));
  const auto sites = SiteTable::Read(*table);
  ASSERT_OK(sites);
  FileText file{.text =
                    "date,SARS_CoV_2_RNA_copies_d_100000,quantification_flag,flow_m3_d,"
                    "sample_origin\n2021-05-30,1e13,Q,9000,ARABü\n2021-06-01,1e11,N,9000,ARABü\n",
                .beside = {}};
  const auto without = MustRead(file, Profile::kOpenZh);
  EXPECT_THAT(Judge(without[0].row), ElementsAre("unit:unknown_unit"));
  file.sites = &*sites;
  const auto with = MustRead(file, Profile::kOpenZh);
  EXPECT_NEAR(*with[0].row.value.value, 1e13 * 0.35612 / 9e6, 1e-6);
  EXPECT_EQ(with[0].site->district_id, "Buelach");
  EXPECT_THAT(Judge(with[0].row), IsEmpty());
  EXPECT_THAT(Judge(with[1].row), ElementsAre("lod:lod_required")) << "no limit is made up";
}

TEST(AmelagTest, HalfTheLimitIsNoMeasurement) {
  const auto rows = MustRead(
      {.text = "standort\tbundesland\tdatum\tviruslast\tviruslast_normalisiert\tvorhersage\t"
               "einwohner\tlaborwechsel\ttyp\tunter_bg\n"
               "Köln\tNW\t2024-01-03\t9000\t1\t1\t1000000\tnein\tSARS-CoV-2\tnein\n"
               "Köln\tNW\t2024-01-10\t600\t1\t1\t1000000\tja\tSARS-CoV-2\tja\n"
               "Köln\tNW\t2024-01-10\tNA\t1\t1\t1000000\tnein\tInfluenza A+B\tnein\n"},
      Profile::kAmelagSites);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].site->site_id, "Koeln");
  EXPECT_EQ(rows[0].row.collected_at.value, At("2024-01-04")) << "the day is the begin";
  EXPECT_THAT(Judge(rows[0].row), IsEmpty());
  EXPECT_EQ(rows[1].row.censoring.value, Censoring::kBelowLoq);
  EXPECT_FALSE(rows[1].row.value.value.has_value());
  EXPECT_EQ(rows[1].row.loq.value, 1200);
  EXPECT_NE(rows[1].row.method_id, rows[0].row.method_id) << "another laboratory";
  EXPECT_THAT(Judge(rows[1].row), IsEmpty());
  EXPECT_THAT(Judge(rows[2].row), ElementsAre("target:unknown_target", "value:value_required"));
}

constexpr char kNwss[] =
    "site_id,wwtp_name,county_names,population_served,sample_id,lab_id,sample_collect_date,"
    "sample_collect_time,time_zone,sample_type,sample_matrix,pcr_target,pcr_gene_target,"
    "pcr_target_units,pcr_target_avg_conc,lod_sewage,pcr_target_below_lod,test_result_date,"
    "flow_rate,ntc_amplify,rec_eff_percent,inhibition_detect,inhibition_adjust,major_lab_method,"
    "quality_flag\n";

TEST(NwssTest, SentinelsBecomeStates) {
  const auto rows = MustRead(
      {.text = std::string(kNwss) +
               "12345-001-01-00-00,Works,Adams,50000,S1,LAB,2024-01-02,08:00,utc-06:00,"
               "24-hr flow-weighted composite,raw wastewater,sars-cov-2,n1,copies/L wastewater,"
               "25000,1000,no,2024-01-05,5.5,no,-1,yes,no,1,no\n"
               "12345-001-01-00-00,Works,Adams,50000,S2,LAB,2024-01-02,,,grab,raw wastewater,"
               "fluav,InfA1,copies/L wastewater,0,1000,yes,2024-01-05,NA,yes,45,no,,1,yes\n"
               "12345-001-01-00-00,Works,Adams,50000,S3,LAB,2024-01-02,,,grab,raw wastewater,"
               "rsv,rsv-a and rsv-b combined,log10 copies/L wastewater,2.5,3,yes,2024-01-05,,no,"
               "-1,not tested,,1,no\n"},
      Profile::kNwss);
  ASSERT_THAT(rows, SizeIs(3));
  const Row& first = rows[0].row;
  EXPECT_EQ(first.started_at.value, At("2024-01-02T14:00:00Z"));
  EXPECT_EQ(first.collected_at.value, At("2024-01-03T14:00:00Z")) << "NWSS dates the begin";
  EXPECT_FALSE(first.recovery_percent.value.has_value()) << "-1 says not tested";
  EXPECT_EQ(first.inhibition.value, Inhibition::kUnadjusted);
  EXPECT_EQ(rows[1].row.censoring.value, Censoring::kNotDetected);
  EXPECT_FALSE(rows[1].row.value.value.has_value());
  EXPECT_EQ(rows[1].row.no_template_control.value, Control::kAmplified);
  EXPECT_EQ(rows[2].row.censoring.value, Censoring::kBelowLod);
  EXPECT_EQ(rows[2].row.inhibition.value, Inhibition::kNotTested);
  for (const FileRow& row : rows) EXPECT_THAT(Judge(row.row), IsEmpty());
  const Validated judged = Validate(first, nullptr, At("2026-08-01"));
  EXPECT_NEAR(*judged.measurement->flow_m3_per_day, 5.5 * 3785.411784, 1e-6);
  EXPECT_THAT(judged.measurement->reported, SizeIs(1)) << "the flow as it was written";
}

TEST(OdmTest, LongTablesBecomeRowsWithLimitsReplicatesAndFlags) {
  const auto rows = MustRead(
      {.text = "measureRepID,measureSetRepID,sampleID,organizationID,reportDate,fraction,measure,"
               "value,unit,aggregation,index,qualityFlag\n"
               "m1,set1,S1,lab-1,2024-01-05,liq,covN1,30,gcMl,me,,\n"
               "m2,set1,S1,lab-1,2024-01-05,liq,covN1,40,gcMl,sin,1,\n"
               "m3,set1,S1,lab-1,2024-01-05,liq,covN1,20,gcMl,sin,2,\n"
               "m4,set1,S1,lab-1,2024-01-05,liq,lod,2000,gcL,sin,,\n"
               "m5,set2,S1,lab-1,2024-01-05,liq,covN2,NA,gcL,sin,,\n"
               "m6,set2,S1,lab-1,2024-01-05,liq,slod,2000,gcL,sin,,\n"
               "m7,,S1,lab-1,2024-01-05,,floRate,12,mld,floMean,,\n",
       .beside = {{"samples.csv",
                   "sampleID,siteID,saMaterial,collType,collPer,collDTStart,collDTEnd\n"
                   "S1,W1,rawWW,flowPr,24,2024-01-01T08:00:00Z,2024-01-02T08:00:00Z\n"},
                  {"sites.csv", "siteID,name,healthRegion,popServ\nW1,Works,North,40000\n"},
                  {"qualityReports.csv",
                   "qualityReportID,measureRepID,sampleID,qualityFlag,severity\n"
                   "q1,m5,,flagND,low\nq2,m1,,flagAI,low\nq3,,S1,delayArriv,low\n"}}},
      Profile::kOdmLong);
  ASSERT_THAT(rows, SizeIs(2));
  const Row& n1 = rows[0].row;
  EXPECT_EQ(n1.unit, "gcMl");
  EXPECT_EQ(n1.lod.value, 2) << "in the unit of the value";
  EXPECT_THAT(n1.replicates, SizeIs(2));
  EXPECT_EQ(n1.collected_at.value, At("2024-01-02T08:00:00Z"));
  EXPECT_EQ(n1.matrix.value, Matrix::kRawWastewater);
  EXPECT_EQ(rows[0].site->district_id, "North");
  EXPECT_THAT(n1.quality_flags,
              ElementsAre(QualityFlag::kDelayedArrival, QualityFlag::kInhibitionAddressed));
  EXPECT_EQ(rows[1].row.censoring.value, Censoring::kNotDetected);
  for (const FileRow& row : rows) EXPECT_THAT(Judge(row.row), IsEmpty());
  const Validated judged = Validate(n1, nullptr, At("2026-08-01"));
  EXPECT_EQ(judged.measurement->flow_m3_per_day, 12000);
  EXPECT_EQ(judged.measurement->value, 30000);
  EXPECT_EQ(judged.measurement->gene, "n1");
}

TEST(OdmTest, WideNamesAreTakenApart) {
  const auto rows =
      MustRead({.text = "sas_sampleID,si_siteID,or_organizationID,sas_collDT,mr_reportDate,"
                        "wat_sa_liq_covN1_gcMl_me_1_value,wat_sa_liq_covN1_gcMl_me_1_qualityFlag,"
                        "wat_sa_liq_lod_gcMl_sin_1_value,wat_sa_liq_fluA_gcMl_me_1_value\n"
                        "S1,W1,lab-1,2024-01-02,2024-01-05,30,,2,\n"
                        "S2,W1,lab-1,2024-01-03,2024-01-06,,flagND,2,7\n"},
               Profile::kOdmWide);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].row.value.value, 30);
  EXPECT_EQ(rows[0].row.lod.value, 2);
  EXPECT_EQ(rows[1].row.censoring.value, Censoring::kNotDetected);
  EXPECT_EQ(rows[2].row.target, "fluav");
  for (const FileRow& row : rows) EXPECT_THAT(Judge(row.row), IsEmpty());
}

TEST(OdmTest, VersionOneRatiosAreNotTakenForConcentrations) {
  const auto rows = MustRead(
      {.text = "sampleID,labID,analysisDate,reportDate,fractionAnalyzed,type,unit,aggregation,"
               "value,qualityFlag\n"
               ",Ottawa-1,2021-01-05,2021-01-07,solid,covN1,gcPMMoV,meanNr,0.00026,TRUE\n"
               ",Ottawa-1,2021-01-05,2021-01-07,solid,covN1,gcPMMoV,sdNr,0.0001,TRUE\n"},
      Profile::kOdmV1Long);
  ASSERT_THAT(rows, SizeIs(1)) << "a deviation is no row";
  EXPECT_THAT(rows[0].row.quality_flags, ElementsAre(QualityFlag::kOtherConcern));
  EXPECT_THAT(Judge(rows[0].row), ElementsAre("unit:unknown_unit"));
}

constexpr char kMapping[] = R"({
  "name": "weekly sheet",
  "columns": {"Probe": "sample_id", "Werk": "site_id", "Entnahme": "collected_on",
              "Ziel": "target", "Konz": "value", "NG": "lod", "Abfluss": "flow"},
  "ignore": ["Bemerkung"],
  "constants": {"lab_id": "lab-1", "method_id": "dPCR {Ziel}"},
  "units": {"value": "gc/mL", "flow": "m3/h"},
  "date_format": "DD.MM.YYYY hh:mm", "utc_offset": "+01:00",
  "decimal": ",", "thousands": ".",
  "missing": ["-"],
  "spellings": {"n.n.": "not_detected", "0": "not_detected", "< NG": "below_lod"},
  "less_than": "below_lod",
  "words": {"target": {"Covid N1": "N1"}}
})";
constexpr char kMapped[] =
    "Probe;Werk;Entnahme;Ziel;Konz;NG;Abfluss;Bemerkung\n"
    "P1;Köln;3.01.2024 08:30;Covid N1;1.234,5;2,5;1.000;x\n"
    "P2;Köln;04.01.2024 08:30;Covid N1;n.n.;2,5;-;x\n"
    "P3;Köln;05.01.2024 08:30;Covid N1;0,0;2,5;-;x\n"
    "P4;Köln;06.01.2024 08:30;Covid N1;<2,5;;-;x\n"
    "P5;Köln;01/07/2024;Covid N1;12;2,5;-;x\n";

TEST(NotesTest, WhatNoRowCarriesIsSaid) {
  FileNotes notes;
  const FileText file{
      .text =
          "measureRepID,sampleID,siteID,organizationID,measure,value,unit,aggregation,notes,empty\n"
          "m1,S1,W1,lab-1,covN1,30,gcL,me,seen,NA\n"
          "m2,S1,W1,lab-1,covN1,5,gcL,sd,,\n"
          "m3,S2,W1,lab-1,floRate,12,mld,floMean,,\n",
      .beside = {{"samples.csv",
                  "sampleID,siteID,collDT,storage\nS1,W1,2024-01-02,fridge\n"
                  "S3,W1,2024-01-03,\n"}}};
  Profile found{};
  ASSERT_OK(Read(file, &found, &notes));
  EXPECT_EQ(found, Profile::kOdmLong);
  EXPECT_THAT(notes.unread_columns, ElementsAre("notes", "samples.csv: storage"))
      << "a column without content says nothing";
  EXPECT_THAT(notes.left_out, ElementsAre(Pair("measure covN1 with aggregation sd", 1),
                                          Pair("measure floRate beside no target", 1),
                                          Pair("sample without a measure", 1)));
}

TEST(NotesTest, AValueBelowZeroIsRefusedAndNotTakenForNothingFound) {
  const auto rows =
      MustRead({.text = std::string(kDpcr) + "ARA Chur,2023-07-10,IAV-M,32880,6000,-12\n"},
               Profile::kSwissDpcr);
  EXPECT_THAT(Judge(rows[0].row), ElementsAre("value:value_not_positive"));
}

TEST(MappingTest, ALaboratorysOwnSheetGetsTheVerdictsOfTheSampleCsv) {
  const auto mapping = Mapping::Parse(kMapping);
  ASSERT_OK(mapping);
  FileText file{.text = kMapped, .beside = {}};
  file.mapping = &*mapping;
  const auto rows = MustRead(file, Profile::kMapping);
  ASSERT_THAT(rows, SizeIs(5));
  const Validated first = Validate(rows[0].row, nullptr, At("2026-08-01"));
  ASSERT_TRUE(first.ok()) << Judge(rows[0].row).front();
  EXPECT_EQ(first.measurement->value, 1234500);
  EXPECT_EQ(first.measurement->lod, 2500);
  EXPECT_EQ(first.measurement->flow_m3_per_day, 24000);
  EXPECT_EQ(first.measurement->site_id, "Koeln");
  EXPECT_EQ(first.measurement->gene, "n1");
  EXPECT_EQ(first.measurement->method_id, "dPCR Covid N1");
  EXPECT_EQ(first.measurement->collected_at, At("2024-01-03T07:30:00Z"));
  EXPECT_EQ(rows[1].row.censoring.value, Censoring::kNotDetected);
  EXPECT_EQ(rows[2].row.censoring.value, Censoring::kNotDetected);
  EXPECT_EQ(rows[3].row.censoring.value, Censoring::kBelowLod);
  EXPECT_EQ(rows[3].row.lod.value, 2.5) << "the limit that \"<\" names";
  EXPECT_THAT(Judge(rows[4].row), ElementsAre("collected_at:not_a_date"));
}

TEST(MappingTest, WhatDoesNotFitIsNamed) {
  EXPECT_THAT(Mapping::Parse("[]"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("no JSON object")));
  EXPECT_THAT(Mapping::Parse(R"({"colums": {}})"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("did you mean columns?")));
  EXPECT_THAT(Mapping::Parse(R"({"columns": {"a": "value", "b": "value"}})"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("both value")));
  EXPECT_THAT(Mapping::Parse(R"({"columns": {"a": "value"}, "spellings": {"x": "none"}})"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("spellings.x")));
  const auto mapping = Mapping::Parse(kMapping);
  ASSERT_OK(mapping);
  FileText file{.text = "Probe;Werk;Neu\n", .beside = {}};
  file.mapping = &*mapping;
  EXPECT_THAT(Read(file), StatusIs(base::StatusCode::kInvalidArgument,
                                   HasSubstr("\"Neu\" of the file is neither mapped nor ignored")));
}

TEST(FormatsTest, EveryFormatHasOneNameAndIsFoundByIt) {
  for (const Format* format : Formats()) {
    EXPECT_EQ(&FormatOf(format->profile), format) << format->name;
    if (format->profile == Profile::kMapping) continue;
    EXPECT_THAT(ParseProfile(format->name), testing::IsOkAndHolds(format->profile));
  }
  EXPECT_THAT(ParseProfile("odm"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("odm_v2_wide")));
}

TEST(FormatsTest, NamesBecomeIdentifiers) {
  EXPECT_EQ(IdentifierOf("ARA Werdhölzli"), "ARA Werdhoelzli");
  EXPECT_EQ(IdentifierOf("Newport & Tayport (old)"), "Newport and Tayport old");
}

struct Published {
  const char* profile;
  const char* file;
  const char* sites;
  // Of files without a profile of their own, what a laboratory would write.
  const char* mapping = nullptr;
};

constexpr char kEsiCora[] = R"({
  "columns": {"Standort": "site_id", "Bundesland": "district_id", "Datum": "collected_on",
              "Genkopien_normalisiert": "value"},
  "constants": {"lab_id": "ESI-CorA", "target": "sars-cov-2", "sample_id": "{Standort}/{Datum}"},
  "units": {"value": "gc/L"}, "spellings": {"0": "not_detected"}})";
constexpr char kScotlandWeekly[] = R"json({
  "columns": {"WastewaterTreatmentWork": "site_id", "WeekEnding": "collected_on",
              "Average(Mgc)": "value"},
  "ignore": ["*"], "missing": ["NA"], "date_format": "YYYYMMDD",
  "constants": {"lab_id": "PHS", "target": "sars-cov-2",
                "sample_id": "{WastewaterTreatmentWork}/{WeekEnding}"},
  "units": {"value": "million gc/person/day"}, "spellings": {"0": "not_detected"}})json";
constexpr char kEpisewer[] = R"({
  "columns": {"date": "collected_on", "concentration": "value"},
  "ignore": ["dilution", "total_droplets", "positive_droplets"],
  "constants": {"lab_id": "Eawag", "target": "IAV", "site_id": "Zurich", "lod": "0.5",
                "sample_id": "Zurich/{date}/{replicate_id}"},
  "units": {"value": "gc/mL"}, "by_limits": true})";
constexpr char kEpisewerSars[] = R"({
  "columns": {"date": "collected_on", "concentration": "value"},
  "constants": {"lab_id": "Eawag", "target": "sars-cov-2", "site_id": "Zurich",
                "sample_id": "Zurich/{date}"},
  "units": {"value": "gc/mL"}})";

// A per-site AMELAG file, of which only the schema is published, in a folder like the published
// one.
void MakeAmelagFile(const std::filesystem::path& folder) {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  std::filesystem::create_directories(folder / "germany");
  const std::string command = fmt::format(
      "python3 '{}/tests/unit/sample/amelag_file.py' '{}' '{}'", source == nullptr ? "." : source,
      (testing::SharedData() / "germany/tableschema_amelag_einzelstandorte.en.json").string(),
      (folder / "germany/amelag_einzelstandorte.tsv").string());
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

class PublishedFileTest : public ::testing::TestWithParam<Published> {};

// What format_counts.py prints, as it prints it.
std::string IndependentCounts(const std::filesystem::path& data, const char* profile) {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  const std::string command = fmt::format("python3 '{}/tests/unit/sample/format_counts.py' '{}' {}",
                                          source == nullptr ? "." : source, data.string(), profile);
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> chunk{};
  while (const std::size_t read = std::fread(chunk.data(), 1, chunk.size(), pipe)) {
    text.append(chunk.data(), read);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

TEST_P(PublishedFileTest, VerdictsAgreeWithAnIndependentCount) {
  const testing::TempDir made;
  std::filesystem::path data = testing::SharedData();
  if (GetParam().profile == std::string_view("amelag") && std::filesystem::exists(data)) {
    data = made.path();
    MakeAmelagFile(data);
  }
  const std::filesystem::path path = data / GetParam().file;
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the published file is not at " << path
                 << ": set BELGRAND_DATA_DIR to the folder that holds " << GetParam().file;
  }
  std::optional<SiteTable> sites;
  if (GetParam().sites != nullptr) {
    const auto source = NewCsvSource(std::make_unique<std::ifstream>(data / GetParam().sites));
    auto table = SiteTable::Read(*source);
    ASSERT_OK(table);
    sites = *std::move(table);
  }
  std::optional<Mapping> mapping;
  if (GetParam().mapping != nullptr) {
    auto parsed = Mapping::Parse(GetParam().mapping);
    ASSERT_OK(parsed);
    mapping = *std::move(parsed);
  }
  Profile found{};
  FileNotes notes;
  const auto rows =
      ReadFrom(NewCsvSource(std::make_unique<std::ifstream>(path, std::ios::binary)), std::nullopt,
               {.sites = sites ? &*sites : nullptr,
                .mapping = mapping ? &*mapping : nullptr,
                .open_beside = {}},
               &found, &notes);
  ASSERT_OK(rows);
  EXPECT_EQ(ProfileName(found), mapping ? "mapping" : GetParam().profile);
  std::map<std::string, std::size_t> counts;
  std::map<std::string, std::size_t> identities;
  for (const FileRow& row : *rows) {
    ++counts["rows"];
    const Validated judged = Validate(row.row, nullptr, At("2026-08-01"));
    if (judged.ok()) {
      ++counts["accepted"];
      ++counts[fmt::format("state:{}", CensoringName(judged.measurement->censoring))];
      const Measurement& m = *judged.measurement;
      EXPECT_EQ(
          ++identities[fmt::format("{}|{}|{}|{}", m.laboratory_id, m.sample_id, m.target, m.gene)],
          1U)
          << m.sample_id;
    }
    for (const Violation& violation : judged.violations) {
      ++counts[fmt::format("rule:{}", RuleName(violation.rule()))];
    }
    if (sites.has_value()) {
      EXPECT_TRUE(row.site.has_value()) << row.row.site_id;
    }
  }
  for (const std::string& column : notes.unread_columns) ++counts["unread:" + column];
  for (const auto& [what, count] : notes.left_out) counts["left out:" + what] += count;
  std::string text;
  for (const auto& [name, count] : counts) text += fmt::format("{} {}\n", name, count);
  EXPECT_EQ(text, IndependentCounts(data, GetParam().profile));
  std::cout << GetParam().profile << "\n" << text;
}

INSTANTIATE_TEST_SUITE_P(
    Files, PublishedFileTest,
    ::testing::Values(
        Published{"swiss_dpcr", "switzerland/eawag_dPCR_data_resp6.csv",
                  "switzerland/wwtp_info.csv"},
        Published{"swiss_multivirus", "switzerland/eawag_clean_data_multivirus.csv", nullptr},
        Published{"openzh", "switzerland/openzh_COVID19_Abwassermonitoring.csv",
                  "switzerland/openzh_ara_einzugsgebiet.csv"},
        Published{"amelag", "germany/amelag_einzelstandorte.tsv", nullptr},
        Published{"amelag_curve", "germany/amelag_aggregierte_kurve.tsv", nullptr},
        Published{"scotland", "scotland/SARS-Cov2_RNA_monitoring_ww_scotland_full.csv", nullptr},
        Published{"esi_cora", "germany/ESI-CorA_Abwassersurveillance.tsv", nullptr, kEsiCora},
        Published{"scotland_weekly", "scotland/wastewater_covid19_by_wwtw_20260624.csv", nullptr,
                  kScotlandWeekly},
        Published{"episewer", "switzerland/episewer_Influenza_A_Zurich_measurements.csv", nullptr,
                  kEpisewer},
        Published{"episewer_sars", "switzerland/episewer_SARS_CoV_2_Zurich_measurements.csv",
                  nullptr, kEpisewerSars},
        Published{"odm_v1", "odm_ottawa_v1/wwMeasure.csv", nullptr},
        Published{"odm_v1_wide", "odm_ottawa_v1/wastewater_virus.csv", nullptr}),
    [](const auto& test) { return std::string(test.param.profile); });

}  // namespace
}  // namespace belgrand::sample
