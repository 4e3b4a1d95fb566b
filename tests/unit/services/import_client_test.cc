// The client side of intake against the intake role, over a real socket.
#include "services/cli/import_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <random>
#include <sstream>

#include "platform/base/file.h"
#include "services/cli/import_command.h"
#include "services/cli/sample_load.h"
#include "services/cli/verdicts_csv.h"
#include "services/shared/sample_convert.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/services/ingest_fixture.h"

namespace belgrand::cli {
namespace {

using ::belgrand::testing::IngestFixture;
using ::belgrand::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kHeader[] =
    "sample_id,site_id,district_id,population,collected_on,known_on,target,value,unit,censoring,"
    "lod,loq,"
    "flow_m3_per_day,lab_id,method_id\n";

class ImportTest : public IngestFixture {
 protected:
  std::filesystem::path File(const std::string& rows) {
    const auto path = directory_.path() / "samples.csv";
    std::ofstream(path) << kHeader << rows;
    return path;
  }
  static std::string Row(const std::string& id, const std::string& value = "25000",
                         const std::string& known = "2021-01-07") {
    return id + ",Seafield,Lothian,600000,2021-01-05," + known + ",N1," + value +
           ",gc/L,none,1316,11368,,lab-a,m1\n";
  }
  base::StatusOr<ImportTotals> Import(const std::filesystem::path& path,
                                      const ImportOptions& options = {}) {
    ASSIGN_OR_RETURN(const SampleFile file, LoadSamples(path, std::nullopt, RowOrder::kFile));
    ImportClient client(Channel(), clock_);
    ASSIGN_OR_RETURN(const std::size_t changed, client.RegisterSites(file.sites));
    (void)changed;
    seen_.clear();
    return client.Send(file.rows, options,
                       {.on_verdict =
                            [&](const sample::Row& row, const ingest::v1::Verdict& verdict) {
                              seen_.emplace_back(row.line, OutcomeName(verdict.outcome()));
                            },
                        .on_progress = {}});
  }
  // Runs the subcommand as the binary would; -1: usage.
  int Command(std::vector<std::string> arguments) {
    CLI::App app;
    RunSlot run;
    AddImport(app, run);
    std::reverse(arguments.begin(), arguments.end());
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError&) {
      return -1;
    }
    return run();
  }

  testing::TempDir directory_;
  std::vector<std::pair<std::size_t, std::string>> seen_;
};

TEST_F(ImportTest, GivesAVerdictForEveryRowInOrder) {
  const auto path =
      File(Row("S-1") + Row("S-2", "\"12,5\"") + Row("S-3", "-1") + "S-4,oops\n" + Row("S-5"));
  ImportOptions options;
  options.batch_rows = 2;
  const auto totals = Import(path, options);
  ASSERT_OK(totals);
  EXPECT_THAT(seen_, ElementsAre(Pair(2, "accepted"), Pair(3, "rejected"), Pair(4, "rejected"),
                                 Pair(5, "rejected"), Pair(6, "accepted")));
  EXPECT_THAT(totals->rejected_by_rule,
              UnorderedElementsAre(Pair("not_a_number", 1), Pair("value_not_positive", 1),
                                   Pair("column_count", 1)));
  EXPECT_EQ(StoredRows(), 2U);
}

// One code path: what a file gets through the client, its rows get over gRPC.
TEST_F(ImportTest, AFileAndItsRowsOverTheWireGetTheSameVerdicts) {
  const auto path = directory_.path() / "whole.csv";
  std::ofstream(path) << "sample_id,site_id,collected_on,target,value,unit,censoring,lod,lab_id,"
                         "sample_type,started_on,flow,flow_unit,recovery_percent,replicates\n"
                         "S-1,Seafield,2021-01-05,N1,25,gc/mL,none,1,lab-a,"
                         "24-hr flow-weighted composite,2021-01-04,40,MGD,20,24 26\n"
                         "S-2,Seafield,2021-01-05,N1,4.4,log10 gc/L,none,3,lab-a,"
                         "grab,2021-01-06,0,L/s,-1,1 2\n"
                         "S-3,Nowhere,2021-01-05,N9,,Ct,not_detected,,lab-a,,,5,gallons,,\n";
  const auto file = LoadSamples(path, std::nullopt, RowOrder::kFile);
  ASSERT_OK(file);
  ImportClient client(Channel(), clock_);
  std::vector<std::string> through_client;
  ImportOptions options;
  options.persistence = Persistence::kDryRun;
  ASSERT_OK(client.Send(file->rows, options,
                        {.on_verdict =
                             [&](const sample::Row&, const ingest::v1::Verdict& verdict) {
                               through_client.push_back(verdict.SerializeAsString());
                             },
                         .on_progress = {}}));
  std::vector<ingest::v1::Sample> samples;
  for (const sample::Row& row : file->rows) samples.push_back(*shared::ToProto(row));
  ASSERT_OK(Submit(samples, Persist::kNo));
  ASSERT_EQ(through_client.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(answer_.verdicts(i).SerializeAsString(), through_client[static_cast<std::size_t>(i)]);
  }
  EXPECT_THAT(Outcomes(),
              ElementsAre("ACCEPTED",
                          "REJECTED start_after_end value_below_lod value_below_lod out_of_range",
                          "REJECTED unknown_site unknown_target unknown_unit lod_required "
                          "unknown_unit"));
}

TEST_F(ImportTest, ImportingAgainChangesNothing) {
  const auto path = File(Row("S-1") + Row("S-2"));
  ASSERT_OK(Import(path));
  const auto again = Import(path);
  ASSERT_OK(again);
  EXPECT_EQ(again->duplicate, 2U);
  EXPECT_EQ(StoredRows(), 2U);
}

TEST_F(ImportTest, ResendsABatchWhoseAcknowledgementWasLost) {
  timeseries_.lose_answer = true;
  const auto totals = Import(File(Row("S-1") + Row("S-2")));
  ASSERT_OK(totals);
  EXPECT_EQ(totals->duplicate, 2U) << "stored the first time, and recognised the second";
  EXPECT_EQ(StoredRows(), 2U);
}

TEST_F(ImportTest, SaysThatItWaits) {
  timeseries_.lose_answer = true;
  std::vector<std::string> reasons;
  ImportOptions options;
  options.on_wait = [&](const base::Status& status, std::chrono::milliseconds wait) {
    EXPECT_GT(wait.count(), 0);
    reasons.emplace_back(base::Message(status));
  };
  ASSERT_OK(Import(File(Row("S-1")), options));
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_NE(reasons[0], "");
}

// A technician looks for the column of the file, not for the field of the API.
TEST_F(ImportTest, VerdictsNameTheColumnsOfTheFile) {
  ASSERT_OK(Import(File(Row("S-0"))));
  const auto path = directory_.path() / "bad.csv";
  std::ofstream(path)
      << kHeader
      << "S-1,Seafield,Lothian,600000,05.01.2021,yesterday,N1,25000,gc/L,none,1316,"
         "11368,,,m1\n"
         "S-2,Seafield,Lothian,600000,2021-01-05,2021-01-03,N1,25000,gc/L,none,1316,"
         "11368,,lab-a,m1\n"
         "S-3,Seafield,Lothian,600000,1899-12-30,,N1,25000,gc/L,none,1316,11368,,"
         "lab-a,m1\n"
         "S-4,Seafield,Lothian,600000,9999-12-31,,N1,25000,gc/L,none,1316,11368,,"
         "lab-a,m1\n";
  const std::string verdicts = directory_.path() / "verdicts.csv";
  EXPECT_EQ(Command({path.string(), "--server", Address(), "--verdicts", verdicts}), kExitRuntime);
  const std::string text = base::ReadFile(verdicts).value();
  EXPECT_THAT(text, HasSubstr("not_a_date,collected_on,05.01.2021,"
                              "\"collected_on is not a date"));
  EXPECT_THAT(text, HasSubstr("not_a_date,known_on,yesterday"));
  EXPECT_THAT(text, HasSubstr("required_field,lab_id,,lab_id is missing,send lab_id"));
  EXPECT_THAT(text, HasSubstr("known_before_collected,known_on,"));
  EXPECT_THAT(text, HasSubstr("date_too_early,collected_on,1899-12-30T00:00:00Z"));
  EXPECT_THAT(text, HasSubstr("date_in_future,collected_on,9999-12-31T00:00:00Z"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("collected_at")));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("laboratory_id")));
}

TEST_F(ImportTest, UnderAMappingVerdictsNameTheLaboratorysOwnColumns) {
  ASSERT_OK(Import(File(Row("S-0"))));
  const auto path = directory_.path() / "own.csv";
  std::ofstream(path) << "Probe,Ort,Tag,Wert\nS-1,Seafield,gestern,viel\n";
  const auto mapping = directory_.path() / "own.json";
  std::ofstream(mapping) << R"({"columns": {"Probe": "sample_id", "Ort": "site_id",
      "Tag": "collected_on", "Wert": "value"}, "constants": {"lab_id": "lab-a", "target": "N1",
      "censoring": "none"}, "units": {"value": "gc/L"}})";
  const std::string verdicts = directory_.path() / "verdicts.csv";
  EXPECT_EQ(Command({path.string(), "--server", Address(), "--mapping", mapping.string(),
                     "--verdicts", verdicts}),
            kExitRuntime);
  const std::string text = base::ReadFile(verdicts).value();
  EXPECT_THAT(text, HasSubstr("not_a_date,Tag,gestern,\"Tag is not a date"));
  EXPECT_THAT(text, HasSubstr("not_a_number,Wert,viel,\"Wert is not a number"));
}

TEST_F(ImportTest, ReportsInFrenchWholly) {
  const auto path = File(Row("S-1") + Row("S-2", "-1"));
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Command({path.string(), "--server", Address(), "--register-sites", "--lang", "fr"}),
            kExitRuntime);
  const std::string out = ::testing::internal::GetCapturedStdout();
  const std::string err = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(out, HasSubstr("1 site dans le fichier"));
  EXPECT_THAT(out, HasSubstr("ligne 3, échantillon « S-2 » :"));
  EXPECT_THAT(out, HasSubstr("2 lignes, profil sample_csv"));
  EXPECT_THAT(out, HasSubstr("acceptées         1"));
  EXPECT_THAT(out, HasSubstr("rejetées          1"));
  EXPECT_THAT(err, HasSubstr("lignes/s, encore"));
  for (const char* english : {"row", "accepted", "sites in", "left"}) {
    EXPECT_THAT(out + err, ::testing::Not(HasSubstr(english)));
  }
}

TEST_F(ImportTest, GivesUpWhenPatienceIsOver) {
  timeseries_.fail = true;
  ImportOptions options;
  options.patience = std::chrono::milliseconds(300);
  EXPECT_THAT(Import(File(Row("S-1")), options),
              StatusIs(base::StatusCode::kUnavailable, HasSubstr("disk full")));
}

TEST_F(ImportTest, ADryRunStoresNothing) {
  ImportOptions options;
  options.persistence = Persistence::kDryRun;
  const auto totals = Import(File(Row("S-1") + Row("S-2", "0")), options);
  ASSERT_OK(totals);
  EXPECT_EQ(totals->accepted, 1U);
  EXPECT_EQ(totals->rejected, 1U);
  EXPECT_EQ(StoredRows(), 0U);
}

TEST_F(ImportTest, TimeOrderIsByWhenTheValueBecameKnown) {
  const auto path = File(Row("late", "25000", "2021-01-20") + Row("unsaid", "25000", "") +
                         Row("early", "25000", "2021-01-06"));
  const auto file = LoadSamples(path, std::nullopt, RowOrder::kTime);
  ASSERT_OK(file);
  std::vector<std::string> ids;
  for (const auto& row : file->rows) ids.push_back(row.sample_id);
  EXPECT_THAT(ids, ElementsAre("unsaid", "early", "late"));
}

TEST_F(ImportTest, AFileThatIsCutOffIsNotHalfImported) {
  const auto path = File(Row("S-1") + "S-2,\"Seaf");
  EXPECT_THAT(Import(path), StatusIs(base::StatusCode::kInvalidArgument,
                                     HasSubstr("samples.csv: row 3, column 2 (site_id)")));
  EXPECT_EQ(StoredRows(), 0U);
}

TEST_F(ImportTest, TheCommandTellsByItsExitCodeWhetherARowWasRejected) {
  const std::string server = "127.0.0.1:" + std::to_string(server_->port());
  EXPECT_EQ(Command({File(Row("S-1")), "--server", server, "--register-sites"}), kExitOk);
  EXPECT_EQ(Command({File(Row("S-1")), "--server", server}), kExitOk) << "known already";
  const auto verdicts = directory_.path() / "verdicts.csv";
  EXPECT_EQ(Command({File(Row("S-2", "-1")), "--server", server, "--verdicts", verdicts}),
            kExitRuntime);
  EXPECT_THAT(*base::ReadFile(verdicts),
              HasSubstr("\n2,S-2,Seafield,N1,rejected,0,violation,value_not_positive,value,-1,"));
  EXPECT_EQ(Command({"/no/such/file.csv", "--server", server}), -1);
  EXPECT_EQ(Command({File(Row("S-1")), "--dry-run", "--register-sites"}), -1);
}

TEST_F(ImportTest, AVerdictsFileHoldsNoFormula) {
  std::ostringstream out;
  VerdictsCsv csv(out);
  sample::Row row;
  row.sample_id = "=HYPERLINK(1)";
  ingest::v1::Verdict verdict;
  verdict.add_violations()->set_value("-1");
  csv.Write(row, verdict);
  EXPECT_THAT(out.str(), HasSubstr(",-1,"));
  EXPECT_THAT(out.str(), HasSubstr("\n0,'=HYPERLINK(1),"));
}

TEST_F(ImportTest, TheScottishFileGetsAVerdictForEveryRow) {
  const auto path =
      testing::SharedData() / "scotland" / "SARS-Cov2_RNA_monitoring_ww_scotland_full.csv";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the published Scottish file is not at " << path
                 << ": set BELGRAND_DATA_DIR to the folder that holds scotland/";
  }
  clock_.Set(*base::ParseInstant("2022-06-01"));
  const auto totals = Import(path);
  ASSERT_OK(totals);
  EXPECT_EQ(totals->rows(), 10316U);
  EXPECT_EQ(totals->accepted, 9651U);
  EXPECT_EQ(totals->rejected, 665U);
  EXPECT_EQ(totals->rejected_by_rule.at("analysis_failed"), 615U);
  EXPECT_EQ(StoredRows(), 9651U);
}

}  // namespace
}  // namespace belgrand::cli
