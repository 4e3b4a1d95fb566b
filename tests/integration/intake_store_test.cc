// Intake, the time series store, the keyring and the audit log behind one server, over a socket,
// with restarts: what was acknowledged is there, once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/file.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "services/cli/import_client.h"
#include "services/cli/sample_load.h"
#include "services/compliance/compliance_role.h"
#include "services/ingest/ingest_service.h"
#include "services/shared/config_check.h"
#include "services/shared/sealed_place.h"
#include "services/shared/timestamp.h"
#include "services/timeseries/append_plan.h"
#include "services/timeseries/timeseries_role.h"
#include "tests/support/shared_data.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using timeseries::v1::SampleVersion;

// The catalogue of one site, and no rows yet.
cli::SampleFile SeafieldAlone() {
  cli::SampleFile file;
  file.sites = {{.site_id = "Seafield",
                 .name = "Seafield",
                 .district_id = "Lothian",
                 .population_served = 1000}};
  return file;
}

// A row of laboratory "lab-a" in which nothing is wrong.
sample::Row SeafieldRow(std::string sample_id) {
  sample::Row row;
  row.sample_id = std::move(sample_id);
  row.laboratory_id = "lab-a";
  row.site_id = "Seafield";
  row.target = "N1";
  row.unit = "gc/L";
  row.collected_at.value = *base::ParseInstant("2021-01-05");
  row.value.value = 20000;
  row.censoring.value = sample::Censoring::kNone;
  return row;
}

class IntakeStoreTest : public ::testing::Test {
 protected:
  // One life of the process.
  struct Life {
    explicit Life(IntakeStoreTest& test)
        : guard(test.clock_, metrics, peers),
          runtime{test.clock_, metrics, peers, guard, test.directory_.path()} {
      config::v1::Config given;
      given.set_data_dir(test.directory_.path().string());
      const config::v1::Config config = shared::WithDefaults(given);
      for (auto create : {compliance::CreateComplianceRole, timeseries::CreateTimeseriesRole,
                          ingest::CreateIngestRole}) {
        auto role = create(config, runtime);
        EXPECT_OK(role);
        roles.push_back(std::move(*role));
      }
      rpc::ServerOptions options;
      options.listen = "127.0.0.1:0";
      for (const auto& role : roles) {
        for (grpc::Service* service : role->services()) options.services.push_back(service);
      }
      auto created = rpc::Server::Create(options);
      EXPECT_OK(created);
      server = std::move(*created);
      for (const auto name : shared::kAllRoles) peers.Set(name, server->InProcessChannel());
      for (const auto& role : roles) EXPECT_OK(role->Start());
      guard.Open();
      channel = *rpc::OpenChannel("127.0.0.1:" + std::to_string(server->port()), std::nullopt);
    }
    ~Life() {
      for (auto role = roles.rbegin(); role != roles.rend(); ++role) (*role)->Stop();
      server->Stop(std::chrono::seconds(10));
    }

    metrics::Registry metrics;
    shared::Peers peers;
    shared::Guard guard;
    shared::Runtime runtime;
    std::vector<std::unique_ptr<shared::Role>> roles;
    std::unique_ptr<rpc::Server> server;
    std::shared_ptr<grpc::Channel> channel;
  };

  void Restart() {
    life_.reset();
    life_ = std::make_unique<Life>(*this);
  }

  std::vector<SampleVersion> Feed() {
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(60));
    const auto stub = timeseries::v1::TimeseriesService::NewStub(life_->channel);
    const auto reader = stub->FollowFeed(&context, {});
    std::vector<SampleVersion> versions;
    timeseries::v1::FollowFeedResponse page;
    while (reader->Read(&page)) {
      versions.insert(versions.end(), page.samples().begin(), page.samples().end());
      if (versions.size() >= page.newest_sequence()) break;
    }
    context.TryCancel();
    reader->Finish();
    return versions;
  }

  // Sample ids of the series of the one site, in order.
  std::vector<std::string> ReadIds(std::optional<base::Instant> as_of) {
    timeseries::v1::ReadSeriesRequest request;
    request.set_site_id("Seafield");
    request.set_target("sars-cov-2");
    if (as_of) *request.mutable_as_of() = shared::ToTimestamp(*as_of);
    grpc::ClientContext context;
    const auto reader =
        timeseries::v1::TimeseriesService::NewStub(life_->channel)->ReadSeries(&context, request);
    std::vector<std::string> ids;
    timeseries::v1::ReadSeriesResponse page;
    while (reader->Read(&page)) {
      for (const SampleVersion& version : page.samples()) ids.push_back(version.sample_id());
    }
    EXPECT_OK(rpc::FromGrpc(reader->Finish()));
    return ids;
  }

  timeseries::v1::GetSampleHistoryResponse History(const std::string& sample_id) {
    timeseries::v1::GetSampleHistoryRequest request;
    request.set_laboratory_id("lab-a");
    request.set_sample_id(sample_id);
    request.set_target("sars-cov-2");
    request.set_gene("n1");
    timeseries::v1::GetSampleHistoryResponse history;
    grpc::ClientContext context;
    EXPECT_OK(rpc::FromGrpc(timeseries::v1::TimeseriesService::NewStub(life_->channel)
                                ->GetSampleHistory(&context, request, &history)));
    return history;
  }

  base::StatusOr<cli::ImportTotals> Import(const cli::SampleFile& file) {
    cli::ImportClient client(life_->channel, clock_);
    ASSIGN_OR_RETURN(const std::size_t changed, client.RegisterSites(file.sites));
    static_cast<void>(changed);
    superseded_.clear();
    return client.Send(file.rows, {},
                       {.on_verdict =
                            [this](const sample::Row&, const ingest::v1::Verdict& verdict) {
                              for (const auto& warning : verdict.warnings()) {
                                if (warning.rule() == "superseded_resend") {
                                  superseded_ = warning.message();
                                }
                              }
                            },
                        .on_progress = {}});
  }

  // What the last import said of content that was sent before and is current no more.
  std::string superseded_;
  base::FakeClock clock_{*base::ParseInstant("2022-06-01")};
  testing::TempDir directory_;
  std::unique_ptr<Life> life_ = std::make_unique<Life>(*this);
};

TEST_F(IntakeStoreTest, TheScottishFileIsStoredOnceHoweverOftenItIsSent) {
  const auto path =
      testing::SharedData() / "scotland" / "SARS-Cov2_RNA_monitoring_ww_scotland_full.csv";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the published Scottish file is not at " << path
                 << ": set BELGRAND_DATA_DIR to the folder that holds scotland/";
  }
  const auto file = cli::LoadSamples(path, std::nullopt, cli::RowOrder::kTime);
  ASSERT_OK(file);
  ASSERT_EQ(file->sites.size(), 162U);
  const auto first = Import(*file);
  ASSERT_OK(first);
  EXPECT_EQ(first->accepted, 9651U);
  EXPECT_EQ(first->rejected, 665U);
  Restart();
  const auto second = Import(*file);
  ASSERT_OK(second);
  EXPECT_EQ(second->accepted, 0U);
  EXPECT_EQ(second->duplicate, 9651U);
  const std::vector<SampleVersion> feed = Feed();
  EXPECT_EQ(feed.size(), 9651U);
  std::map<int, std::size_t> censoring;
  for (const SampleVersion& version : feed) ++censoring[version.censoring()];
  // The file's own counts less its contradictions (see the unit test of the profile).
  EXPECT_EQ(censoring[ingest::v1::NONE], 6601U);
  EXPECT_EQ(censoring[ingest::v1::BELOW_LOQ], 1418U - 12U);
  EXPECT_EQ(censoring[ingest::v1::BELOW_LOD], 738U - 38U);
  EXPECT_EQ(censoring[ingest::v1::NOT_DETECTED], 944U);
}

// Rows with random identity, value and reason, some naming persons, in random batches with restarts
// between, against a map of what was acknowledged.
TEST_F(IntakeStoreTest, RandomSendingWithRestartsKeepsWhatWasAcknowledged) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  cli::SampleFile file = SeafieldAlone();
  ASSERT_OK(Import(file));
  std::map<std::string, std::pair<double, std::uint32_t>> acknowledged;
  // Every (sample, value, reason) that became a version: sent again it is a late resend.
  std::set<std::tuple<std::string, double, std::string>> seen;
  std::size_t versions = 0;
  for (int round = 0; round < 60; ++round) {
    if (random() % 10 == 0) Restart();
    file.rows.clear();
    for (auto n = random() % 6 + 1; n > 0; --n) {
      sample::Row row = SeafieldRow("S-" + std::to_string(random() % 15));
      row.value.value = 20000 + static_cast<double>(random() % 3);
      row.sampled_by = "Sampler of " + row.sample_id;
      if (random() % 2 == 0) row.amendment_reason = "corrected";
      file.rows.push_back(row);
    }
    cli::ImportClient client(life_->channel, clock_);
    const auto check = [&](const sample::Row& row, const ingest::v1::Verdict& verdict) {
      const auto known = acknowledged.find(row.sample_id);
      const auto content = std::tuple(row.sample_id, *row.value.value, row.amendment_reason);
      const bool current = known != acknowledged.end() && known->second.first == *row.value.value;
      const bool same = current || seen.contains(content);
      if (verdict.outcome() == ingest::v1::Verdict::REJECTED) {
        EXPECT_TRUE(known != acknowledged.end() && !same && row.amendment_reason.empty());
        return;
      }
      const bool stored = verdict.outcome() != ingest::v1::Verdict::DUPLICATE;
      EXPECT_EQ(stored, !same);
      auto& [value, version] = acknowledged[row.sample_id];
      version += stored ? 1 : 0;
      versions += stored ? 1 : 0;
      if (stored) {
        value = *row.value.value;
        seen.insert(content);
      }
      EXPECT_EQ(verdict.version(), version);
      EXPECT_EQ(verdict.warnings_size() > 0 && verdict.warnings(0).rule() == "superseded_resend",
                same && !current);
    };
    ASSERT_OK(client.Send(file.rows, {}, {.on_verdict = check, .on_progress = {}}));
  }
  Restart();
  const std::vector<SampleVersion> feed = Feed();
  EXPECT_EQ(feed.size(), versions);
  std::map<std::string, std::pair<double, std::uint32_t>> stored;
  for (std::size_t i = 0; i < feed.size(); ++i) {
    EXPECT_EQ(feed[i].feed_sequence(), i + 1);
    EXPECT_THAT(feed[i].sampled_by_sealed(), IsEmpty()) << "the feed leaves persons out";
    stored[feed[i].sample_id()] = {feed[i].value(), feed[i].version()};
  }
  EXPECT_EQ(stored, acknowledged);
}

TEST_F(IntakeStoreTest, ARowAmendedWithoutEndIsRefusedByItselfAndHoldsUpNoOther) {
  cli::SampleFile file = SeafieldAlone();
  for (int i = 0; i < static_cast<int>(timeseries::AppendPlan::kMaxVersions); ++i) {
    sample::Row row = SeafieldRow("S-1");
    row.value.value = 20000 + i;
    row.amendment_reason = "again";
    file.rows.push_back(row);
  }
  const auto totals = Import(file);
  ASSERT_OK(totals);
  EXPECT_EQ(totals->accepted + totals->amended, 1000U);
  const sample::Row newest = file.rows.back();
  sample::Row one_more = newest;
  one_more.value.value = 1e6;
  sample::Row without_reason = one_more;
  without_reason.amendment_reason.clear();
  file.rows = {one_more, SeafieldRow("S-2"), without_reason, newest};
  std::vector<ingest::v1::Verdict> verdicts;
  const auto keep = [&](const sample::Row&, const ingest::v1::Verdict& verdict) {
    verdicts.push_back(verdict);
  };
  cli::ImportClient client(life_->channel, clock_);
  ASSERT_OK(client.Send(file.rows, {}, {.on_verdict = keep, .on_progress = {}}));
  ASSERT_EQ(verdicts.size(), 4U);
  EXPECT_EQ(verdicts[1].outcome(), ingest::v1::Verdict::ACCEPTED);
  EXPECT_EQ(verdicts[3].outcome(), ingest::v1::Verdict::DUPLICATE) << "a resend adds no version";
  for (const std::size_t refused : {0U, 2U}) {
    EXPECT_EQ(verdicts[refused].outcome(), ingest::v1::Verdict::REJECTED);
    ASSERT_EQ(verdicts[refused].violations_size(), 1);
    const ingest::v1::Violation& violation = verdicts[refused].violations(0);
    EXPECT_EQ(violation.rule(), "too_many_versions");
    EXPECT_EQ(violation.field(), "sample_id");
    EXPECT_EQ(violation.value(), "S-1");
    EXPECT_THAT(violation.message(), HasSubstr("is at version 1000"));
    EXPECT_THAT(violation.remedy(), HasSubstr("another sample_id"));
  }
  Restart();
  EXPECT_EQ(Feed().size(), 1001U);
}

TEST_F(IntakeStoreTest, AVoidedRowLeavesItsSeriesAndStaysReadableAsOfBefore) {
  cli::SampleFile file = SeafieldAlone();
  file.rows = {SeafieldRow("S-1"), SeafieldRow("S-2")};
  ASSERT_OK(Import(file));
  clock_.Advance(std::chrono::hours(1));
  const base::Instant before = clock_.Now();
  clock_.Advance(std::chrono::hours(1));

  ingest::v1::VoidSamplesRequest request;
  auto& row = *request.add_rows();
  row.set_laboratory_id("lab-a");
  row.set_sample_id("S-1");
  row.set_target("sars-cov-2");
  row.set_gene("n1");
  request.set_reason("bottles exchanged");
  request.set_voided_by("Head of Laboratory");
  const auto send_void = [&] {
    grpc::ClientContext context;
    ingest::v1::VoidSamplesResponse response;
    EXPECT_OK(rpc::FromGrpc(ingest::v1::IngestService::NewStub(life_->channel)
                                ->VoidSamples(&context, request, &response)));
    return response.verdicts_size() == 1 ? response.verdicts(0) : ingest::v1::Verdict();
  };
  request.set_validate_only(true);
  EXPECT_EQ(send_void().outcome(), ingest::v1::Verdict::VOIDED);
  request.set_validate_only(false);
  EXPECT_EQ(send_void().outcome(), ingest::v1::Verdict::VOIDED);
  EXPECT_EQ(send_void().outcome(), ingest::v1::Verdict::DUPLICATE);
  row.set_sample_id("S-9");
  EXPECT_EQ(send_void().outcome(), ingest::v1::Verdict::REJECTED) << "there is no such row";
  Restart();

  EXPECT_EQ(ReadIds(std::nullopt), std::vector<std::string>{"S-2"});
  EXPECT_EQ(ReadIds(before), (std::vector<std::string>{"S-1", "S-2"}));
  const auto history = History("S-1");
  ASSERT_EQ(history.versions_size(), 2);
  EXPECT_EQ(history.versions(0).value(), 20000);
  EXPECT_TRUE(history.versions(1).voided());
  EXPECT_FALSE(history.versions(1).has_value());
  EXPECT_EQ(history.versions(1).amendment_reason(), "bottles exchanged");
  EXPECT_TRUE(Feed().back().voided());

  // A late resend does not bring it back; a reason does.
  auto totals = Import(file);
  ASSERT_OK(totals);
  EXPECT_EQ(totals->duplicate, 2U);
  EXPECT_EQ(totals->warned_by_rule.at("superseded_resend"), 1U);
  EXPECT_THAT(superseded_, ::testing::HasSubstr("version 2 (VOIDED) is current"));
  file.rows[0].amendment_reason = "bottles were right after all";
  totals = Import(file);
  ASSERT_OK(totals);
  EXPECT_EQ(totals->amended, 1U);
  EXPECT_EQ(ReadIds(std::nullopt), (std::vector<std::string>{"S-1", "S-2"}));
}

// Another system kept the "<" of the first analysis when the second had a number (users' wishes).
TEST_F(IntakeStoreTest, ARetestIsLinkedAndInheritsNothing) {
  cli::SampleFile file = SeafieldAlone();
  sample::Row first = SeafieldRow("S-1");
  first.censoring.value = sample::Censoring::kBelowLod;
  first.value = {};
  first.lod.value = 1000;
  first.quality_flags = {sample::QualityFlag::kDelayedArrival};
  first.recovery_percent.value = 4;
  first.comment = "arrived warm";
  sample::Row retest = SeafieldRow("S-1R");
  retest.retest_of = "S-1";
  file.rows = {first, retest};
  const auto totals = Import(file);
  ASSERT_OK(totals);
  EXPECT_EQ(totals->accepted, 2U);
  const auto history = History("S-1R");
  ASSERT_EQ(history.versions_size(), 1);
  const SampleVersion& stored = history.versions(0);
  EXPECT_EQ(stored.retest_of(), "S-1");
  EXPECT_EQ(stored.censoring(), ingest::v1::NONE);
  EXPECT_EQ(stored.value(), 20000);
  EXPECT_FALSE(stored.has_lod());
  EXPECT_EQ(stored.quality_flags_size(), 0);
  EXPECT_FALSE(stored.has_quality());
  EXPECT_EQ(stored.comment(), "");
  EXPECT_EQ(History("S-1").versions(0).comment(), "arrived warm");
}

TEST_F(IntakeStoreTest, ADryRunKnowsWhetherThePersonsDiffer) {
  cli::SampleFile file = SeafieldAlone();
  sample::Row row = SeafieldRow("S-1");
  row.analysed_by = "Analyst A";
  file.rows = {row};
  ASSERT_OK(Import(file));
  const auto dry_run = [&] {
    cli::ImportClient client(life_->channel, clock_);
    cli::ImportOptions options;
    options.persistence = cli::Persistence::kDryRun;
    return client.Send(file.rows, options, {});
  };
  EXPECT_EQ(dry_run()->duplicate, 1U);
  file.rows[0].analysed_by = "Analyst B";
  EXPECT_EQ(dry_run()->rejected_by_rule.at("amendment_reason_required"), 1U);
  const auto stored = Import(file);
  ASSERT_OK(stored);
  EXPECT_EQ(stored->rejected_by_rule.at("amendment_reason_required"), 1U);
}

TEST_F(IntakeStoreTest, ASealedPersonOpensAtItsPlaceAndNowhereElse) {
  cli::SampleFile file = SeafieldAlone();
  sample::Row row = SeafieldRow("2021/S-1");
  row.analysed_by = "Analyst A";
  file.rows = {row};
  ASSERT_OK(Import(file));
  timeseries::v1::GetSampleHistoryRequest request;
  request.set_laboratory_id("lab-a");
  request.set_sample_id("2021/S-1");
  request.set_target("sars-cov-2");
  request.set_gene("n1");
  timeseries::v1::GetSampleHistoryResponse history;
  grpc::ClientContext history_context;
  ASSERT_OK(rpc::FromGrpc(timeseries::v1::TimeseriesService::NewStub(life_->channel)
                              ->GetSampleHistory(&history_context, request, &history)));
  ASSERT_EQ(history.versions_size(), 1);
  compliance::v1::OpenFieldsRequest open;
  for (const char* field : {"analysed_by_sealed", "sampled_by_sealed"}) {
    auto& item = *open.add_items();
    item.set_sealed(history.versions(0).analysed_by_sealed());
    item.set_place(shared::SealedPlace(field, "lab-a", history.versions(0).request_id()));
  }
  compliance::v1::OpenFieldsResponse opened;
  grpc::ClientContext open_context;
  ASSERT_OK(rpc::FromGrpc(compliance::v1::ComplianceService::NewStub(life_->channel)
                              ->OpenFields(&open_context, open, &opened)));
  EXPECT_EQ(opened.results(0).value(), "Analyst A");
  EXPECT_EQ(opened.results(1).value(), "");
  EXPECT_NE(opened.results(1).status_code(), 0);
}

TEST_F(IntakeStoreTest, TheSameRowsFromManyConnectionsAreAcceptedOnce) {
  cli::SampleFile file = SeafieldAlone();
  ASSERT_OK(Import(file));
  for (int i = 0; i < 200; ++i) {
    sample::Row row = SeafieldRow("S-" + std::to_string(i));
    row.sampled_by = "Sampler of " + row.sample_id;
    file.rows.push_back(row);
  }
  constexpr std::size_t kConnections = 6;
  std::vector<base::StatusOr<cli::ImportTotals>> totals(kConnections);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kConnections; ++i) {
    threads.emplace_back([&, i] {
      cli::ImportClient client(life_->channel, clock_);
      cli::ImportOptions options;
      options.batch_rows = 7 + i;  // batches that overlap differently
      totals[i] = client.Send(file.rows, options, {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t accepted = 0;
  std::size_t duplicate = 0;
  for (const auto& total : totals) {
    ASSERT_OK(total);
    accepted += total->accepted;
    duplicate += total->duplicate;
  }
  EXPECT_EQ(accepted, 200U);
  EXPECT_EQ(duplicate, 200U * (kConnections - 1));
  EXPECT_EQ(Feed().size(), 200U);
}

TEST_F(IntakeStoreTest, NoPersonsNameReachesTheDisk) {
  cli::SampleFile file = SeafieldAlone();
  for (int i = 0; i < 50; ++i) {
    sample::Row row = SeafieldRow("S-" + std::to_string(i));
    row.sampled_by = "Quixotic Samplerperson";
    // A control: if the scan could not find text at all, it would prove nothing.
    row.method_id = "control-method-text";
    file.rows.push_back(row);
  }
  const auto totals = Import(file);
  ASSERT_OK(totals);
  EXPECT_EQ(totals->accepted, 50U);
  life_.reset();
  std::size_t controls = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path())) {
    if (!entry.is_regular_file()) continue;
    const auto content = base::ReadFile(entry.path());
    ASSERT_OK(content);
    controls += content->find("control-method-text") != std::string::npos;
    EXPECT_EQ(content->find("Samplerperson"), std::string::npos) << entry.path();
  }
  EXPECT_GT(controls, 0U);
}

}  // namespace
}  // namespace belgrand
