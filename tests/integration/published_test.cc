// Every published file through the command line into a running service: as many rows accepted and
// refused as a program of its own counts (tests/unit/sample/format_counts.py), and everything that
// was accepted comes out as an export and goes in again as a duplicate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
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

struct Published {
  const char* profile;
  const char* file;
  // A table of sites beside it; empty: the file describes them itself, or `site` says which.
  const char* table = "";
  // Of a file that does not say all of its sites: the column that names them, or their only name.
  const char* column = "";
  const char* site = "";
  const char* mapping = "";
  const char* district = "";
};

class PublishedTest : public ::testing::TestWithParam<Published> {
 protected:
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
  // The names and districts of sites as the file has them, as a table for the catalogue.
  std::string TableOfNames(const std::filesystem::path& path) const {
    std::map<std::string, std::string> sites;
    if (*GetParam().site != '\0') sites[GetParam().site] = "somewhere";
    std::ifstream in(path);
    const char separator = path.extension() == ".tsv" ? '\t' : ',';
    std::map<std::string, std::size_t> header;
    for (std::string line; *GetParam().column != '\0' && std::getline(in, line);) {
      std::vector<std::string> cells;
      std::istringstream text(line);
      for (std::string cell; std::getline(text, cell, separator); cells.push_back(cell)) {
        std::erase_if(cell, [](char c) { return c == '"' || c == '\r'; });
      }
      if (header.empty()) {
        for (std::size_t i = 0; i < cells.size(); ++i) header[cells[i]] = i;
        continue;
      }
      sites[cells.at(header.at(GetParam().column))] =
          *GetParam().district == '\0' ? "somewhere" : cells.at(header.at(GetParam().district));
    }
    std::string table = "name,district_id,population\n";
    for (const auto& [name, district] : sites) table += name + "," + district + ",1000\n";
    return table;
  }
  static std::string Script(const std::string& name) {
    const char* source = std::getenv("BELGRAND_SOURCE_DIR");
    return fmt::format("{}/tests/unit/sample/{}", source == nullptr ? "." : source, name);
  }
  // Of the per-site AMELAG file only the schema is published: a file made after it.
  void MakeAmelagFile() {
    const std::filesystem::path schema =
        data_ / "germany/tableschema_amelag_einzelstandorte.en.json";
    if (!std::filesystem::exists(schema)) return;
    data_ = dir_.path() / "made";
    std::filesystem::create_directories(data_ / "germany");
    const std::string command = fmt::format("python3 '{}' '{}' '{}'", Script("amelag_file.py"),
                                            schema.string(), (data_ / GetParam().file).string());
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  // "accepted 12" of what the other program prints; 0 when it has no such line.
  std::size_t Independent(const std::string& name) const {
    const std::string command = fmt::format("python3 '{}' '{}' {}", Script("format_counts.py"),
                                            data_.string(), GetParam().profile);
    std::FILE* pipe = popen(command.c_str(), "r");
    std::string text = "\n";
    std::array<char, 4096> chunk{};
    while (const std::size_t read = std::fread(chunk.data(), 1, chunk.size(), pipe)) {
      text.append(chunk.data(), read);
    }
    EXPECT_EQ(pclose(pipe), 0) << command;
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? 0 : std::stoul(text.substr(at + name.size() + 2));
  }
  // The number that stands behind a word in the output of an import.
  static std::size_t Told(const std::string& output, const std::string& word) {
    const std::size_t at = output.find("\n  " + word + " ");
    if (at == std::string::npos) return static_cast<std::size_t>(-1);
    std::string digits;
    for (std::size_t i = at + word.size() + 3; i < output.size() && output[i] != '\n'; ++i) {
      if (output[i] >= '0' && output[i] <= '9') digits.push_back(output[i]);
    }
    return std::stoul(digits);
  }

  const TempDir dir_;
  std::filesystem::path data_ = SharedData();
  std::unique_ptr<Deployment> deployment_;
};

TEST_P(PublishedTest, GoesInAsCountedComesOutAndIsKnownWhenItGoesInAgain) {
  const Published& given = GetParam();
  if (given.profile == std::string_view("amelag")) MakeAmelagFile();
  const std::filesystem::path path = data_ / given.file;
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the published file is not at " << path
                 << ": set BELGRAND_DATA_DIR to the folder that holds " << given.file;
  }
  deployment_ = std::make_unique<Deployment>(Shape::kOneProcess, dir_.path() / "run");
  ASSERT_OK(deployment_->Start());
  std::vector<std::string> import = {"import", path.string()};
  if (*given.mapping != '\0') {
    import.insert(import.end(), {"--mapping", Write("mapping.json", given.mapping)});
  }
  if (*given.table != '\0') {
    import.insert(import.end(), {"--sites", (data_ / given.table).string()});
  }
  if (*given.column != '\0' || *given.site != '\0') {
    const CommandResult loaded =
        Run({"sites", "load", Write("sites.csv", TableOfNames(path))}, RoleName::kTimeseries);
    ASSERT_EQ(loaded.exit_code, 0) << loaded.err;
  } else {
    import.push_back("--register-sites");
  }
  const std::size_t rows = Independent("rows");
  const std::size_t accepted = Independent("accepted");
  ASSERT_GT(rows, 0U);
  const CommandResult first = Run(import);
  EXPECT_EQ(first.exit_code, accepted == rows ? 0 : 1) << first.err;
  EXPECT_EQ(Told(first.out, "accepted"), accepted) << first.out;
  EXPECT_EQ(Told(first.out, "rejected"), rows - accepted) << first.out;
  EXPECT_EQ(Told(first.out, "duplicate"), 0U) << first.out;
  const CommandResult second = Run(import);
  EXPECT_EQ(Told(second.out, "duplicate"), accepted) << second.out;
  EXPECT_EQ(Told(second.out, "accepted") + Told(second.out, "amended"), 0U) << second.out;
  for (const std::string format : {"odm", "frictionless"}) {
    const std::string out = (dir_.path() / format).string();
    const CommandResult exported =
        Run({"export", "--format", format, "--out", out, "--license", "CC-BY-4.0"},
            RoleName::kTimeseries);
    ASSERT_EQ(exported.exit_code, 0) << exported.err;
    if (accepted == 0) continue;
    const CommandResult again = Run({"import", out});
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    EXPECT_EQ(Told(again.out, "duplicate"), accepted) << format << again.out;
    EXPECT_EQ(Told(again.out, "accepted") + Told(again.out, "amended"), 0U) << again.out;
    EXPECT_THAT(again.out, Not(HasSubstr("left out")));
  }
  std::cout << fmt::format("{}: {} rows, {} accepted\n", given.profile, rows, accepted);
}

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

INSTANTIATE_TEST_SUITE_P(
    Files, PublishedTest,
    ::testing::Values(
        Published{.profile = "swiss_dpcr",
                  .file = "switzerland/eawag_dPCR_data_resp6.csv",
                  .table = "switzerland/wwtp_info.csv"},
        Published{.profile = "swiss_multivirus",
                  .file = "switzerland/eawag_clean_data_multivirus.csv",
                  .column = "wwtp"},
        Published{.profile = "openzh",
                  .file = "switzerland/openzh_COVID19_Abwassermonitoring.csv",
                  .table = "switzerland/openzh_ara_einzugsgebiet.csv"},
        Published{.profile = "amelag", .file = "germany/amelag_einzelstandorte.tsv"},
        Published{.profile = "amelag_curve",
                  .file = "germany/amelag_aggregierte_kurve.tsv",
                  .site = "Deutschland"},
        Published{.profile = "scotland",
                  .file = "scotland/SARS-Cov2_RNA_monitoring_ww_scotland_full.csv"},
        Published{.profile = "esi_cora",
                  .file = "germany/ESI-CorA_Abwassersurveillance.tsv",
                  .column = "Standort",
                  .mapping = kEsiCora,
                  .district = "Bundesland"},
        Published{.profile = "scotland_weekly",
                  .file = "scotland/wastewater_covid19_by_wwtw_20260624.csv",
                  .column = "WastewaterTreatmentWork",
                  .mapping = kScotlandWeekly},
        Published{.profile = "episewer",
                  .file = "switzerland/episewer_Influenza_A_Zurich_measurements.csv",
                  .site = "Zurich",
                  .mapping = kEpisewer},
        Published{.profile = "episewer_sars",
                  .file = "switzerland/episewer_SARS_CoV_2_Zurich_measurements.csv",
                  .site = "Zurich",
                  .mapping = kEpisewerSars},
        Published{.profile = "odm_v1", .file = "odm_ottawa_v1/wwMeasure.csv", .site = "Ottawa-1"},
        Published{.profile = "odm_v1_wide",
                  .file = "odm_ottawa_v1/wastewater_virus.csv",
                  .site = "Ottawa-1"}),
    [](const auto& test) { return std::string(test.param.profile); });

}  // namespace
}  // namespace belgrand::testing
