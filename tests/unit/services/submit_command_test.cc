// `belgrand submit` and `belgrand spool` as a LIMS calls them, against the intake role over a real
// socket; and the sender below them.
#include "services/cli/submit_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <sstream>

#include "platform/base/file.h"
#include "services/cli/sample_sender.h"
#include "services/cli/spool_command.h"
#include "services/spool/spool.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/services/ingest_fixture.h"

namespace belgrand::cli {
namespace {

using ::belgrand::testing::IngestFixture;
using ::belgrand::testing::StatusIs;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kHeader[] =
    "sample_id,site_id,district_id,population,collected_on,known_on,target,value,unit,censoring,"
    "lod,loq,flow_m3_per_day,lab_id,method_id\n";

class SubmitTest : public IngestFixture {
 protected:
  std::string File(const std::string& name, const std::string& rows) {
    const auto path = directory_.path() / name;
    std::ofstream(path) << kHeader << rows;
    return path;
  }
  static std::string Row(const std::string& id, const std::string& value = "25000") {
    return id + ",Seafield,Lothian,600000,2021-01-05,2021-01-07,N1," + value +
           ",gc/L,none,1316,11368,,lab-a,m1\n";
  }
  std::string SpoolDirectory() const { return directory_.path() / "spool"; }

  template <typename Add>
  int Run(const Add& add, std::vector<std::string> arguments) {
    CLI::App app;
    RunSlot run;
    add(app, run);
    std::reverse(arguments.begin(), arguments.end());
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError&) {
      return kExitUsage;
    }
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run();
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  int Submit(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--spool", SpoolDirectory(), "--patience", "0", "--server",
                                       server_ ? Address() : "localhost:1"});
    return Run(AddSubmit, arguments);
  }
  int Spool(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--spool", SpoolDirectory()});
    return Run(AddSpool, arguments);
  }
  std::string VerdictFile(int number) {
    for (const auto& entry : std::filesystem::directory_iterator(SpoolDirectory() + "/verdicts")) {
      if (entry.path().filename().string().starts_with(fmt::format("{:08}", number))) {
        return base::ReadFile(entry.path()).value_or("");
      }
    }
    return "no verdict file";
  }

  testing::TempDir directory_;
  std::string out_;
  std::string err_;
};

TEST_F(SubmitTest, DeliversAndLeavesAVerdictFile) {
  EXPECT_EQ(Submit({File("a.csv", Row("S-1") + Row("S-2"))}), kExitOk) << err_;
  EXPECT_EQ(StoredRows(), 2U);
  EXPECT_THAT(VerdictFile(1), HasSubstr("\n2,S-1,Seafield,N1,accepted,1,"));
  EXPECT_EQ(Submit({File("a.csv", Row("S-1") + Row("S-2"))}), kExitOk) << "known already";
  EXPECT_THAT(VerdictFile(2), HasSubstr("\n2,S-1,Seafield,N1,duplicate,1,"));
}

TEST_F(SubmitTest, KeepsRowsWhileTheServiceIsAwayAndSendsThemInOrder) {
  StopServer();
  EXPECT_EQ(Submit({File("a.csv", Row("S-1")), File("b.csv", Row("S-2"))}), kExitSpooled);
  EXPECT_THAT(out_, HasSubstr("1 row spooled as input 1"));
  EXPECT_THAT(err_, HasSubstr("kept in the spool, the next call sends it"));
  EXPECT_EQ(Submit({File("c.csv", Row("S-1", "30000"))}), kExitSpooled);
  Serve();
  EXPECT_EQ(Submit({"--drain"}), kExitRejected) << "S-1 of c.csv changes S-1 of a.csv";
  EXPECT_THAT(VerdictFile(1), HasSubstr("accepted"));
  EXPECT_THAT(VerdictFile(2), HasSubstr("accepted"));
  EXPECT_THAT(VerdictFile(3), HasSubstr("rejected"));
  EXPECT_THAT(VerdictFile(3), HasSubstr("amendment_reason_required"));
  EXPECT_EQ(Submit({"--drain"}), kExitOk) << "what was rejected is not sent again";
  EXPECT_EQ(StoredRows(), 2U);
}

TEST_F(SubmitTest, GivesTheVerdictsThatImportGives) {
  EXPECT_EQ(Submit({File("a.csv", Row("S-1") + Row("S-2", "\"12,5\"") + Row("S-3", "-1") +
                                      "S-4,oops\n" + Row("S-5"))}),
            kExitRejected);
  const std::string verdicts = VerdictFile(1);
  EXPECT_THAT(verdicts, HasSubstr("\n2,S-1,Seafield,N1,accepted,1,"));
  EXPECT_THAT(verdicts, HasSubstr("\n3,S-2,Seafield,N1,rejected,0,violation,not_a_number"));
  EXPECT_THAT(verdicts, HasSubstr("\n4,S-3,Seafield,N1,rejected,0,violation,value_not_positive"));
  EXPECT_THAT(verdicts, HasSubstr(",rejected,0,violation,column_count"));
  EXPECT_THAT(verdicts, HasSubstr("\n6,S-5,Seafield,N1,accepted,1,"));
  EXPECT_EQ(StoredRows(), 2U);
}

TEST_F(SubmitTest, ALostAcknowledgementStoresNothingTwice) {
  timeseries_.lose_answer = true;
  EXPECT_EQ(Submit({File("a.csv", Row("S-1"))}), kExitSpooled);
  EXPECT_EQ(Submit({"--drain"}), kExitOk);
  EXPECT_EQ(StoredRows(), 1U);
}

// A LIMS that calls `submit out/*.csv` must not stop for ever at one empty file.
TEST_F(SubmitTest, AnUnreadableFileKeepsNoOtherOut) {
  const auto cut = File("cut.csv", Row("S-1") + "S-2,\"Seaf");
  const auto empty = File("empty.csv", "");
  const std::string gone = directory_.path() / "gone.csv";
  EXPECT_EQ(Submit({cut, File("good.csv", Row("S-3")), empty, gone, File("b.csv", Row("S-4"))}),
            kExitRuntime);
  EXPECT_THAT(err_, HasSubstr("cut.csv: row 3"));
  EXPECT_THAT(err_, HasSubstr("empty.csv has no rows"));
  EXPECT_THAT(err_, HasSubstr("gone.csv: the file cannot be opened"));
  EXPECT_THAT(err_, HasSubstr("3 of 5 files not taken"));
  EXPECT_EQ(StoredRows(), 2U) << "S-1 of the file that is cut off is not";
  EXPECT_THAT(VerdictFile(1), HasSubstr("S-3"));
  EXPECT_THAT(VerdictFile(2), HasSubstr("S-4"));
  EXPECT_EQ(Submit({}), kExitUsage);
}

TEST_F(SubmitTest, AMisspeltSpoolIsNotMade) {
  EXPECT_EQ(Spool({"list"}), kExitRuntime);
  EXPECT_THAT(err_, HasSubstr("there is no spool here"));
  EXPECT_EQ(Spool({"show", "1"}), kExitRuntime);
  EXPECT_EQ(Submit({"--drain"}), kExitRuntime) << "a typing error must not look delivered";
  EXPECT_FALSE(std::filesystem::exists(SpoolDirectory()));
}

TEST_F(SubmitTest, AFullSpoolSaysSoAndKeepsWhatItHas) {
  StopServer();
  std::string rows;
  for (int i = 0; i < 15000; ++i) rows += Row("S-" + std::to_string(i));
  const auto large = File("large.csv", rows);
  EXPECT_EQ(Submit({File("a.csv", Row("first")), "--limit-mib", "1"}), kExitSpooled);
  EXPECT_EQ(Submit({large, "--limit-mib", "1"}), kExitRuntime);
  EXPECT_THAT(err_, HasSubstr("large.csv was not spooled"));
  EXPECT_THAT(err_, HasSubstr("of at most 1048576 bytes"));
  Serve();
  EXPECT_EQ(Submit({"--drain"}), kExitOk);
  EXPECT_EQ(StoredRows(), 1U);
}

TEST_F(SubmitTest, ASecondDrainLeavesTheFirstAlone) {
  spool::SpoolOptions options;
  options.directory = SpoolDirectory();
  const auto spool = spool::Spool::Open(options, clock_);
  ASSERT_OK(spool);
  {
    const auto drain = (*spool)->BeginDrain();
    ASSERT_OK(drain);
    EXPECT_EQ(Submit({File("a.csv", Row("S-1"))}), kExitSpooled);
    EXPECT_THAT(err_, HasSubstr("another process drains this spool"));
  }
  EXPECT_EQ(StoredRows(), 0U);
  EXPECT_EQ(Submit({"--drain"}), kExitOk);
  EXPECT_EQ(StoredRows(), 1U);
}

TEST_F(SubmitTest, ListShowAndDropTellWhatThereIs) {
  StopServer();
  EXPECT_EQ(Submit({File("a.csv", Row("S-1") + Row("S-2", "-1"))}), kExitSpooled);
  EXPECT_EQ(Spool({"list"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("1 input waits"));
  EXPECT_THAT(out_, HasSubstr("2 rows without a verdict"));
  EXPECT_THAT(out_, HasSubstr("a.csv"));
  EXPECT_EQ(Spool({"show", "1"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("row 3: sample \"S-2\", site \"Seafield\", target \"N1\": waits"));
  EXPECT_EQ(Spool({"drop", "1"}), kExitRuntime);
  EXPECT_THAT(err_, HasSubstr("2 rows without a verdict, which would be lost"));
  Serve();
  EXPECT_EQ(Submit({"--drain"}), kExitRejected);
  EXPECT_EQ(Spool({"show", "1"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("value_not_positive"));
  EXPECT_EQ(Spool({"drop", "1"}), kExitOk);
  EXPECT_EQ(Spool({"show", "1"}), kExitRuntime);
  EXPECT_THAT(err_, HasSubstr("input 1 has no verdict file"));
  StopServer();
  EXPECT_EQ(Submit({File("b.csv", Row("S-3"))}), kExitSpooled);
  EXPECT_EQ(Spool({"drop", "2", "--unsent"}), kExitOk);
  EXPECT_EQ(Spool({"list"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("0 inputs wait"));
}

TEST_F(SubmitTest, PassesOverADamagedInputAndSaysSo) {
  StopServer();
  EXPECT_EQ(Submit({File("a.csv", Row("S-1"))}), kExitSpooled);
  EXPECT_EQ(Submit({File("b.csv", Row("S-2"))}), kExitSpooled);
  const std::string path = SpoolDirectory() + "/queue/00000001.spool";
  std::string bytes = *base::ReadFile(path);
  bytes[bytes.size() - 50] = static_cast<char>(bytes[bytes.size() - 50] ^ 1);
  ASSERT_OK(base::WriteFileAtomically(path, bytes));
  Serve();
  EXPECT_EQ(Submit({"--drain"}), kExitRuntime);
  EXPECT_THAT(err_, HasSubstr("00000001.spool is damaged"));
  EXPECT_EQ(StoredRows(), 1U) << "b.csv is delivered";
  EXPECT_EQ(Spool({"list"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("00000001.spool is damaged"));
}

TEST_F(SubmitTest, HalvesABatchThatTheServiceFindsTooLarge) {
  StopServer();
  config_.mutable_ingest()->set_max_batch_rows(3);
  Serve();
  std::string rows;
  for (int i = 0; i < 10; ++i) rows += Row("S-" + std::to_string(i));
  EXPECT_EQ(Submit({File("a.csv", rows)}), kExitOk) << err_;
  EXPECT_EQ(StoredRows(), 10U);
}

// A service that answers as the test says.
class Moody final : public ingest::v1::IngestService::Service {
 public:
  grpc::Status SubmitSamples(grpc::ServerContext*, const ingest::v1::SubmitSamplesRequest* request,
                             ingest::v1::SubmitSamplesResponse* response) override {
    ++calls;
    if (!refusals.empty()) {
      const base::Status status = refusals.front();
      refusals.erase(refusals.begin());
      return rpc::ToGrpc(status);
    }
    for (int i = 0; i < request->samples_size(); ++i) response->add_verdicts();
    return grpc::Status::OK;
  }
  std::vector<base::Status> refusals;
  int calls = 0;
};

class SenderTest : public ::testing::Test {
 protected:
  SenderTest() {
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = {&service_};
    server_ = *rpc::Server::Create(options);
    channel_ = server_->InProcessChannel();
  }
  base::StatusOr<Verdicts> Send(std::uint64_t seed = 1) {
    waits_.clear();
    SampleSender sender(
        channel_, [this](milliseconds time) { waits_.push_back(time); }, seed);
    SampleSender::Options options;
    options.patience = std::chrono::seconds(60);
    return sender.Send(std::vector<ingest::v1::Sample>(4), options);
  }

  Moody service_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<milliseconds> waits_;
};

TEST_F(SenderTest, WaitsAtLeastAsLongAsTheServiceAsksAndNotTheSameEachTime) {
  const auto busy =
      rpc::WithRetryDelay(base::ResourceExhausted("busy"), std::chrono::milliseconds(2500));
  std::set<milliseconds> different;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    service_.refusals = {busy, busy};
    ASSERT_OK(Send(seed));
    ASSERT_EQ(waits_.size(), 2U);
    for (const milliseconds wait : waits_) {
      EXPECT_GE(wait, milliseconds(2500));
      EXPECT_LE(wait, milliseconds(3750));
      different.insert(wait);
    }
  }
  EXPECT_GT(different.size(), 10U) << "clients cut off together would come back together";
}

TEST_F(SenderTest, BacksOffByItselfWhereTheServiceDoesNotSay) {
  service_.refusals.assign(8, base::Unavailable("away"));
  ASSERT_OK(Send());
  ASSERT_EQ(waits_.size(), 8U);
  EXPECT_GE(waits_[0], milliseconds(100));
  EXPECT_GE(waits_[3], milliseconds(800));
  EXPECT_LE(waits_[7], milliseconds(7500)) << "five seconds and a half of it";
}

TEST_F(SenderTest, DoesNotBeginAWaitThatPatienceDoesNotReach) {
  service_.refusals = {
      rpc::WithRetryDelay(base::ResourceExhausted("busy"), std::chrono::minutes(5))};
  EXPECT_THAT(Send(), StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("busy")));
  EXPECT_THAT(waits_, IsEmpty());
}

TEST_F(SenderTest, ARefusalForGoodIsNotRepeated) {
  service_.refusals = {base::PermissionDenied("not you")};
  EXPECT_THAT(Send(), StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("not you")));
  EXPECT_EQ(service_.calls, 1);
}

TEST_F(SenderTest, AMessageOverTheWireLimitIsHalved) {
  service_.refusals = {
      base::ResourceExhausted("Received message larger than max (17825792 vs. 16777216)")};
  const auto verdicts = Send();
  ASSERT_OK(verdicts);
  EXPECT_EQ(verdicts->size(), 4);
  EXPECT_EQ(service_.calls, 3) << "whole, then two halves";
}

}  // namespace
}  // namespace belgrand::cli
