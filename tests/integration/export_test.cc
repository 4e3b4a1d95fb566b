// Files go into a running service, come out as an export and go in again: every row is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "platform/base/file.h"
#include "tests/support/deployment.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/zip_writer.h"

namespace belgrand::testing {
namespace {

using shared::RoleName;
using ::testing::HasSubstr;

constexpr char kSamples[] =
    "sample_id,site_id,district_id,population,collected_on,known_on,target,gene,value,unit,"
    "censoring,lod,loq,flow,flow_unit,lab_id,method_id,method_version,quality_flags,sample_"
    "type,started_on,matrix,fraction,received_on,received_temperature,received_temperature_"
    "unit,recovery_percent,inhibition,no_template_control,ammonium,pmmov,replicates,retest_"
    "of\n"
    "S1,W1,North,40000,2024-01-02T08:00:00Z,2024-01-05,sars-cov-2,n1,30,gc/mL,none,2,10,2.5"
    ",MGD,lab-a,ddpcr,v1,delayed_arrival flagAI,24-hr flow-weighted composite,2024-01-01T08"
    ":00:00Z,raw wastewater,liquid,2024-01-02T12:00:00Z,41,F,45.5,adjusted,clean,23.5,1e7,2"
    "0 40,\n"
    "S1,W1,North,40000,2024-01-02T08:00:00Z,2024-01-05,sars-cov-2,n2,,gc/mL,not_detected,2,"
    "10,,,lab-a,ddpcr,v1,,24-hr flow-weighted composite,2024-01-01T08:00:00Z,raw wastewater"
    ",liquid,,,,,,,,,not_detected below_lod:1.5,\n"
    "S2,W1,North,40000,2024-01-03,,IAV,,4.5,log10 gc/L,none,3,4,,,lab-b,,,,grab,,,,,,,,,,,,"
    ",S1\n"
    "S1,W2,South,90000,2024-01-04,2024-01-06,RSV,,900,gc/L,below_lod,1000,,,,lab-b,,,qf1,,,"
    ",,,,,,,,,,,\n"
    "S4,W2,South,90000,2024-01-05,2024-01-06,RSV,,,gc/L,below_loq,1000,5000,,,lab-b,,,,,,,,"
    ",,,,,,,,,\n"
    "S5,W2,South,90000,2024-01-05,2024-01-06,RSV,,0,gc/L,none,1000,5000,,,lab-b,,,,,,,,,,,,"
    ",,,,,\n";

class ExportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    deployment_ = std::make_unique<Deployment>(Shape::kOneProcess, dir_.path() / "run");
    ASSERT_OK(deployment_->Start());
  }

  CommandResult Run(std::vector<std::string> arguments, RoleName role = RoleName::kIngest) {
    for (const std::string& flag : deployment_->ClientFlags(role, "operator")) {
      arguments.push_back(flag);
    }
    return RunBelgrand(arguments);
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = dir_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  // Exports everything in both formats and imports each again: as many duplicates as rows.
  void ExpectEveryRowKnown(const std::string& rows) {
    for (const std::string format : {"odm", "frictionless"}) {
      const std::string out = (dir_.path() / ("out-" + format)).string();
      const CommandResult exported =
          Run({"export", "--format", format, "--out", out, "--license", "CC-BY-4.0"},
              RoleName::kTimeseries);
      ASSERT_EQ(exported.exit_code, 0) << exported.err;
      EXPECT_THAT(exported.out, HasSubstr(": " + rows + " rows of"));
      const CommandResult again = Run({"import", out});
      EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
      EXPECT_THAT(again.out, HasSubstr(rows + " rows"));
      EXPECT_THAT(again.out, ::testing::ContainsRegex("duplicate[^0-9]*" + rows)) << again.out;
      EXPECT_THAT(again.out, ::testing::Not(HasSubstr("left out")));
    }
  }

  const TempDir dir_;
  std::unique_ptr<Deployment> deployment_;
};

TEST_F(ExportTest, WhatIsExportedAndImportedAgainIsKnownRowByRow) {
  const CommandResult first = Run({"import", Write("samples.csv", kSamples), "--register-sites"});
  EXPECT_EQ(first.exit_code, 1) << "one row is wrong on purpose";
  EXPECT_THAT(first.out, HasSubstr("value_not_positive"));
  ExpectEveryRowKnown("5");
  const CommandResult own = Run({"import", (dir_.path() / "samples.csv").string()});
  EXPECT_THAT(own.out, ::testing::ContainsRegex("duplicate[^0-9]*5")) << own.out;
}

TEST_F(ExportTest, ASeriesIsShownRawAndNormalisedAndSaysWhatIsMissing) {
  ASSERT_EQ(Run({"import", Write("samples.csv", kSamples), "--register-sites"}).exit_code, 1);
  const std::vector<std::string> show = {
      "series", "--site", "W1", "--target", "sars-cov-2", "--normalise", "flow,pmmov,ammonium"};
  const CommandResult text = Run(show, RoleName::kTimeseries);
  ASSERT_EQ(text.exit_code, 0) << text.err;
  // 30,000 gc/L in 2.5 MGD (9,463.5 m3/d) of 40,000 persons; PMMoV 1e7 gc/L; 23.5 mg N/L.
  EXPECT_THAT(text.out, ::testing::ContainsRegex("n1 +30,000 +710 +3,000 +1,020\n"));
  EXPECT_THAT(text.out, ::testing::ContainsRegex("n2 +< 2,000 +no flow +no PMMoV +no ammonium\n"));
  std::vector<std::string> file = show;
  file.insert(file.end(), {"--csv", (dir_.path() / "series.csv").string()});
  ASSERT_EQ(Run(file, RoleName::kTimeseries).exit_code, 0);
  const auto csv = base::ReadFile(dir_.path() / "series.csv");
  ASSERT_OK(csv);
  EXPECT_THAT(*csv, HasSubstr(",flow,flow_lod,flow_loq,flow_missing,pmmov,"));
  EXPECT_THAT(*csv, HasSubstr(",n2,ddpcr,not_detected,,2000,10000,,,,flow,,,,PMMoV,,,,ammonium"));
  EXPECT_EQ(Run({"series", "--site", "W9", "--target", "rsv"}, RoleName::kTimeseries).exit_code, 1);
  EXPECT_EQ(Run({"series", "--site", "W1", "--target", "zzz"}, RoleName::kTimeseries).exit_code, 2);
}

TEST_F(ExportTest, APackageSaysItsSchemaAndLicence) {
  ASSERT_EQ(Run({"import", Write("samples.csv", kSamples), "--register-sites"}).exit_code, 1);
  const std::filesystem::path out = dir_.path() / "package";
  ASSERT_EQ(Run({"export", "--format", "frictionless", "--out", out.string(), "--license",
                 "CC-BY-4.0", "--site", "W1"},
                RoleName::kTimeseries)
                .exit_code,
            0);
  const auto text = base::ReadFile(out / "datapackage.json");
  ASSERT_OK(text);
  const auto package = nlohmann::json::parse(*text);
  EXPECT_EQ(package["licenses"][0]["name"], "CC-BY-4.0");
  std::ifstream csv(out / "measurements.csv");
  std::string header;
  std::getline(csv, header);
  std::string described;
  for (const auto& field : package["resources"][0]["schema"]["fields"]) {
    described += (described.empty() ? "" : ",") + field["name"].get<std::string>();
  }
  EXPECT_EQ(described, header);
  EXPECT_THAT(
      Run({"export", "--format", "frictionless", "--out", out.string()}, RoleName::kTimeseries).err,
      HasSubstr("is there already"));
}

TEST_F(ExportTest, ASheetUnderAMappingGetsTheVerdictsOfTheSameRowsInCsv) {
  const std::string mapping = Write("mapping.json", R"({"name": "sheet",
    "columns": {"Probe": "sample_id", "Werk": "site_id", "Datum": "collected_on", "Konz": "value"},
    "constants": {"lab_id": "lab-a", "target": "IAV", "lod": "2"}, "units": {"value": "gc/mL"},
    "spellings": {"n.n.": "not_detected"}})");
  ASSERT_EQ(Run({"import", Write("samples.csv", kSamples), "--register-sites"}).exit_code, 1);
  const std::string book = Write("sheet.xlsx", WorkbookOf(R"(<worksheet>
    <row r="1"><c t="inlineStr"><is><t>Probe</t></is></c><c t="inlineStr"><is><t>Werk</t></is></c>
      <c t="inlineStr"><is><t>Datum</t></is></c><c t="inlineStr"><is><t>Konz</t></is></c></row>
    <row r="2"><c t="inlineStr"><is><t>X1</t></is></c><c t="inlineStr"><is><t>W1</t></is></c>
      <c s="1"><v>45300</v></c><c><v>12.5</v></c></row>
    <row r="3"><c t="inlineStr"><is><t>X2</t></is></c><c t="inlineStr"><is><t>W1</t></is></c>
      <c s="1"><v>45301</v></c><c t="inlineStr"><is><t>n.n.</t></is></c></row>
    <row r="4"><c t="inlineStr"><is><t>X3</t></is></c><c t="inlineStr"><is><t>W9</t></is></c>
      <c s="1"><v>45302</v></c><c t="inlineStr"><is><t>?</t></is></c></row></worksheet>)"));
  const CommandResult checked = RunBelgrand({"mapping", "check", mapping, "--data", book});
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_THAT(checked.out, HasSubstr("3 rows, 2 would pass"));
  const CommandResult sheet = Run({"import", book, "--mapping", mapping});
  EXPECT_THAT(sheet.out, HasSubstr("not_a_number"));
  EXPECT_THAT(sheet.out, ::testing::ContainsRegex("accepted[^0-9]*2")) << sheet.out;
  const CommandResult csv =
      Run({"import",
           Write("sheet.csv",
                 "Probe;Werk;Datum;Konz\nX1;W1;2024-01-09;12.5\nX2;W1;2024-01-10;n.n.\n"
                 "X3;W9;2024-01-11;?\n"),
           "--mapping", mapping});
  EXPECT_THAT(csv.out, ::testing::ContainsRegex("duplicate[^0-9]*2")) << csv.out;
}

}  // namespace
}  // namespace belgrand::testing
